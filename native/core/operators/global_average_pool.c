/* Mean over frames and bands; twin of global_average_pool in host/reference/operators.py. */
#include "../hot.h"

#include "../operators.h"

void tympan_global_sum(const tympan_value *in, const uint8_t *x, int32_t *sums, unsigned frames) {
    const unsigned channels = in->channels;
    const int32_t cells = (int32_t)(frames * in->bands);
    for (unsigned c = 0; c < channels; c++) {
        const uint8_t *value = x + c;
        int32_t sum = sums[c] - cells * in->zero;
        for (int32_t left = cells; left > 0; left--, value += channels) {
            sum += *value;
        }
        sums[c] = sum;
    }
}

void tympan_global_mean(const tympan_operator *op, const int32_t *sums, uint8_t *y) {
    const int32_t rounding = tympan_rounding(op);
    for (unsigned c = 0; c < op->channels; c++) {
        y[c] = tympan_clamp8((sums[c] * op->mult + rounding) >> op->shift);
    }
}
