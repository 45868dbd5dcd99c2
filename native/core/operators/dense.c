/* Fully connected layer to logits.
 *
 * x is one frame of one band, uint8 [channels in]; y the logits, int16 [classes]. */
#include "../cold.h"

#include "dense.h"

void tympan_dense_run(const tympan_model *model, const tympan_operator *op, const tympan_pass *p) {
    tympan_weights w = tympan_first_weight(model, op);
    const int32_t rounding = tympan_rounding(op);
    int16_t *logits = (int16_t *)(void *)p->y;
    for (unsigned c = 0; c < op->channels; c++) {
        int32_t acc = (int32_t)tympan_biases(model, op)[c] * (INT32_C(1) << op->bias_shift);
        for (unsigned i = 0; i < p->in->channels; i++) {
            acc += tympan_next_weight(&w) * ((int32_t)p->x[i] - p->in->zero);
        }
        acc = (acc * tympan_mults(model, op)[c] + rounding) >> op->shift;
        logits[c] = (int16_t)(acc < -32768 ? -32768 : acc > 32767 ? 32767 : acc);
    }
}
