/* The inner loop of a convolution in which each channel reads its own: four channels at a time. x is the first patch's first
 * of these channels, y the first of them in the output. */
#include "../../hot.h"

#include "patches.h"

void tympan_multiply_four(const tympan_patches *p, const uint8_t *x, const int32_t *start, uint8_t *y) {
    const unsigned stride = p->stride, shift = p->shift;
    for (unsigned left = p->count; left > 0; left--, x += p->pitch, y += p->channels) {
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
