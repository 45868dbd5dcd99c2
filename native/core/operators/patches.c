/* Two patches are multiplied with the weights of up to three channels at a time: six sums are what fits the robot's
 * registers. Sums are formed modulo 2^32; the loader has proved that what they end with is not beyond it. */
#include "../hot.h"

#include "patches.h"

/* The next value of the patches at i and j times the next weight, added to the sums a and b. */
#define ADD(k, a, b) (w = weight[k], (a) += (uint32_t)(w * u), (b) += (uint32_t)(w * v))
#define LOAD(k) (u = i[k], v = j[k])

static inline void put(uint8_t *y, uint32_t sum, unsigned shift, unsigned limit) {
    int32_t x = (int32_t)sum >> shift;
    if ((uint32_t)x > limit) {
        x = (int32_t)((uint32_t)x >> 31) - 1;
    }
    *y = (uint8_t)x;
}

typedef struct {
    const uint8_t *i;
    uint8_t *y;
    unsigned pairs, step, length, shift, apart, limit;
    int32_t next;
} run;

/* `pairs` pairs of positions, the second one `step` bytes behind the first; three channels or two. `apart`: bytes from an
 * output position to the other of its pair. */
TYMPAN_ALONE static void multiply3(run *r, const int32_t *start) {
    const uint8_t *i = r->i;
    do {
        const uint8_t *j = i + r->step, *end = i + r->length;
        const int16_t *weight = (const int16_t *)(const void *)(start + 3);
        uint32_t a0 = (uint32_t)start[0], a1 = (uint32_t)start[1], a2 = (uint32_t)start[2], b0 = a0, b1 = a1, b2 = a2;
        int32_t u, v, w;
        if (r->length & 1) {
            LOAD(0), ADD(0, a0, b0), ADD(1, a1, b1), ADD(2, a2, b2);
            i += 1, j += 1, weight += 3;
        }
        if (r->length & 2) {
            LOAD(0), ADD(0, a0, b0), ADD(1, a1, b1), ADD(2, a2, b2);
            LOAD(1), ADD(3, a0, b0), ADD(4, a1, b1), ADD(5, a2, b2);
            i += 2, j += 2, weight += 6;
        }
        while (i < end) {
            LOAD(0), ADD(0, a0, b0), ADD(1, a1, b1), ADD(2, a2, b2);
            LOAD(1), ADD(3, a0, b0), ADD(4, a1, b1), ADD(5, a2, b2);
            LOAD(2), ADD(6, a0, b0), ADD(7, a1, b1), ADD(8, a2, b2);
            LOAD(3), ADD(9, a0, b0), ADD(10, a1, b1), ADD(11, a2, b2);
            i += 4, j += 4, weight += 12;
        }
        const unsigned shift = r->shift, limit = r->limit;
        uint8_t *y = r->y;
        put(y, a0, shift, limit), put(y + 1, a1, shift, limit), put(y + 2, a2, shift, limit);
        y += r->apart;
        put(y, b0, shift, limit), put(y + 1, b1, shift, limit), put(y + 2, b2, shift, limit);
        r->y = y + r->apart;
        i = end + r->next;
    } while (--r->pairs);
}

TYMPAN_ALONE static void multiply2(run *r, const int32_t *start) {
    const uint8_t *i = r->i;
    do {
        const uint8_t *j = i + r->step, *end = i + r->length;
        const int16_t *weight = (const int16_t *)(const void *)(start + 2);
        uint32_t a0 = (uint32_t)start[0], a1 = (uint32_t)start[1], b0 = a0, b1 = a1;
        int32_t u, v, w;
        if (r->length & 1) {
            LOAD(0), ADD(0, a0, b0), ADD(1, a1, b1);
            i += 1, j += 1, weight += 2;
        }
        if (r->length & 2) {
            LOAD(0), ADD(0, a0, b0), ADD(1, a1, b1);
            LOAD(1), ADD(2, a0, b0), ADD(3, a1, b1);
            i += 2, j += 2, weight += 4;
        }
        while (i < end) {
            LOAD(0), ADD(0, a0, b0), ADD(1, a1, b1);
            LOAD(1), ADD(2, a0, b0), ADD(3, a1, b1);
            LOAD(2), ADD(4, a0, b0), ADD(5, a1, b1);
            LOAD(3), ADD(6, a0, b0), ADD(7, a1, b1);
            i += 4, j += 4, weight += 8;
        }
        const unsigned shift = r->shift, limit = 255;
        uint8_t *y = r->y;
        put(y, a0, shift, limit), put(y + 1, a1, shift, limit);
        y += r->apart;
        put(y, b0, shift, limit), put(y + 1, b1, shift, limit);
        r->y = y + r->apart;
        i = end + r->next;
    } while (--r->pairs);
}

TYMPAN_ALONE void tympan_multiply_one(
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

void tympan_multiply(const tympan_patches *p, tympan_blocks *blocks, unsigned channels, uint8_t *y) {
    const unsigned last = p->count - 1;
    while (channels > 0) {
        const unsigned n = tympan_block(blocks->depthwise, channels);
        const int32_t *block = tympan_next_block(blocks, n);
        if (n == 1) {
            tympan_multiply_one(p, p->first, *block, (const int16_t *)(const void *)(block + 1), 1, y);
        } else {
            if (p->count / 2) {
                run r = {p->first, y, p->count / 2, p->step, p->length, p->shift, p->channels, 255, (int32_t)(2 * p->step - p->length)};
                (n == 3 ? multiply3 : multiply2)(&r, block);
            }
            if (p->count & 1) { /* the last one is a pair with itself */
                run r = {p->first + last * p->step, y + last * p->channels, 1, 0, p->length, p->shift, 0, 255, 0};
                (n == 3 ? multiply3 : multiply2)(&r, block);
            }
        }
        channels -= n, y += n;
    }
}
