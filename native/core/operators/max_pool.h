/* Maximum over cells. Twin: host/operators/max_pool.py. */
#ifndef TYMPAN_MAX_POOL_H
#define TYMPAN_MAX_POOL_H

#include "operator.h"

void tympan_max_pool_run(const tympan_model *model, const tympan_operator *op, const tympan_pass *p);

static inline uint32_t tympan_max_pool_unpack(tympan_operator *op, const uint8_t *p, unsigned channels_in) {
    (void)channels_in;
    op->t = op->stride_t = p[0];
    op->f = op->stride_f = p[1];
    return 0;
}

static inline bool tympan_max_pool_shape(const tympan_operator *op, const tympan_value *values) {
    return op->zero == values[op->source].zero;
}

TYMPAN_READS_ONCE(max_pool)

TYMPAN_FORMS_NO_SUMS(max_pool)

TYMPAN_TAKES_NO_MEMORY(max_pool)

#endif
