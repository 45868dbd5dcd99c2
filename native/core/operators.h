/* Operators as the file gives them, and their kernels. What each computes: docs/semantics.md, section 5. */
#ifndef TYMPAN_OPERATORS_H
#define TYMPAN_OPERATORS_H

#include <stdbool.h>

#include "tympan.h"

enum tympan_kind {
    TYMPAN_CONV2D = 1,
    TYMPAN_MAX_POOL,
    TYMPAN_GATE,
    TYMPAN_ADD,
    TYMPAN_GLOBAL_AVERAGE_POOL,
    TYMPAN_DENSE,
    TYMPAN_SOFTMAX,
};

#define TYMPAN_NONE 255 /* an input that is not there */

/* One record of the file, unpacked. `t` and `f` are a kernel's, a cell's or a factor's frames and bands. */
struct tympan_operator {
    uint8_t kind, source, zero, shift;
    uint16_t columns, offset;
    uint8_t other, residual; /* values, or TYMPAN_NONE */
    uint8_t channels;        /* written */
    uint8_t t, f, pad, stride_t, stride_f, groups, bias_shift;
    uint16_t lag;            /* frames of an add's other input before the first it reads; follows from the shapes */
    int32_t mult;            /* of a pool, or of a gate's residual */
    uint32_t constants;      /* where its constants begin in the records: bytes; no pointers, so that tables are as */
    uint32_t prepared;       /* large on any chip; and where its table begins among those prepared: int32 */
};

#define TYMPAN_BLOCK 3 /* channels whose prepared weights lie side by side */

/* Biases [channels]. What the file holds is aligned to 4 bytes, and so is every record. */
static inline const int16_t *tympan_biases(const tympan_model *model, const tympan_operator *op) {
    return (const int16_t *)(const void *)(model->records + op->constants);
}

/* Factors of a gate or an add: [channels] of the source, then [channels] of the other. */
static inline const int16_t *tympan_factors(const tympan_model *model, const tympan_operator *op) {
    return tympan_biases(model, op) + op->channels;
}

/* Multipliers [channels] of a convolution or a dense layer. */
static inline const uint8_t *tympan_mults(const tympan_model *model, const tympan_operator *op) {
    return (const uint8_t *)tympan_factors(model, op);
}

/* Weights of a convolution or a dense layer: [channels][t][f][channels in / groups]. */
static inline const int8_t *tympan_weights(const tympan_model *model, const tympan_operator *op) {
    return (const int8_t *)(tympan_mults(model, op) + op->channels);
}

/* Where sums start [channels]; the prepared weights of a convolution follow. */
static inline const int32_t *tympan_starts(const tympan_model *model, const tympan_operator *op) {
    return model->prepared + op->prepared;
}

/* Whether each channel of a convolution reads one of its own. */
static inline bool tympan_is_depthwise(const tympan_operator *op, unsigned channels_in) {
    return op->groups > 1 && op->groups == channels_in && op->channels == channels_in;
}

/* Whether a convolution copies what it reads into patches first: its patches then are [kernel band][kernel frame][channel],
 * else they are as the input is. */
static inline bool tympan_gathers(const tympan_operator *op, unsigned bands_in, unsigned channels_in) {
    if (tympan_is_depthwise(op, channels_in)) {
        return op->f > 1;
    }
    return op->groups > 1 || op->pad > 0 || (op->t > 1 && op->f < bands_in);
}

/* Bytes for patches, with the columns that pad them. */
static inline uint32_t tympan_scratch_bytes(const tympan_operator *op, unsigned bands_in, unsigned channels_in) {
    const bool needed = op->kind == TYMPAN_CONV2D && tympan_gathers(op, bands_in, channels_in);
    return needed ? (bands_in + 2u * op->pad) * op->t * channels_in : 0;
}

/* Unpack the record at byte `at`, whose source has `channels_in` channels. Returns where the next one is, or 0 where the
 * record is unknown or runs past the end. */
uint32_t tympan_operator_unpack(tympan_operator *op, const tympan_model *model, uint32_t at, unsigned channels_in);

/* Kept within a byte. */
static inline uint8_t tympan_clamp8(int32_t x) {
    if ((uint32_t)x > 255) {
        x = ~(x >> 31); /* 0 or all bits */
    }
    return (uint8_t)x;
}

/* What is added before the shift: the output's zero point and one half. */
static inline int32_t tympan_rounding(const tympan_operator *op) {
    return (int32_t)op->zero * (INT32_C(1) << op->shift) + (INT32_C(1) << op->shift >> 1);
}

/* Kernels write `frames` output frames. Each pointer leads to the first frame needed; values are [frame][band][channel].
 * `in`, `out`: the shapes. */
void tympan_conv2d(
    const tympan_model *model, const tympan_operator *op, const tympan_value *in, const tympan_value *out,
    const uint8_t *x, uint8_t *y, unsigned frames);
void tympan_max_pool(
    const tympan_operator *op, const tympan_value *in, const tympan_value *out, const uint8_t *x, uint8_t *y, unsigned frames);
/* `first`: index of the first output frame among those that the cells cover, which says where in its cell it lies. May
 * write over v, residual or an add's a. */
void tympan_gate(
    const tympan_model *model, const tympan_operator *op, const tympan_value *out,
    const uint8_t *v, const uint8_t *a, const uint8_t *residual, uint8_t *y, unsigned first, unsigned frames);
void tympan_add(
    const tympan_model *model, const tympan_operator *op, const tympan_value *out,
    const uint8_t *a, const uint8_t *b, uint8_t *y, unsigned first, unsigned frames);
/* Adds frames to the sums [channels]; then the mean of all of them. */
void tympan_global_sum(const tympan_value *in, const uint8_t *x, int32_t *sums, unsigned frames);
void tympan_global_mean(const tympan_operator *op, const int32_t *sums, uint8_t *y);
void tympan_dense(
    const tympan_model *model, const tympan_operator *op, const tympan_value *in, const uint8_t *x, int16_t *logits);
void tympan_softmax(const int16_t *logits, uint16_t *probabilities, unsigned classes);

#endif
