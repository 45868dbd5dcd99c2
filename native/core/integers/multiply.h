/* High halves of products, where the time of the front end goes. A chip that has such a multiplication (an ESP32-S2, a
 * Cortex-M3) is given it by the compiler; TYMPAN_MULTIPLY_BY_HALVES is for one that has not (an ESP8266), where
 * compilers would call a function. Each computes the same integer either way. */
#ifndef TYMPAN_MULTIPLY_H
#define TYMPAN_MULTIPLY_H

#include <stdint.h>

#ifndef TYMPAN_MULTIPLY_BY_HALVES

/* What many numbers are multiplied with, within +-2^30. */
typedef int32_t tympan_factor;

static inline tympan_factor tympan_as_factor(int32_t b) {
    return b;
}

/* floor(a b / 2^32) */
static inline int32_t tympan_mulh(int32_t a, tympan_factor b) {
    return (int32_t)(((int64_t)a * b) >> 32);
}

/* floor(a^2 / 2^32), |a| < 2^31 */
static inline uint32_t tympan_square(int32_t a) {
    return (uint32_t)(((int64_t)a * a) >> 32);
}

/* floor(a b / 2^16), b < 2^16 */
static inline uint32_t tympan_scale(uint32_t a, uint32_t b) {
    return (uint32_t)(((uint64_t)a * (b << 16)) >> 32);
}

#else

typedef struct {
    int16_t low, high; /* 2^16 high + low */
} tympan_factor;

static inline tympan_factor tympan_as_factor(int32_t b) {
    const int16_t low = (int16_t)(b & 0xFFFF);
    tympan_factor f = {low, (int16_t)((b - low) >> 16)};
    return f;
}

/* With a = 2^16 ah + al, 0 <= al < 2^16, |ah b.low| <= 2^30 and |b.high| <= 2^14 the middle sum stays within 32 bits. */
static inline int32_t tympan_mulh(int32_t a, tympan_factor b) {
    const int32_t ah = a >> 16, al = a & 0xFFFF;
    return ah * b.high + ((al * b.high + ah * b.low + ((al * b.low) >> 16)) >> 16);
}

static inline uint32_t tympan_square(int32_t a) {
    const uint32_t u = a < 0 ? 0u - (uint32_t)a : (uint32_t)a, high = u >> 16, low = u & 0xFFFF;
    return high * high + ((2 * high * low + (low * low >> 16)) >> 16);
}

static inline uint32_t tympan_scale(uint32_t a, uint32_t b) {
    return (a >> 16) * b + ((a & 0xFFFF) * b >> 16);
}

#endif

#endif
