/* Probabilities of logits. Twin: host/operators/softmax.py. */
#ifndef TYMPAN_SOFTMAX_H
#define TYMPAN_SOFTMAX_H

#include "operator.h"

void tympan_softmax_run(const tympan_model *model, const tympan_operator *op, const tympan_pass *p);

static inline uint32_t tympan_softmax_unpack(tympan_operator *op, const uint8_t *p, unsigned channels_in) {
    (void)op, (void)p, (void)channels_in;
    return 0;
}

static inline bool tympan_softmax_shape(const tympan_operator *op, const tympan_value *values) {
    (void)op, (void)values;
    return true;
}

TYMPAN_READS_ONCE(softmax)

TYMPAN_FORMS_NO_SUMS(softmax)

TYMPAN_TAKES_NO_MEMORY(softmax)

#endif
