/* Mean over frames and bands; twin of host/operators/global_average_pool.py. */
#include "../hot.h"

#include "../operators.h"

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

void tympan_global_mean(const tympan_model *model, const tympan_operator *op, const int32_t *sums, uint8_t *y) {
    const int32_t rounding = tympan_rounding(op), mult = tympan_mean_mult(model, op);
    for (unsigned c = 0; c < op->channels; c++) {
        y[c] = tympan_clamp8((sums[c] * mult + rounding) >> op->shift);
    }
}
