/* Mean over a whole window. Twin: host/operators/global_average_pool.py.
 *
 * Its sums, int32 [channels], lie before its output in the arena. On a stream each hop has sums of its own. */
#ifndef TYMPAN_GLOBAL_AVERAGE_POOL_H
#define TYMPAN_GLOBAL_AVERAGE_POOL_H

#include "sums.h"

/* Adds frames of `in` from x on, less their zero points, to the sums [channels]. */
void tympan_global_sum(const tympan_value *in, const uint8_t *x, int32_t *sums, unsigned frames);
void tympan_global_average_pool_run(const tympan_model *model, const tympan_operator *op, const tympan_pass *p);

static inline uint32_t tympan_global_average_pool_unpack(tympan_operator *op, const uint8_t *p, unsigned channels_in) {
    (void)op, (void)p, (void)channels_in;
    return 0;
}

static inline bool tympan_global_average_pool_shape(const tympan_operator *op, const tympan_value *values) {
    (void)op, (void)values;
    return true;
}

TYMPAN_READS_ONCE(global_average_pool)

static inline bool tympan_global_average_pool_range(const tympan_model *model, const tympan_operator *op, tympan_reach *reach) {
    const tympan_value *in = &model->values[op->source];
    return tympan_mean_fits(model, op, (uint32_t)in->frames * in->bands, reach->in);
}

TYMPAN_TAKES_NO_MEMORY(global_average_pool)

#endif
