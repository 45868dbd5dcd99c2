/* Convolution over frames and bands: valid in frames, which may be dilated, padded by columns of zero points in bands. Twin:
 * host/operators/conv2d.py.
 *
 * There are five ways to compute it; each gives the same integers as the first. What they take, in instructions of an
 * ESP32-S2 for each multiply-add, is counted by `make bench-xtensa-s2` (docs/comparison.md).
 *
 *   plain      ../../plain/conv2d.c   the definition, a sum at a time. In no firmware: tests compare the others with it. About
 *                                     20 (of an LX106, for a whole window: docs/speed.md).
 *   patches    patches.c              the receptive field of a position lies in one run of bytes, in x itself or gathered in
 *                                     the scratch buffer: a sum is one loop over bytes. Left for groups of one channel.
 *   pairs      patches.c              two patches with up to three channels at a time: five loads serve six products. 3 in
 *                                     the inner loop, 5 in all for patches of 7 to 14 bytes.
 *   depthwise  depthwise.c            each channel reads one of its own, four channels at a time: 4.75 in the inner loop.
 *   Winograd   winograd.c             tiles of 4 x 4 outputs of a 3 x 3 kernel take a quarter of the products: 1.5 for 7 to 17
 *                                     channels. Takes tables of 72 bytes for each 9 of weights; small weights only (winograd.h).
 *
 * prepare.c chooses, blocks.c brings the constants into the order in which kernels read them. */
#ifndef TYMPAN_CONV2D_H
#define TYMPAN_CONV2D_H

#include "../sums.h"
#include "blocks.h"

void tympan_conv2d_run(const tympan_model *model, const tympan_operator *op, const tympan_pass *p);
void tympan_conv2d_choose(
    const tympan_model *model, tympan_operator *op, unsigned bands_in, unsigned channels_in, tympan_needs *needs);
/* Make the table of a verified convolution that has one. */
void tympan_conv2d_prepare(const tympan_model *model, const tympan_operator *op);

static inline uint32_t tympan_conv2d_unpack(tympan_operator *op, const uint8_t *p, unsigned channels_in) {
    op->channels = p[0];
    op->cell_f = p[1];
    const unsigned span = (p[1] - 1u) * op->cell_t + 1;
    op->t = (uint8_t)(span > 255 ? 0 : span); /* which no shape fits */
    op->f = p[2];
    op->pad = p[3];
    op->stride_t = p[4];
    op->stride_f = p[5];
    op->groups = p[6];
    op->bias_shift = p[7];
    return op->groups == 0 ? 0 : op->channels * (3 + (uint32_t)op->cell_f * op->f * (channels_in / op->groups));
}

static inline bool tympan_conv2d_shape(const tympan_operator *op, const tympan_value *values) {
    return values[op->source].channels % op->groups == 0 && op->channels % op->groups == 0 && op->pad < op->f;
}

/* Multiply-adds; or what is gathered, however few numbers of it are then multiplied. */
static inline uint64_t tympan_conv2d_work(
    const tympan_operator *op, const tympan_value *in, const tympan_value *out, uint32_t read) {
    (void)read;
    const uint32_t multiply_adds = (uint32_t)out->bands * out->channels * op->f * (in->channels / op->groups);
    const uint32_t passed = (uint32_t)in->bands * in->channels; /* of a frame; both are below 2^32 */
    return (uint64_t)(multiply_adds > passed ? multiply_adds : passed) * ((uint32_t)out->frames * tympan_kernel_frames(op));
}

static inline bool tympan_conv2d_range(const tympan_model *model, const tympan_operator *op, tympan_reach *reach) {
    const unsigned per_group = model->values[op->source].channels / op->groups;
    return tympan_weighted_fits(model, op, tympan_kernel_frames(op) * op->f * per_group, reach->in);
}

#endif
