/* Fully connected layer to logits. Twin: host/operators/dense.py. */
#ifndef TYMPAN_DENSE_H
#define TYMPAN_DENSE_H

#include "sums.h"

void tympan_dense_run(const tympan_model *model, const tympan_operator *op, const tympan_pass *p);

static inline uint32_t tympan_dense_unpack(tympan_operator *op, const uint8_t *p, unsigned channels_in) {
    op->channels = p[0];
    op->bias_shift = p[1];
    return op->channels * (3 + channels_in);
}

static inline bool tympan_dense_shape(const tympan_operator *op, const tympan_value *values) {
    (void)op, (void)values;
    return true;
}

static inline uint64_t tympan_dense_work(
    const tympan_operator *op, const tympan_value *in, const tympan_value *out, uint32_t read) {
    (void)op, (void)in;
    return read * out->channels;
}

static inline bool tympan_dense_range(const tympan_model *model, const tympan_operator *op, tympan_reach *reach) {
    return tympan_weighted_fits(model, op, model->values[op->source].channels, reach->in);
}

TYMPAN_TAKES_NO_MEMORY(dense)

#endif
