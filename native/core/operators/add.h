/* Weighted sum of two values. Twin: host/operators/add.py. */
#ifndef TYMPAN_ADD_H
#define TYMPAN_ADD_H

#include "affine.h"

void tympan_add_run(const tympan_model *model, const tympan_operator *op, const tympan_pass *p);

static inline uint32_t tympan_add_unpack(tympan_operator *op, const uint8_t *p, unsigned channels_in) {
    op->other = p[0];
    op->cell_t = p[1];
    op->cell_f = p[2];
    op->bias_shift = p[3];
    return 2 * 3 * channels_in;
}

static inline bool tympan_add_shape(tympan_operator *op, const tympan_value *values) {
    return tympan_tiles(op, values, UINT16_MAX);
}

TYMPAN_READS_ONCE(add)

static inline bool tympan_add_range(const tympan_model *model, const tympan_operator *op, tympan_reach *reach) {
    return tympan_affine_fits(model, op, 0, reach);
}

static inline void tympan_add_choose(
    const tympan_model *model, tympan_operator *op, unsigned bands_in, unsigned channels_in, tympan_needs *needs) {
    (void)model, (void)bands_in, (void)channels_in;
    tympan_need_scratch(needs, (uint32_t)sizeof(tympan_affine) * op->channels);
}

TYMPAN_TAKES_NO_TABLE(add)

#endif
