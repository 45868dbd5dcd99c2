/* What the kernels take ready-made: constants folded together, weights in the order they are read, widened to 16 bits
 * because the robot's chip loads no signed bytes. All of it modulo 2^32, as sums are. */
#include "prepare.h"

uint32_t tympan_prepared_bytes(const tympan_operator *op, unsigned channels_in) {
    uint32_t weights = 0;
    if (op->kind == TYMPAN_CONV2D) {
        weights = (uint32_t)op->channels * op->t * op->f * (channels_in / op->groups);
    } else if (op->kind != TYMPAN_GATE && op->kind != TYMPAN_ADD) {
        return 0;
    }
    return 4u * op->channels + ((2 * weights + 3u) & ~UINT32_C(3));
}

/* Weights of one channel times its multiplier, `apart` from each other, and where its sums start: bias, rounding, and what
 * the zero point contributes. */
static int32_t prepare_channel(
    const tympan_model *model, const tympan_operator *op, unsigned channel, unsigned per_group, int16_t *to, unsigned apart) {
    const tympan_value *in = &model->values[op->source];
    const bool by_band = tympan_gathers(op, in->bands, in->channels);
    const int8_t *w = tympan_weights(model, op) + channel * op->t * op->f * per_group;
    const int32_t mult = tympan_mults(model, op)[channel];
    uint32_t sum = (uint32_t)(tympan_biases(model, op)[channel] * (INT32_C(1) << op->bias_shift));
    for (unsigned kt = 0; kt < op->t; kt++) {
        for (unsigned kf = 0; kf < op->f; kf++) {
            const unsigned at = (by_band ? kf * op->t + kt : kt * op->f + kf) * per_group;
            for (unsigned i = 0; i < per_group; i++) {
                sum -= (uint32_t)(*w * in->zero);
                to[(at + i) * apart] = (int16_t)(*w++ * mult);
            }
        }
    }
    return (int32_t)(sum * (uint32_t)mult + (uint32_t)tympan_rounding(op));
}

/* [block of channels][element of a patch][channel of the block]; depthwise, one block of all channels. */
static void prepare_conv2d(const tympan_model *model, const tympan_operator *op, int32_t *start) {
    const unsigned channels_in = model->values[op->source].channels;
    const bool depthwise = tympan_is_depthwise(op, channels_in);
    const unsigned per_group = channels_in / op->groups, all = op->channels;
    const unsigned channels = depthwise ? all : all / op->groups, block = depthwise ? all : TYMPAN_BLOCK;
    int16_t *to = (int16_t *)(void *)(start + all);
    for (unsigned channel = 0; channel < all;) {
        const unsigned left = channels - channel % channels, n = left < block ? left : block; /* a block ends with its group */
        for (unsigned c = 0; c < n; c++, channel++) {
            start[channel] = prepare_channel(model, op, channel, per_group, to + c, n);
        }
        to += n * op->t * op->f * per_group;
    }
}

/* Where a gate's or an add's sums start: bias, rounding, and what zero points contribute. Only the gate's own depends on
 * the attention and is left to the kernel. */
static void prepare_affine(const tympan_model *model, const tympan_operator *op, int32_t *start) {
    const tympan_value *values = model->values;
    const int16_t *mult = tympan_factors(model, op), *other_mult = mult + op->channels;
    for (unsigned c = 0; c < op->channels; c++) {
        uint32_t sum = (uint32_t)(tympan_biases(model, op)[c] * (INT32_C(1) << op->bias_shift)) + (uint32_t)tympan_rounding(op);
        if (op->kind == TYMPAN_ADD) {
            sum -= (uint32_t)(values[op->source].zero * mult[c]);
            sum -= (uint32_t)(values[op->other].zero * other_mult[c]);
        } else if (op->residual != TYMPAN_NONE) {
            sum -= (uint32_t)(values[op->residual].zero * op->mult);
        }
        start[c] = (int32_t)sum;
    }
}

void tympan_prepare(const tympan_model *model, const tympan_operator *op, int32_t *start) {
    if (op->kind == TYMPAN_CONV2D) {
        prepare_conv2d(model, op, start);
    } else if (op->kind == TYMPAN_GATE || op->kind == TYMPAN_ADD) {
        prepare_affine(model, op, start);
    }
}
