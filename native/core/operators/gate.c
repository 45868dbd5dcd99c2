/* Selective attention, batch norm and residual in one pass, a cell of attention at a time. The plain one is in ../plain.
 *
 * x is what is gated (v in the specification), `other` the attention map, of which a number decides the gain of a cell of
 * x, y the gated value. y may be in place of x or of the residual. */
#include "../hot.h"

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("tree-coalesce-vars")
#endif

#include "gate.h"

/* One row of cells: what lies between two borders of the attention map's frames. */
typedef struct {
    const uint8_t *v;         /* what is gated, [frame][band][channel] */
    const uint8_t *residual;  /* as v, or NULL */
    const uint8_t *attention; /* [cell][channel] */
    const uint8_t *sigmoid;   /* [256] */
    uint8_t *y;               /* as v */
    const tympan_affine *constants; /* [channel] */
    int32_t zero;             /* of v */
    int32_t residual_mult, scale; /* scale: what constants and multiplier were multiplied with for a shift by TYMPAN_SHIFT */
    unsigned channels, cells, row, shift; /* row: bytes of a frame of v */
} cells;

/* Cells of 2 x 2, constants scaled for a shift by TYMPAN_SHIFT. y may be v or the residual. */
TYMPAN_INLINED static inline void gate_2x2(const cells *w, const bool residual) {
    const uint8_t *v = w->v, *r = w->residual;
    const unsigned channels = w->channels, row = w->row;
    const uintptr_t to_y = (uintptr_t)w->y - (uintptr_t)v; /* for a third pointer there is no register */
    const int32_t residual_mult = w->residual_mult, zero = w->zero, scale = w->scale;
    const uint8_t *sigmoid = w->sigmoid, *a = w->attention;
    unsigned left = w->cells;
    do {
        const tympan_affine *k = w->constants;
        const uint8_t *end = v + channels;
        do {
            const int32_t gain = (k->mult + ((k->other * sigmoid[*a++]) >> 8)) * scale;
            const uint32_t base = (uint32_t)k->start - (uint32_t)(zero * gain);
            const uint8_t *i = v, *j = r;
#define VALUE \
    (*(uint8_t *)((uintptr_t)i + to_y) = tympan_clamp8( \
         (int32_t)(base + (uint32_t)(*i * gain) + (residual ? (uint32_t)(*j * residual_mult) : 0)) >> TYMPAN_SHIFT))
            VALUE;
            i += channels, j += channels;
            VALUE;
            i += row, j += row;
            VALUE;
            i -= channels, j -= channels;
            VALUE;
#undef VALUE
            v++, r++, k++;
        } while (v != end);
        v += channels;
        r += channels;
    } while (--left);
}

TYMPAN_ALONE static void gate_row(const cells *w) {
    gate_2x2(w, false);
}

TYMPAN_ALONE static void gate_row_with_residual(const cells *w) {
    gate_2x2(w, true);
}

static void gate_squares(const cells *w) {
    if (w->residual) {
        gate_row_with_residual(w);
    } else {
        gate_row(w);
    }
}

/* Cells of `t` x `f`, of any constants. */
TYMPAN_ALONE static void gate_any(const cells *w, unsigned t, unsigned f) {
    const uint8_t *a = w->attention;
    unsigned at = 0;
    for (unsigned cell = w->cells; cell > 0; cell--, at += (f - 1) * w->channels) {
        for (const tympan_affine *k = w->constants; k < w->constants + w->channels; k++, at++) {
            const int32_t gain = k->mult + ((k->other * w->sigmoid[*a++]) >> 8);
            for (unsigned i = 0, row = at; i < t; i++, row += w->row) {
                for (unsigned j = 0, here = row; j < f; j++, here += w->channels) {
                    uint32_t sum = (uint32_t)k->start + (uint32_t)((w->v[here] - w->zero) * gain);
                    if (w->residual) {
                        sum += (uint32_t)(w->residual[here] * w->residual_mult);
                    }
                    w->y[here] = tympan_clamp8((int32_t)sum >> w->shift);
                }
            }
        }
    }
}

void tympan_gate_run(const tympan_model *model, const tympan_operator *op, const tympan_pass *p) {
    const tympan_value *values = model->values, *out = p->out, *attention = &values[op->other];
    const unsigned row = (unsigned)out->bands * out->channels;
    unsigned frames = p->frames;
    const bool square = op->algorithm == TYMPAN_CELLS && p->first % 2 == 0 && frames % 2 == 0;
    const unsigned up = square ? TYMPAN_SHIFT - op->shift : 0;
    tympan_affine *constants = (tympan_affine *)(void *)model->scratch;
    tympan_prepare_affine(model, op, constants, up, true);
    cells w = {p->x, p->residual, p->other, model->sigmoid, p->y, constants, values[op->source].zero,
        tympan_residual_mult(model, op) * (1 << up), 1 << up, out->channels, attention->bands, row, op->shift};
    unsigned in_cell = p->first % op->cell_t; /* the first frame's place in its cell */
    while (frames > 0) {
        const unsigned left = op->cell_t - in_cell, rows = left < frames ? left : frames;
        if (square) {
            gate_squares(&w);
        } else {
            gate_any(&w, rows, op->cell_f);
        }
        in_cell = 0;
        frames -= rows;
        w.v += rows * row;
        w.y += rows * row;
        if (w.residual) {
            w.residual += rows * row;
        }
        w.attention += (unsigned)attention->bands * out->channels;
    }
}
