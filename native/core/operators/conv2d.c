/* Convolution as a product of matrices; twin of conv2d in host/reference/operators.py. The plain one is in ../plain.
 *
 * Everything that one output position of a group needs is made to lie in one run of bytes, its patch (patches.h). Where
 * the kernel has one frame, or spans all bands, the input is made of such runs; else they are gathered, a frame of output
 * at a time, with columns of zero points at both edges.
 *
 * Zero point, bias, multiplier and rounding are in the tables (../prepare.c): a sum only has to be shifted and clamped. */
#include "../hot.h"

#include <string.h>

#include "patches.h"

/* The columns between the padded ones: [group][band][kernel frame][channel of the group]. */
static void gather(
    const tympan_operator *op, const tympan_value *in, const uint8_t *x, uint8_t *to, unsigned groups, unsigned per_group) {
    const unsigned row = (unsigned)in->bands * in->channels, edge = (unsigned)op->pad * op->t * per_group;
    for (unsigned group = 0; group < groups; group++, x += per_group) {
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

/* The input is made of patches. */
static void direct(
    const tympan_operator *op, const tympan_value *in, const tympan_value *out, const int32_t *start, const int16_t *weights,
    const uint8_t *x, uint8_t *y, unsigned frames) {
    const unsigned row = (unsigned)in->bands * in->channels, next = op->stride_t * row;
    tympan_patches p = {
        x, op->stride_f * in->channels, (unsigned)op->t * op->f * in->channels, out->bands, op->shift, op->channels};
    if (out->bands == 1) { /* all frames at once */
        p.step = next;
        p.count = frames;
        frames = 1;
    } else if (op->f == 1 && op->stride_f == 1 && op->stride_t == 1) {
        p.count *= frames;
        frames = 1;
    }
    for (; frames > 0; frames--, p.first += next, y += (unsigned)out->bands * op->channels) {
        tympan_multiply(&p, weights, start, y, op->channels);
    }
}

/* Each output channel reads one of its own. */
static void depthwise(
    const tympan_operator *op, const tympan_value *in, const tympan_value *out, const int32_t *start, const int16_t *weights,
    const uint8_t *x, uint8_t *y, unsigned frames, uint8_t *scratch) {
    const unsigned channels = in->channels, row = in->bands * channels;
    tympan_patches p = {scratch, op->stride_f * op->t * channels, (unsigned)op->t * op->f, out->bands, op->shift, channels};
    if (op->f == 1) {
        p.step = op->stride_f * channels;
    }
    for (; frames > 0; frames--, x += op->stride_t * row, y += out->bands * channels) {
        if (op->f == 1) {
            p.first = x;
        } else {
            gather(op, in, x, scratch, 1, channels);
        }
        tympan_multiply_each(&p, op->f == 1 ? row : channels, weights, start, y);
    }
}

/* A frame at a time, each group for itself. */
static void gathered(
    const tympan_operator *op, const tympan_value *in, const tympan_value *out, const int32_t *start, const int16_t *weights,
    const uint8_t *x, uint8_t *y, unsigned frames, uint8_t *scratch) {
    unsigned per_group = in->channels, channels = op->channels;
    if (op->groups > 1) { /* a division takes its time */
        per_group /= op->groups;
        channels /= op->groups;
    }
    const unsigned row = (unsigned)in->bands * in->channels, column = op->t * per_group;
    tympan_patches p = {scratch, op->stride_f * column, op->f * column, out->bands, op->shift, op->channels};
    for (; frames > 0; frames--, x += op->stride_t * row, y += (unsigned)out->bands * op->channels) {
        gather(op, in, x, scratch, op->groups, per_group);
        p.first = scratch;
        for (unsigned group = 0; group < op->groups; group++, p.first += (in->bands + 2u * op->pad) * column) {
            const unsigned first = group * channels;
            tympan_multiply(&p, weights + first * p.length, start + first, y + first, channels);
        }
    }
}

void tympan_conv2d(
    const tympan_model *model, const tympan_operator *op, const tympan_value *in, const tympan_value *out,
    const uint8_t *x, uint8_t *y, unsigned frames) {
    const int32_t *start = tympan_starts(model, op);
    const int16_t *weights = (const int16_t *)(const void *)(start + op->channels);
    if (op->pad) { /* only the columns between are written later */
        memset(model->scratch, in->zero, tympan_scratch_bytes(op, in->bands, in->channels));
    }
    if (tympan_is_depthwise(op, in->channels)) {
        depthwise(op, in, out, start, weights, x, y, frames, model->scratch);
    } else if (tympan_gathers(op, in->bands, in->channels)) {
        gathered(op, in, out, start, weights, x, y, frames, model->scratch);
    } else {
        direct(op, in, out, start, weights, x, y, frames);
    }
}
