/* Probabilities of logits.
 *
 * x are the logits, int16 [classes]; y the probabilities, uint16 [classes], in the caller's memory. */
#include "../cold.h"

#include "softmax.h"

#include "../integers/tables.h"

void tympan_softmax_run(const tympan_model *model, const tympan_operator *op, const tympan_pass *p) {
    (void)model;
    const int16_t *logits = (const int16_t *)(const void *)p->x;
    uint16_t *probabilities = (uint16_t *)(void *)p->y;
    const unsigned classes = op->channels;
    int32_t most = logits[0];
    uint32_t total = 0;
    for (unsigned c = 1; c < classes; c++) {
        most = logits[c] > most ? logits[c] : most;
    }
    for (unsigned c = 0; c < classes; c++) {
        total += tympan_exp_neg((uint32_t)(most - logits[c]));
    }
    for (unsigned c = 0; c < classes; c++) {
        uint32_t e = tympan_exp_neg((uint32_t)(most - logits[c]));
        probabilities[c] = (uint16_t)((e * 65535 + (total >> 1)) / total);
    }
}
