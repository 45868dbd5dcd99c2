/* Fully connected layer to logits; twin of host/operators/dense.py. */
#include "../cold.h"

#include "../operators.h"

void tympan_dense(
    const tympan_model *model, const tympan_operator *op, const tympan_value *in, const uint8_t *x, int16_t *logits) {
    const int8_t *w = tympan_weights(model, op);
    const int32_t rounding = tympan_rounding(op);
    for (unsigned c = 0; c < op->channels; c++) {
        int32_t acc = (int32_t)tympan_biases(model, op)[c] * (INT32_C(1) << op->bias_shift);
        for (unsigned i = 0; i < in->channels; i++) {
            acc += (int32_t)*w++ * ((int32_t)x[i] - in->zero);
        }
        acc = (acc * tympan_mults(model, op)[c] + rounding) >> op->shift;
        logits[c] = (int16_t)(acc < -32768 ? -32768 : acc > 32767 ? 32767 : acc);
    }
}
