/* The inner loop of the mean over a window. */
#include "../hot.h"

#include "global_average_pool.h"

void tympan_global_sum(const tympan_value *in, const uint8_t *x, int32_t *sums, unsigned frames) {
    const unsigned channels = in->channels, cells = frames * in->bands;
    const int32_t zeros = (int32_t)cells * in->zero;
    unsigned c = 0;
    for (; c + 4 <= channels; c += 4, x += 4, sums += 4) {
        int32_t a = sums[0] - zeros, b = sums[1] - zeros, d = sums[2] - zeros, e = sums[3] - zeros;
        const uint8_t *value = x;
        for (unsigned left = cells; left > 0; left--, value += channels) {
            a += value[0];
            b += value[1];
            d += value[2];
            e += value[3];
        }
        sums[0] = a, sums[1] = b, sums[2] = d, sums[3] = e;
    }
    for (; c < channels; c++, x++, sums++) {
        const uint8_t *value = x;
        int32_t sum = *sums - zeros;
        for (unsigned left = cells; left > 0; left--, value += channels) {
            sum += *value;
        }
        *sums = sum;
    }
}
