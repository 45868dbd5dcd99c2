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

uint32_t tympan_scratch_bytes(const tympan_operator *op, unsigned bands_in, unsigned channels_in) {
    return tympan_gathers(op) ? (bands_in + 2u * op->pad) * op->t * channels_in : 0;
}

/* Weights of a convolution times their channel's multiplier, [block of channels][kernel band][kernel frame][channel in]
 * [channel of the block], and where a channel's sum starts: bias, rounding, and what the zero point contributes. */
static void prepare_conv2d(const tympan_model *model, const tympan_operator *op, int32_t *start) {
    const tympan_value *in = &model->values[op->source];
    const unsigned per_group = in->channels / op->groups, channels = op->channels / op->groups;
    const unsigned kernel = (unsigned)op->t * op->f * per_group;
    int16_t *to = (int16_t *)(void *)(start + op->channels);
    for (unsigned group = 0; group < op->groups; group++) {
        for (unsigned at = 0; at < channels;) {
            const unsigned n = channels - at < TYMPAN_BLOCK ? channels - at : TYMPAN_BLOCK;
            for (unsigned c = 0; c < n; c++) {
                const unsigned channel = group * channels + at + c;
                const int8_t *w = tympan_weights(model, op) + channel * kernel;
                const int32_t mult = tympan_mults(model, op)[channel];
                int32_t sum = 0;
                for (unsigned kt = 0; kt < op->t; kt++) {
                    for (unsigned kf = 0; kf < op->f; kf++) {
                        for (unsigned i = 0; i < per_group; i++) {
                            sum += *w;
                            to[((kf * op->t + kt) * per_group + i) * n + c] = (int16_t)(*w++ * mult);
                        }
                    }
                }
                const int32_t bias = tympan_biases(model, op)[channel] * (INT32_C(1) << op->bias_shift);
                start[channel] = (int32_t)(((uint32_t)bias - (uint32_t)sum * in->zero) * (uint32_t)mult + (uint32_t)tympan_rounding(op));
            }
            to += n * kernel;
            at += n;
        }
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
