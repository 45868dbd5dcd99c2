/* The inner loop of a convolution in which each channel reads its own: four channels at a time. */
#include "../hot.h"

#include "patches.h"

void tympan_multiply_each(
    const tympan_patches *p, unsigned stride, const int16_t *weights, const int32_t *start, uint8_t *y) {
    const unsigned channels = p->channels, shift = p->shift;
    const uint8_t *x = p->first;
    for (unsigned left = p->count; left > 0; left--, x += p->step, y += channels) {
        unsigned c = 0;
        for (; c + 4 <= channels; c += 4) {
            uint32_t a = (uint32_t)start[c], b = (uint32_t)start[c + 1], d = (uint32_t)start[c + 2], e = (uint32_t)start[c + 3];
            const uint8_t *at = x + c;
            const int16_t *w = weights + c;
            for (unsigned i = p->length; i > 0; i--, at += stride, w += channels) {
                a += (uint32_t)(w[0] * at[0]);
                b += (uint32_t)(w[1] * at[1]);
                d += (uint32_t)(w[2] * at[2]);
                e += (uint32_t)(w[3] * at[3]);
            }
            y[c] = tympan_clamp8((int32_t)a >> shift);
            y[c + 1] = tympan_clamp8((int32_t)b >> shift);
            y[c + 2] = tympan_clamp8((int32_t)d >> shift);
            y[c + 3] = tympan_clamp8((int32_t)e >> shift);
        }
        for (; c < channels; c++) {
            uint32_t sum = (uint32_t)start[c];
            for (unsigned i = 0; i < p->length; i++) {
                sum += (uint32_t)(weights[i * channels + c] * x[i * stride + c]);
            }
            y[c] = tympan_clamp8((int32_t)sum >> shift);
        }
    }
}
