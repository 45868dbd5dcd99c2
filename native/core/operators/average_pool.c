/* Mean over cells.
 *
 * x starts with the first frame of the first cell, y takes a frame for each row of cells; both are [frame][band][channel]. */
#include "../hot.h"

#include "average_pool.h"

void tympan_average_pool_run(const tympan_model *model, const tympan_operator *op, const tympan_pass *p) {
    const unsigned channels = p->in->channels, row = p->in->bands * channels, t = op->t, f = op->f;
    const int32_t mult = tympan_mean_mult(model, op), rounding = tympan_rounding(op), zeros = (int32_t)(t * f * p->in->zero);
    const uint8_t *x = p->x;
    uint8_t *y = p->y;
    for (unsigned frames = p->frames; frames > 0; frames--, x += t * row) {
        const uint8_t *cell = x;
        for (unsigned bands = p->out->bands; bands > 0; bands--, cell += (f - 1) * channels) {
            for (unsigned c = 0; c < channels; c++, cell++) {
                int32_t sum = -zeros;
                for (unsigned i = 0; i < t; i++) {
                    const uint8_t *value = cell + i * row;
                    for (unsigned j = 0; j < f; j++, value += channels) {
                        sum += *value;
                    }
                }
                *y++ = tympan_clamp8((sum * mult + rounding) >> op->shift);
            }
        }
    }
}
