/* Probabilities of logits; twin of host/operators/softmax.py. */
#include "../cold.h"

#include "../operators.h"
#include "../tables.h"

void tympan_softmax(const int16_t *logits, uint16_t *probabilities, unsigned classes) {
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
