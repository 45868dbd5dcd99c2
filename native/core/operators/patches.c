/* Two patches are multiplied with the weights of four channels at a time, or of three: eight sums are what fits the robot's
 * registers. Sums are formed modulo 2^32; the loader has proved that what they end with is not beyond it. */
#include "../hot.h"

#include "patches.h"

/* `limit` is 255: a value, lest gcc makes the constant anew for each. */
static inline void put(uint8_t *y, uint32_t sum, unsigned shift, unsigned limit) {
    int32_t x = (int32_t)sum >> shift;
    if ((uint32_t)x > limit) {
        x = (int32_t)((uint32_t)x >> 31) - 1;
    }
    *y = (uint8_t)x;
}

/* Element k of the patches at i and j times its weights, `n` of them, added to the sums. */
#define ADD(c, a, b) (w = weight[c], (a) += (uint32_t)(w * u), (b) += (uint32_t)(w * v))
#define ELEMENT(k) \
    do { \
        u = i[k], v = j[k]; \
        ADD(n * (k), a0, b0); \
        ADD(n * (k) + 1, a1, b1); \
        ADD(n * (k) + 2, a2, b2); \
        if (n > 3) { \
            ADD(n * (k) + 3, a3, b3); \
        } \
    } while (0)

TYMPAN_INLINED static inline void multiply(tympan_pairs *r, const int32_t *start, const unsigned n) {
    const uint8_t *i = r->i;
    do {
        const uint8_t *j = i + r->step, *end = i + r->length;
        const int16_t *weight = (const int16_t *)(const void *)(start + n);
        const int32_t *again = r->same;
        uint32_t a0 = (uint32_t)start[0], a1 = (uint32_t)start[1], a2 = (uint32_t)start[2], a3 = 0;
        uint32_t b0 = (uint32_t)again[0], b1 = (uint32_t)again[1], b2 = (uint32_t)again[2], b3 = 0;
        if (n > 3) {
            a3 = (uint32_t)start[3], b3 = (uint32_t)again[3];
        }
        int32_t u, v, w;
        if (r->length & 1) {
            ELEMENT(0);
            i += 1, j += 1, weight += n;
        }
        while (i < end) {
            ELEMENT(0);
            ELEMENT(1);
            i += 2, j += 2, weight += 2 * n;
        }
        const unsigned shift = r->shift, limit = r->limit;
        uint8_t *y = r->y;
        put(y, a0, shift, limit), put(y + 1, a1, shift, limit), put(y + 2, a2, shift, limit);
        if (n > 3) {
            put(y + 3, a3, shift, limit);
        }
        y += r->apart;
        put(y, b0, shift, limit), put(y + 1, b1, shift, limit), put(y + 2, b2, shift, limit);
        if (n > 3) {
            put(y + 3, b3, shift, limit);
        }
        r->y = y + r->apart;
        i = end + r->next;
    } while (--r->pairs);
}

void tympan_multiply_pairs4(tympan_pairs *r) {
    multiply(r, r->start, 4);
}

void tympan_multiply_pairs3(tympan_pairs *r) {
    multiply(r, r->start, 3);
}

void tympan_multiply_one(
    const tympan_patches *p, const uint8_t *x, int32_t start, const int16_t *weights, unsigned n, uint8_t *y) {
    for (unsigned left = p->count; left > 0; left--, x += p->step, y += p->channels) {
        const uint8_t *at = x;
        const int16_t *w = weights;
        uint32_t sum = (uint32_t)start;
        for (unsigned i = p->length; i > 0; i--, at += p->stride, w += n) {
            sum += (uint32_t)(*w * *at);
        }
        put(y, sum, p->shift, 255);
    }
}
