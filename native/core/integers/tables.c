#include "../cold.h"

#include "tables.h"

/* clang-format off */
/* 2^(-i/32) in Q15, rounded to nearest */
static const uint16_t exp2_table[33] = {
    32768, 32066, 31379, 30706, 30048, 29405, 28774, 28158, 27554, 26964, 26386,
    25821, 25268, 24726, 24196, 23678, 23170, 22674, 22188, 21713, 21247, 20792,
    20347, 19911, 19484, 19066, 18658, 18258, 17867, 17484, 17109, 16743, 16384,
};

/* (pi/2)^(2i) / (2i)! in Q30: cos(pi/2 f) as an alternating series in f^2 */
static const int32_t cos_series[8] = {
    1073741824, 1324675879, 272375560, 22401992, 987048, 27060, 506, 7,
};
/* clang-format on */

int32_t tympan_cos(uint32_t p, uint32_t q) {
    uint32_t turn = (uint32_t)(((uint64_t)p << 32) / q);
    uint32_t quadrant = turn >> 30;
    int32_t r = (int32_t)(turn & (TYMPAN_Q30 - 1));
    if (quadrant & 1) {
        r = TYMPAN_Q30 - r;
    }
    int32_t y = 0;
    if (r != TYMPAN_Q30) {
        int32_t z = (int32_t)(((int64_t)r * r) >> 30);
        y = cos_series[7];
        for (int i = 6; i >= 0; i--) {
            y = cos_series[i] - (int32_t)(((int64_t)y * z) >> 30);
        }
    }
    return quadrant == 1 || quadrant == 2 ? -y : y;
}

uint32_t tympan_exp2_neg(uint32_t y) {
    uint32_t n = y >> 10, i = (y >> 5) & 31, f = y & 31;
    uint32_t value = exp2_table[i] - (((uint32_t)(exp2_table[i] - exp2_table[i + 1]) * f) >> 5);
    return n > 15 ? 0 : value >> n;
}

/* log2(e) * 4 in Q10 turns a natural exponent in Q8 into a binary one in Q10. */
uint32_t tympan_exp_neg(uint32_t y) {
    return tympan_exp2_neg((y * 5909) >> 10);
}

void tympan_sigmoid_table(uint8_t table[256]) {
    for (uint32_t x = 0; x <= 128; x++) {
        uint32_t e = tympan_exp2_neg((x * 5909) >> 6);
        uint32_t upper = ((UINT32_C(256) << 15) + ((32768 + e) >> 1)) / (32768 + e);
        table[128 - x] = (uint8_t)(256 - upper);
        if (x < 128) {
            table[128 + x] = (uint8_t)(upper > 255 ? 255 : upper);
        }
    }
}
