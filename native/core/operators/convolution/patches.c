/* Two patches are multiplied with the weights of up to three channels at a time: six accumulators are what fits the robot's
 * registers. They are formed modulo 2^32: on the way they may wrap, but the loader has proved that the final value fits
 * (operators/sums.c). In `multiply` i and j are the two patches and y the output position of the first. */
#include "../../hot.h"

#include <string.h>

#include "patches.h"

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
        if (n > 2) { \
            ADD(n * (k) + 2, a2, b2); \
        } \
    } while (0)

/* Duff's device: of the first four elements `skip` are left out, and pointers begin that much before them. */
TYMPAN_INLINED static inline void multiply(tympan_pairs *r, const unsigned n) {
    const uint8_t *i = r->i;
    do {
        const uint8_t *j = i + r->pitch, *end = i + r->length;
        const int32_t *start = r->start, *same = r->same;
        const int16_t *weight = r->weights;
        uint32_t a0 = (uint32_t)start[0], a1 = (uint32_t)start[1], a2 = 0;
        uint32_t b0 = (uint32_t)same[0], b1 = (uint32_t)same[1], b2 = 0;
        if (n > 2) {
            a2 = (uint32_t)start[2], b2 = (uint32_t)same[2];
        }
        int32_t u, v, w;
        switch (r->skip) {
            do {
                default:
                    ELEMENT(0);
                    /* fall through */
                case 1:
                    ELEMENT(1);
                    /* fall through */
                case 2:
                    ELEMENT(2);
                    /* fall through */
                case 3:
                    ELEMENT(3);
                    i += 4, j += 4, weight += 4 * n;
            } while (i < end);
        }
        const unsigned shift = r->shift, limit = r->limit;
        uint8_t *y = r->y;
        put(y, a0, shift, limit), put(y + 1, a1, shift, limit);
        if (n > 2) {
            put(y + 2, a2, shift, limit);
        }
        y += r->apart;
        put(y, b0, shift, limit), put(y + 1, b1, shift, limit);
        if (n > 2) {
            put(y + 2, b2, shift, limit);
        }
        r->y = y + r->apart;
        i = end + r->next;
    } while (--r->pairs);
}

void tympan_multiply_pairs3(tympan_pairs *r) {
    multiply(r, 3);
}

void tympan_multiply_pairs2(tympan_pairs *r) {
    multiply(r, 2);
}

void tympan_multiply_one(const tympan_patches *p, const uint8_t *x, int32_t start, const int16_t *weights, unsigned n, uint8_t *y) {
    for (unsigned left = p->count; left > 0; left--, x += p->pitch, y += p->channels) {
        const uint8_t *at = x;
        const int16_t *w = weights;
        uint32_t sum = (uint32_t)start;
        for (unsigned i = p->length; i > 0; i--, at += p->stride, w += n) {
            sum += (uint32_t)(*w * *at);
        }
        put(y, sum, p->shift, 255);
    }
}

void tympan_gather(
    const tympan_operator *op, const tympan_value *in, const uint8_t *x, uint8_t *to, unsigned groups, unsigned per_group) {
    const unsigned channels = in->channels, row = in->bands * channels, rows = tympan_kernel_frames(op);
    const unsigned edge = op->pad * rows * per_group, next = row * tympan_dilation(op);
    for (; groups > 0; groups--, x += per_group) {
        const uint8_t *band = x;
        to += edge;
        for (unsigned left = in->bands; left > 0; left--, band += channels) {
            const uint8_t *from = band;
            for (unsigned frames = rows; frames > 0; frames--, from += next, to += per_group) {
                if (per_group > 3) {
                    memcpy(to, from, per_group);
                    continue;
                }
                for (unsigned i = 0; i < per_group; i++) {
                    to[i] = from[i];
                }
            }
        }
        to += edge;
    }
}
