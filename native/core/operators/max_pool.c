/* Maximum over cells.
 *
 * x starts with the first frame of the first cell, y takes a frame for each row of cells; both are [frame][band][channel]. */
#include "../hot.h"

#include "max_pool.h"

static inline unsigned larger(unsigned a, unsigned b) {
    return a > b ? a : b;
}

/* A row of 2 x 2 cells. */
TYMPAN_ALONE static uint8_t *pool_2x2(const uint8_t *x, uint8_t *y, unsigned cells, unsigned channels, unsigned row) {
    do {
        const uint8_t *end = y + channels;
        do {
            const uint8_t *right = x + channels, *below = x + row;
            const unsigned upper = larger(*x++, *right);
            *y = (uint8_t)larger(upper, larger(below[0], below[channels]));
            y++;
        } while (y != end);
        x += channels;
    } while (--cells);
    return y;
}

void tympan_max_pool_run(const tympan_model *model, const tympan_operator *op, const tympan_pass *p) {
    (void)model;
    const unsigned channels = p->in->channels, row = p->in->bands * channels;
    const uint8_t *x = p->x;
    uint8_t *y = p->y;
    for (unsigned frames = p->frames; frames > 0; frames--, x += op->t * row) {
        if (op->t == 2 && op->f == 2) {
            y = pool_2x2(x, y, p->out->bands, channels, row);
            continue;
        }
        for (unsigned at = 0; at < p->out->bands * channels; at++) {
            const uint8_t *cell = x + at + at / channels * (op->f - 1u) * channels;
            unsigned most = 0;
            for (unsigned i = 0; i < op->t; i++) {
                for (unsigned j = 0; j < op->f; j++) {
                    most = larger(most, cell[i * row + j * channels]);
                }
            }
            *y++ = (uint8_t)most;
        }
    }
}
