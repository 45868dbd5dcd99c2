/* Convolution over frames and bands: valid in frames, padded by columns of zero points in bands. Twin:
 * host/operators/conv2d.py.
 *
 * Ways to compute it, from the plainest to the fastest; each gives the same integers.
 *
 *   plain      ../../plain/conv2d.c       as it is defined, a sum at a time: what tests compare the others with
 *   patches    patches.c                  what an output position needs lies in one run of bytes, so a sum is one loop
 *   pairs      patches.c                  two patches with up to three channels at a time: each load serves several products
 *   depthwise  depthwise.c                each channel reads its own: four channels of a position at a time
 *   Winograd   winograd.c                 tiles of 4 x 4 outputs of a 3 x 3 kernel: a quarter of the products
 *
 * docs/speed.md has what each wins. prepare.c chooses, blocks.c brings weights and constants into the order of reading. */
#ifndef TYMPAN_CONV2D_H
#define TYMPAN_CONV2D_H

#include "../sums.h"

void tympan_conv2d_run(const tympan_model *model, const tympan_operator *op, const tympan_pass *p);
void tympan_conv2d_choose(
    const tympan_model *model, tympan_operator *op, unsigned bands_in, unsigned channels_in, tympan_needs *needs);
/* Make the table of a verified convolution that has one. */
void tympan_conv2d_prepare(const tympan_model *model, const tympan_operator *op);

static inline uint32_t tympan_conv2d_unpack(tympan_operator *op, const uint8_t *p, unsigned channels_in) {
    op->channels = p[0];
    op->t = p[1];
    op->f = p[2];
    op->pad = p[3];
    op->stride_t = p[4];
    op->stride_f = p[5];
    op->groups = p[6];
    op->bias_shift = p[7];
    return op->groups == 0 ? 0 : op->channels * (3 + (uint32_t)op->t * op->f * (channels_in / op->groups));
}

static inline bool tympan_conv2d_shape(const tympan_operator *op, const tympan_value *values) {
    return values[op->source].channels % op->groups == 0 && op->channels % op->groups == 0 && op->pad < op->f;
}

/* Multiply-adds; or what is gathered, however few numbers of it are then multiplied. */
static inline uint64_t tympan_conv2d_work(const tympan_operator *op, const tympan_value *in, const tympan_value *out, uint32_t read) {
    (void)read;
    const uint32_t multiply_adds = (uint32_t)out->bands * out->channels * op->f * (in->channels / op->groups);
    const uint32_t passed = (uint32_t)in->bands * in->channels; /* of a frame; both are below 2^32 */
    return (uint64_t)(multiply_adds > passed ? multiply_adds : passed) * ((uint32_t)out->frames * op->t);
}

static inline bool tympan_conv2d_range(const tympan_model *model, const tympan_operator *op, tympan_reach *reach) {
    const unsigned per_group = model->values[op->source].channels / op->groups;
    return tympan_weighted_fits(model, op, (unsigned)op->t * op->f * per_group, reach->in);
}

#endif
