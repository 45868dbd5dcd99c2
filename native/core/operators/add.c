/* Weighted sum of two values. The plain one is in ../plain.
 *
 * x is the finer value, `other` the coarser one, of which a number is added to all of a cell of x (cells may be of 1 x 1);
 * y may be in place of x. */
#include "../hot.h"

#include "add.h"

void tympan_add_run(const tympan_model *model, const tympan_operator *op, const tympan_pass *p) {
    const unsigned channels = p->out->channels, cells = model->values[op->other].bands, shift = op->shift;
    const uint8_t *a = p->x, *b = p->other;
    uint8_t *y = p->y;
    tympan_affine *constants = (tympan_affine *)(void *)model->scratch;
    tympan_prepare_affine(model, op, constants, 0, false);
    unsigned in_cell = (p->first + op->own.lag) % op->cell_t; /* the first frame's place in its cell */
    for (unsigned frames = p->frames; frames > 0; frames--) {
        const uint8_t *cell = b;
        for (unsigned i = cells; i > 0; i--, cell += channels) {
            for (unsigned j = op->cell_f; j > 0; j--) {
                for (unsigned c = 0; c < channels; c++) {
                    const tympan_affine *k = constants + c;
                    const uint32_t sum = (uint32_t)(*a++ * k->mult) + (uint32_t)(cell[c] * k->other);
                    *y++ = tympan_clamp8((int32_t)(sum + (uint32_t)k->start) >> shift);
                }
            }
        }
        if (++in_cell == op->cell_t) {
            in_cell = 0;
            b = cell;
        }
    }
}
