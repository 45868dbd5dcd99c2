/* Weighted sum of two values; twin of host/operators/add.py. The plain one is in ../plain. */
#include "../hot.h"

#include "../blocks.h"

void tympan_add(
    const tympan_model *model, const tympan_operator *op, const tympan_value *out,
    const uint8_t *a, const uint8_t *b, uint8_t *y, unsigned first, unsigned frames) {
    const unsigned channels = out->channels, cells = model->values[op->other].bands, shift = op->shift;
    tympan_affine *constants = (tympan_affine *)(void *)model->scratch;
    tympan_prepare_affine(model, op, constants, 0);
    unsigned in_cell = first % op->t; /* the first frame's place in its cell */
    for (; frames > 0; frames--) {
        const uint8_t *cell = b;
        for (unsigned i = cells; i > 0; i--, cell += channels) {
            for (unsigned j = op->f; j > 0; j--) {
                for (unsigned c = 0; c < channels; c++) {
                    const tympan_affine *k = constants + c;
                    const uint32_t sum = (uint32_t)(*a++ * k->mult) + (uint32_t)(cell[c] * k->other);
                    *y++ = tympan_clamp8((int32_t)(sum + (uint32_t)k->start) >> shift);
                }
            }
        }
        if (++in_cell == op->t) {
            in_cell = 0;
            b = cell;
        }
    }
}
