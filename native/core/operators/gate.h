/* Selective attention, batch norm and residual in one operator. Twin: host/operators/gate.py. */
#ifndef TYMPAN_GATE_H
#define TYMPAN_GATE_H

#include "affine.h"

void tympan_gate_run(const tympan_model *model, const tympan_operator *op, const tympan_pass *p);

static inline uint32_t tympan_gate_unpack(tympan_operator *op, const uint8_t *p, unsigned channels_in) {
    op->other = p[0];
    op->residual = p[1];
    op->cell_t = p[2];
    op->cell_f = p[3];
    op->bias_shift = p[6];
    return 2 * 3 * channels_in;
}

static inline bool tympan_gate_shape(tympan_operator *op, const tympan_value *values) {
    const tympan_value *v = &values[op->source];
    if (op->residual != TYMPAN_NONE) {
        const tympan_value *r = &values[op->residual];
        if (v->frames != r->frames || v->bands != r->bands || v->channels != r->channels || r->bytes != 1) {
            return false;
        }
    }
    return tympan_tiles(op, values, v->frames);
}

TYMPAN_READS_ONCE(gate)

/* What the attention scales is the source again: by less than its factor, for the sigmoid is below 1, and by one more, for
 * their product is rounded down. */
static inline bool tympan_gate_range(const tympan_model *model, const tympan_operator *op, tympan_reach *reach) {
    reach->other = reach->spare = reach->in;
    return tympan_affine_fits(model, op, 0, reach);
}

static inline void tympan_gate_choose(
    const tympan_model *model, tympan_operator *op, unsigned bands_in, unsigned channels_in, tympan_needs *needs) {
    (void)bands_in, (void)channels_in;
    tympan_need_scratch(needs, (uint32_t)sizeof(tympan_affine) * op->channels);
    static const tympan_reach any = {255, 255, 255, 255}; /* the choice is made from the record alone */
    if (op->cell_t == 2 && op->cell_f == 2 && op->shift <= TYMPAN_SHIFT
        && tympan_affine_fits(model, op, TYMPAN_SHIFT - op->shift, &any)) {
        op->algorithm = TYMPAN_CELLS;
    }
}

TYMPAN_TAKES_NO_TABLE(gate)

#endif
