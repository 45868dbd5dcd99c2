/* Two patches are multiplied with the weights of up to three channels at a time: six sums are what fits the robot's
 * registers. Sums are formed modulo 2^32; the loader has proved that what they end with is not beyond it. */
#include "../hot.h"

#include "patches.h"

/* Patches two by two, and what is made of them. */
typedef struct {
    const uint8_t *first;
    unsigned step, length;
    int32_t next; /* from the end of a patch to the one after the next */
    unsigned pairs, shift, channels;
} patches;

/* The next value of the patches at i and j times the next weight, added to the sums a and b. */
#define ADD(k, a, b) (w = weight[k], (a) += (uint32_t)(w * u), (b) += (uint32_t)(w * v))
#define LOAD(k) (u = i[k], v = j[k])

static inline void put(uint8_t *y, uint32_t sum, unsigned shift) {
    *y = tympan_clamp8((int32_t)sum >> shift);
}

/* Three, two or one channels of two positions at a time. The three functions differ only in that. */
TYMPAN_ALONE static void multiply3(const patches *p, const int16_t *weights, const int32_t *start, uint8_t *y) {
    const uint8_t *i = p->first;
    for (unsigned pairs = p->pairs; pairs > 0; pairs--) {
        const uint8_t *j = i + p->step, *end = i + p->length;
        const int16_t *weight = weights;
        uint32_t a0 = (uint32_t)start[0], a1 = (uint32_t)start[1], a2 = (uint32_t)start[2], b0 = a0, b1 = a1, b2 = a2;
        int32_t u, v, w;
        if (p->length & 1) {
            LOAD(0), ADD(0, a0, b0), ADD(1, a1, b1), ADD(2, a2, b2);
            i += 1, j += 1, weight += 3;
        }
        while (i < end) {
            LOAD(0), ADD(0, a0, b0), ADD(1, a1, b1), ADD(2, a2, b2);
            LOAD(1), ADD(3, a0, b0), ADD(4, a1, b1), ADD(5, a2, b2);
            i += 2, j += 2, weight += 6;
        }
        uint8_t *z = y + p->channels;
        const unsigned shift = p->shift;
        put(y, a0, shift), put(y + 1, a1, shift), put(y + 2, a2, shift);
        put(z, b0, shift), put(z + 1, b1, shift), put(z + 2, b2, shift);
        i = end + p->next;
        y = z + p->channels;
    }
}

TYMPAN_ALONE static void multiply2(const patches *p, const int16_t *weights, const int32_t *start, uint8_t *y) {
    const uint8_t *i = p->first;
    for (unsigned pairs = p->pairs; pairs > 0; pairs--) {
        const uint8_t *j = i + p->step, *end = i + p->length;
        const int16_t *weight = weights;
        uint32_t a0 = (uint32_t)start[0], a1 = (uint32_t)start[1], b0 = a0, b1 = a1;
        int32_t u, v, w;
        if (p->length & 1) {
            LOAD(0), ADD(0, a0, b0), ADD(1, a1, b1);
            i += 1, j += 1, weight += 2;
        }
        while (i < end) {
            LOAD(0), ADD(0, a0, b0), ADD(1, a1, b1);
            LOAD(1), ADD(2, a0, b0), ADD(3, a1, b1);
            i += 2, j += 2, weight += 4;
        }
        uint8_t *z = y + p->channels;
        const unsigned shift = p->shift;
        put(y, a0, shift), put(y + 1, a1, shift);
        put(z, b0, shift), put(z + 1, b1, shift);
        i = end + p->next;
        y = z + p->channels;
    }
}

TYMPAN_ALONE static void multiply1(const patches *p, const int16_t *weights, const int32_t *start, uint8_t *y) {
    const uint8_t *i = p->first;
    for (unsigned pairs = p->pairs; pairs > 0; pairs--) {
        const uint8_t *j = i + p->step, *end = i + p->length;
        const int16_t *weight = weights;
        uint32_t a0 = (uint32_t)start[0], b0 = a0;
        int32_t u, v, w;
        if (p->length & 1) {
            LOAD(0), ADD(0, a0, b0);
            i += 1, j += 1, weight += 1;
        }
        while (i < end) {
            LOAD(0), ADD(0, a0, b0);
            LOAD(1), ADD(1, a0, b0);
            i += 2, j += 2, weight += 2;
        }
        uint8_t *z = y + p->channels;
        put(y, a0, p->shift);
        put(z, b0, p->shift);
        i = end + p->next;
        y = z + p->channels;
    }
}

/* All channels of a group, for `p->pairs` pairs. */
static void multiply_pairs(const patches *p, const int16_t *w, const int32_t *start, uint8_t *y, unsigned channels) {
    for (; channels >= 3; channels -= 3, w += 3 * p->length, start += 3, y += 3) {
        multiply3(p, w, start, y);
    }
    if (channels == 2) {
        multiply2(p, w, start, y);
    } else if (channels == 1) {
        multiply1(p, w, start, y);
    }
}

void tympan_multiply(
    const tympan_patches *p, const int16_t *weights, const int32_t *start, uint8_t *y, unsigned channels) {
    patches some = {p->first, p->step, p->length, (int32_t)(2 * p->step - p->length), p->count / 2, p->shift, p->channels};
    if (some.pairs) {
        multiply_pairs(&some, weights, start, y, channels);
    }
    if (p->count & 1) { /* the last one is a pair with itself */
        some.first += (p->count - 1) * p->step;
        some.pairs = 1;
        some.step = 0;
        some.channels = 0;
        multiply_pairs(&some, weights, start, y + (p->count - 1) * p->channels, channels);
    }
}
