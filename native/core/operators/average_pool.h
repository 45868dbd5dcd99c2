/* Mean over cells. Twin: host/operators/average_pool.py. */
#ifndef TYMPAN_AVERAGE_POOL_H
#define TYMPAN_AVERAGE_POOL_H

#include "sums.h"

void tympan_average_pool_run(const tympan_model *model, const tympan_operator *op, const tympan_pass *p);

static inline uint32_t tympan_average_pool_unpack(tympan_operator *op, const uint8_t *p, unsigned channels_in) {
    (void)channels_in;
    op->t = op->stride_t = p[2];
    op->f = op->stride_f = p[3];
    return 0;
}

static inline bool tympan_average_pool_shape(const tympan_operator *op, const tympan_value *values) {
    (void)op, (void)values;
    return true;
}

TYMPAN_READS_ONCE(average_pool)

static inline bool tympan_average_pool_range(const tympan_model *model, const tympan_operator *op, tympan_reach *reach) {
    return tympan_mean_fits(model, op, (uint32_t)op->t * op->f, reach->in);
}

TYMPAN_TAKES_NO_MEMORY(average_pool)

#endif
