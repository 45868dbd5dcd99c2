/* Convolution as a product of matrices; twin of conv2d in host/reference/operators.py. The plain one is in ../plain.
 *
 * Everything that one output position of a group needs lies in one run of bytes, its patch: [kernel band][kernel
 * frame][channel]. Where the kernel has one frame and nothing is padded, the input itself is made of such runs; else
 * they are gathered, a frame of output at a time, with columns of zero points at both edges. Two patches are multiplied
 * with the weights of up to three channels at a time: six sums are what fits the robot's registers.
 *
 * Zero point, bias, multiplier and rounding are in the tables (../prepare.c): a sum only has to be shifted and clamped.
 * Sums are formed modulo 2^32; the loader has proved that what they end with is not beyond it. */
#include "../hot.h"

#include <string.h>

#include "../operators.h"

/* The patches of one row of positions and what is made of them. */
typedef struct {
    const uint8_t *first;
    unsigned step;   /* from one patch to the next */
    unsigned length; /* of a patch */
    int32_t next;    /* from the end of a patch to the one after the next */
    unsigned pairs;
    unsigned shift;
    unsigned channels; /* from one output position to the next */
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

/* All channels of a group, for `count` positions; where that is odd the last one is a pair with itself. */
static void multiply_group(
    const patches *p, unsigned count, const int16_t *w, const int32_t *start, uint8_t *y, unsigned channels) {
    patches some = *p;
    some.pairs = count / 2;
    if (some.pairs) {
        multiply_pairs(&some, w, start, y, channels);
    }
    if (count & 1) {
        some.first += (count - 1) * p->step;
        some.pairs = 1;
        some.step = 0;
        some.channels = 0;
        multiply_pairs(&some, w, start, y + (count - 1) * p->channels, channels);
    }
}

/* The columns between the padded ones: [group][band][kernel frame][channel of the group]. */
static void gather(const tympan_operator *op, const tympan_value *in, const uint8_t *x, uint8_t *to, unsigned per_group) {
    const unsigned row = (unsigned)in->bands * in->channels, edge = (unsigned)op->pad * op->t * per_group;
    for (unsigned group = 0; group < op->groups; group++, x += per_group) {
        to += edge;
        for (unsigned band = 0; band < in->bands; band++) {
            const uint8_t *from = x + band * in->channels;
            for (unsigned kt = 0; kt < op->t; kt++, from += row) {
                for (unsigned i = 0; i < per_group; i++) {
                    *to++ = from[i];
                }
            }
        }
        to += edge;
    }
}

void tympan_conv2d(
    const tympan_model *model, const tympan_operator *op, const tympan_value *in, const tympan_value *out,
    const uint8_t *x, uint8_t *y, unsigned frames) {
    unsigned per_group = in->channels, channels = op->channels;
    if (op->groups > 1) { /* a division takes its time */
        per_group /= op->groups;
        channels /= op->groups;
    }
    const unsigned row = (unsigned)in->bands * in->channels, column = op->t * per_group;
    const unsigned columns = in->bands + 2u * op->pad;
    const int32_t *start = tympan_starts(model, op);
    const int16_t *weights = (const int16_t *)(const void *)(start + op->channels);
    const unsigned step = op->stride_f * column, length = op->f * column;
    patches p = {x, step, length, (int32_t)(2 * step - length), 0, op->shift, op->channels};
    unsigned count = out->bands;
    const bool gathered = tympan_gathers(op);
    if (gathered) {
        memset(model->scratch, in->zero, columns * op->t * in->channels);
    } else if (op->f == 1 && op->stride_f == 1 && op->stride_t == 1) {
        count *= frames; /* the end of one frame is the start of the next */
        frames = 1;
    }
    for (unsigned t = 0; t < frames; t++, x += op->stride_t * row, y += (unsigned)out->bands * op->channels) {
        p.first = x;
        if (gathered) {
            gather(op, in, x, model->scratch, per_group);
            p.first = model->scratch;
        }
        for (unsigned group = 0; group < op->groups; group++, p.first += columns * column) {
            const unsigned first = group * channels;
            multiply_group(&p, count, weights + first * p.length, start + first, y + first, channels);
        }
    }
}
