/* An operator as the loader unpacks it from its record, and the constants that stay in the file. What each kind computes:
 * docs/semantics.md, section 5. */
#ifndef TYMPAN_OPERATOR_H
#define TYMPAN_OPERATOR_H

#include <stdbool.h>

#include "../tympan.h"
#include "list.h"

#define TYMPAN_NONE 255 /* an input that is not there */

/* How a convolution or a gate is computed. */
enum tympan_algorithm {
    TYMPAN_DIRECT,    /* what an output position needs, its patch, is a run of bytes of the input */
    TYMPAN_DEPTHWISE, /* each channel reads one of its own; patches of one band are as the input is, others are gathered */
    TYMPAN_GATHERED,  /* patches are copied together first */
    TYMPAN_WINOGRAD,  /* convolution/winograd.c; few frames at a time are gathered */
    TYMPAN_CELLS,     /* gate: in place, 2 x 2 cells at a time, with a shift by 16 */
};

/* One record of the file, unpacked. No pointers, so that tables are as large on any chip. */
struct tympan_operator {
    uint8_t kind, traits;
    uint8_t source, other, residual; /* values that it reads; the last two may be TYMPAN_NONE */
    uint8_t zero, shift;             /* of what it writes: the zero point, what sums are shifted right by */
    uint8_t channels;                /* that it writes */
    uint8_t t, f;                    /* frames and bands of the source behind one cell of its output: a kernel's, a pool's */
    uint8_t stride_t, stride_f;      /* from one of those cells to the next */
    uint8_t pad, groups;             /* of a convolution: columns of zero points at either edge; groups of channels */
    uint8_t cell_t, cell_f;          /* frames and bands of its output that a cell of the other input covers; a convolution has
                                        dilation and frames of its kernel here (convolution/blocks.h) */
    uint8_t bias_shift, algorithm;
    uint16_t constants; /* where its constants begin in the records: units of 4 bytes */
    union {
        uint32_t lag;      /* where there is another input: frames that its cells cover before the first that is read */
        uint32_t prepared; /* of a convolution: where its table begins among those prepared: int32; or TYMPAN_AS_IT_RUNS */
    } own;
};

#define TYMPAN_AS_IT_RUNS UINT32_MAX

/* One run of an operator's kernel: it computes `frames` frames of its output, from frame `first` of the window on. Pointers are
 * to the first frame that is read or written; values are [frame][band][channel]. */
typedef struct {
    const tympan_value *in;  /* the shape of what x points to */
    const tympan_value *out; /* the shape of what y points to */
    const uint8_t *x;        /* the source, from the first frame that the kernel reads */
    const uint8_t *other;    /* the other input of a gate or an add, from the cell of output frame `first`; or NULL */
    const uint8_t *residual; /* a value shaped like x, of the same frames as y; or NULL */
    uint8_t *y;              /* the output; may alias x or residual where there is `other` */
    unsigned first, frames;
} tympan_pass;

/* The largest magnitude of each of an operator's inputs, less its zero point; `spare`: what else a sum may grow by. */
typedef struct {
    uint32_t in, other, residual, spare;
} tympan_reach;

/* Bytes of memory that kernels take, multiples of 4: tables made when the model is opened, one behind the other, and a scratch
 * buffer that all of them use. */
typedef struct {
    uint32_t prepared, scratch;
} tympan_needs;

static inline void tympan_need_scratch(tympan_needs *needs, uint32_t bytes) {
    needs->scratch = needs->scratch > bytes ? needs->scratch : bytes;
}

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

/* Reads the weights of a convolution or a dense layer, [channels][t][f][channels in / groups], from the first to the last.
 * Nothing else knows how the file stores them. */
typedef struct {
    const int8_t *next;
} tympan_weights;

static inline tympan_weights tympan_first_weight(const tympan_model *model, const tympan_operator *op) {
    const tympan_weights first = {(const int8_t *)(tympan_mults(model, op) + op->channels)};
    return first;
}

static inline int32_t tympan_next_weight(tympan_weights *w) {
    return *w->next++;
}

/* Multiplier of a gate's residual, and of a mean: the last number but one before their constants. */
static inline int32_t tympan_residual_mult(const tympan_model *model, const tympan_operator *op) {
    return *(tympan_biases(model, op) - 2);
}

static inline int32_t tympan_mean_mult(const tympan_model *model, const tympan_operator *op) {
    return (uint16_t)tympan_residual_mult(model, op);
}

static inline uint32_t tympan_round4(uint32_t bytes) {
    return (bytes + 3u) & ~UINT32_C(3);
}

/* Bytes of one frame of a value. */
static inline uint32_t tympan_frame_bytes(const tympan_value *value) {
    return (uint32_t)value->bands * value->channels * value->bytes;
}

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

/* ---- Answers that most kinds give to what kinds.c asks; `name` as in list.h -------------------------------------- */

/* Its work is what it reads. */
#define TYMPAN_READS_ONCE(name) \
    static inline uint64_t tympan_##name##_work( \
        const tympan_operator *op, const tympan_value *in, const tympan_value *out, uint32_t read) { \
        (void)op, (void)in, (void)out; \
        return read; \
    }

/* It forms no sums that could be too large. */
#define TYMPAN_FORMS_NO_SUMS(name) \
    static inline bool tympan_##name##_range(const tympan_model *model, const tympan_operator *op, tympan_reach *reach) { \
        (void)model, (void)op, (void)reach; \
        return true; \
    }

/* Its kernel takes no table. */
#define TYMPAN_TAKES_NO_TABLE(name) \
    static inline void tympan_##name##_prepare(const tympan_model *model, const tympan_operator *op) { \
        (void)model, (void)op; \
    }

/* Nor any scratch. */
#define TYMPAN_TAKES_NO_MEMORY(name) \
    TYMPAN_TAKES_NO_TABLE(name) \
    static inline void tympan_##name##_choose( \
        const tympan_model *model, tympan_operator *op, unsigned bands_in, unsigned channels_in, tympan_needs *needs) { \
        (void)model, (void)op, (void)bands_in, (void)channels_in, (void)needs; \
    }

#endif
