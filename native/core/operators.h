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

/* How a convolution or a gate is computed. */
enum tympan_algorithm {
    TYMPAN_DIRECT,    /* what an output position needs, its patch, is a run of bytes of the input */
    TYMPAN_GATHERED,  /* patches are copied together first */
    TYMPAN_DEPTHWISE, /* each channel reads one of its own; patches of one band are as the input is, others are gathered */
    TYMPAN_WINOGRAD,  /* operators/winograd.c; few frames at a time are gathered */
    TYMPAN_CELLS,     /* gate: in place, 2 x 2 cells at a time, with a shift by 16 */
};

/* One record of the file, unpacked. `t` and `f` are a kernel's, a cell's or a factor's frames and bands. No pointers, so
 * that tables are as large on any chip. */
struct tympan_operator {
    uint8_t kind, source, zero, shift;
    uint8_t other, residual; /* values, or TYMPAN_NONE */
    uint8_t channels;        /* written */
    uint8_t algorithm;
    uint8_t t, f, pad, stride_t, stride_f, groups, bias_shift;
    uint16_t lag;       /* frames of an add's other input before the first it reads; follows from the shapes */
    uint16_t constants; /* where its constants begin in the records: units of 4 bytes */
    uint32_t prepared;  /* where its table begins among those prepared: int32; TYMPAN_AS_IT_RUNS: there is none */
};

#define TYMPAN_AS_IT_RUNS UINT32_MAX

/* Biases [channels]. What the file holds is aligned to 4 bytes, and so is every record. */
static inline const int16_t *tympan_biases(const tympan_model *model, const tympan_operator *op) {
    return (const int16_t *)(const void *)(model->records + 4u * op->constants);
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

/* Multiplier of a gate's residual, and of a global average pool: the last number but one before their constants. */
static inline int32_t tympan_residual_mult(const tympan_model *model, const tympan_operator *op) {
    return *(tympan_biases(model, op) - 2);
}

static inline int32_t tympan_mean_mult(const tympan_model *model, const tympan_operator *op) {
    return (uint16_t)tympan_residual_mult(model, op);
}

/* Whether a convolution copies patches together, as [kernel band][kernel frame][channel]. */
static inline bool tympan_gathers(const tympan_operator *op) {
    return op->algorithm == TYMPAN_GATHERED || op->algorithm == TYMPAN_WINOGRAD || (op->algorithm == TYMPAN_DEPTHWISE && op->f > 1);
}

/* Whether a convolution multiplies its weights with all positions of a strip at once, or with those of a frame. */
static inline bool tympan_strip_at_once(const tympan_operator *op, unsigned bands_out) {
    return !tympan_gathers(op) && (bands_out == 1 || (op->f == 1 && op->stride_f == 1 && op->stride_t == 1));
}

/* Unpack the record at byte `at`, whose source has `channels_in` channels. Returns where the next one is, or 0 where the
 * record is unknown or runs past the end. */
uint32_t tympan_operator_unpack(tympan_operator *op, const tympan_model *model, uint32_t at, unsigned channels_in);

/* Kept within a byte. */
static inline uint8_t tympan_clamp8(int32_t x) {
    if ((uint32_t)x > 255) {
        x = (int32_t)((uint32_t)x >> 31) - 1; /* 0 or all bits */
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
void tympan_global_mean(const tympan_model *model, const tympan_operator *op, const int32_t *sums, uint8_t *y);
void tympan_dense(
    const tympan_model *model, const tympan_operator *op, const tympan_value *in, const uint8_t *x, int16_t *logits);
void tympan_softmax(const int16_t *logits, uint16_t *probabilities, unsigned classes);

#endif
