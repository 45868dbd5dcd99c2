/* Mean over frames and bands; twin of global_average_pool in host/reference/operators.py. */
#include "../operators.h"

void tympan_global_sum(const tympan_value *in, const uint8_t *x, int32_t *sums, unsigned frames) {
    for (unsigned cell = frames * in->bands; cell > 0; cell--) {
        for (unsigned c = 0; c < in->channels; c++) {
            sums[c] += *x++ - in->zero;
        }
    }
}

void tympan_global_mean(const tympan_operator *op, const int32_t *sums, uint8_t *y) {
    const int32_t rounding = tympan_rounding(op);
    for (unsigned c = 0; c < op->channels; c++) {
        y[c] = tympan_clamp8((sums[c] * op->mult + rounding) >> op->shift);
    }
}
