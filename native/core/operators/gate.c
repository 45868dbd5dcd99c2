/* Selective attention, batch norm and residual in one pass, a cell of attention at a time; twin of gate in
 * host/reference/operators.py. The plain one is in ../plain. */
#include "../hot.h"

#include "../operators.h"

/* One row of cells; `add` stands where there is a residual. */
typedef struct {
    const uint8_t *v, *add, *attention, *sigmoid;
    uint8_t *y;
    const int16_t *mult, *slope;
    const int32_t *start; /* bias, rounding and what the residual's zero point contributes (../prepare.c) */
    int32_t zero, add_mult;
    unsigned channels, cells, row, shift;
} cells;

/* Cells of `t` x `f` values; these and `residual` are constants where this is inlined. */
static inline void gate_cells(const cells *w, const unsigned t, const unsigned f, const bool residual) {
    const unsigned channels = w->channels, row = w->row, shift = w->shift;
    const uint8_t *v = w->v, *add = w->add, *a = w->attention;
    uint8_t *y = w->y;
    for (unsigned cell = w->cells; cell > 0; cell--) {
        for (unsigned c = 0; c < channels; c++) {
            const int32_t gain = w->mult[c] + ((w->slope[c] * w->sigmoid[*a++]) >> 8);
            const uint32_t base = (uint32_t)w->start[c] - (uint32_t)(w->zero * gain);
#pragma GCC unroll 2
            for (unsigned i = 0; i < t; i++) {
#pragma GCC unroll 2
                for (unsigned j = 0; j < f; j++) {
                    const unsigned at = c + i * row + j * channels;
                    uint32_t sum = base + (uint32_t)(v[at] * gain);
                    if (residual) {
                        sum += (uint32_t)(add[at] * w->add_mult);
                    }
                    y[at] = tympan_clamp8((int32_t)sum >> shift);
                }
            }
        }
        v += f * channels;
        add += f * channels;
        y += f * channels;
    }
}

TYMPAN_ALONE static void gate_2x2(const cells *w) {
    gate_cells(w, 2, 2, false);
}

TYMPAN_ALONE static void gate_2x2_residual(const cells *w) {
    gate_cells(w, 2, 2, true);
}

TYMPAN_ALONE static void gate_any(const cells *w, unsigned t, unsigned f, bool residual) {
    gate_cells(w, t, f, residual);
}

void tympan_gate(
    const tympan_model *model, const tympan_operator *op, const tympan_value *out,
    const uint8_t *v, const uint8_t *a, const uint8_t *residual, uint8_t *y, unsigned first, unsigned frames) {
    const tympan_value *values = model->values, *attention = &values[op->other];
    const int16_t *mult = tympan_factors(model, op);
    const unsigned row = (unsigned)out->bands * out->channels;
    cells w = {v, residual ? residual : v, a, model->sigmoid, y, mult, mult + out->channels, tympan_starts(model, op), values[op->source].zero, op->mult,
        out->channels, attention->bands, row, op->shift};
    unsigned in_cell = first % op->t; /* the first frame's place in its cell */
    while (frames > 0) {
        const unsigned left = op->t - in_cell, rows = left < frames ? left : frames;
        if (rows == 2 && op->f == 2) {
            (residual ? gate_2x2_residual : gate_2x2)(&w);
        } else {
            gate_any(&w, rows, op->f, residual != 0);
        }
        in_cell = 0;
        frames -= rows;
        w.v += rows * row;
        w.add += rows * row;
        w.y += rows * row;
        w.attention += (unsigned)attention->bands * out->channels;
    }
}
