/* The inner loop of a convolution in which each channel reads its own: four channels at a time. */
#include "../hot.h"

#include "patches.h"

/* Four channels of all positions. */
TYMPAN_ALONE static void multiply_four(const tympan_patches *p, const uint8_t *x, const int32_t *start, uint8_t *y) {
    const unsigned stride = p->stride, shift = p->shift;
    for (unsigned left = p->count; left > 0; left--, x += p->step, y += p->channels) {
        uint32_t a = (uint32_t)start[0], b = (uint32_t)start[1], c = (uint32_t)start[2], d = (uint32_t)start[3];
        const uint8_t *at = x;
        const int16_t *w = (const int16_t *)(const void *)(start + 4);
        for (unsigned i = p->length; i > 0; i--, at += stride, w += 4) {
            a += (uint32_t)(w[0] * at[0]);
            b += (uint32_t)(w[1] * at[1]);
            c += (uint32_t)(w[2] * at[2]);
            d += (uint32_t)(w[3] * at[3]);
        }
        y[0] = tympan_clamp8((int32_t)a >> shift);
        y[1] = tympan_clamp8((int32_t)b >> shift);
        y[2] = tympan_clamp8((int32_t)c >> shift);
        y[3] = tympan_clamp8((int32_t)d >> shift);
    }
}

void tympan_multiply_each(const tympan_patches *p, tympan_blocks *blocks, unsigned channels, uint8_t *y) {
    const uint8_t *x = p->first;
    while (channels > 0) {
        const unsigned n = tympan_block(blocks->depthwise, channels);
        const int32_t *block = tympan_next_block(blocks, n);
        if (n == 4) {
            multiply_four(p, x, block, y);
        } else {
            for (unsigned i = 0; i < n; i++) {
                tympan_multiply_one(p, x + i, block[i], (const int16_t *)(const void *)(block + n) + i, n, y + i);
            }
        }
        channels -= n, x += n, y += n;
    }
}
