/* The constants of a convolution as its kernels take them: a block holds those of a few output channels. Blocks are made from
 * the file's constants, either once, when the model is opened, in a table, or again at each run, in the scratch buffer. */
#ifndef TYMPAN_BLOCKS_H
#define TYMPAN_BLOCKS_H

#include "../operator.h"

/* Frames of the kernel, and how far apart in x: together they span op->t. */
static inline unsigned tympan_kernel_frames(const tympan_operator *op) {
    return op->cell_f;
}

static inline unsigned tympan_dilation(const tympan_operator *op) {
    return op->cell_t;
}

/* Whether patches are copied to the scratch buffer, as [kernel band][kernel frame][channel]. */
static inline bool tympan_gathers(const tympan_operator *op) {
    return op->algorithm >= TYMPAN_GATHERED || (op->algorithm == TYMPAN_DEPTHWISE && op->f > 1);
}

/* Whether a block, once made, is multiplied with all output positions of a strip: their patches must be equally far apart in
 * memory from the first frame to the last. Else it is made, or read, again for each frame. */
static inline bool tympan_strip_at_once(const tympan_operator *op, unsigned bands_out) {
    return !tympan_gathers(op) && (bands_out == 1 || (op->f == 1 && op->stride_f == 1 && op->stride_t == 1));
}

/* The blocks of a convolution, one after the other. A block of n channels: int32 [n], what their accumulators start with (bias,
 * rounding, zero points), then int16 [element of a patch][n], their weights times their multipliers. */
typedef struct {
    const int32_t *table;  /* the next block of those made when the model was opened, or NULL */
    int32_t *scratch;      /* where the next block is made, without a table */
    tympan_weights weights; /* from the next channel on */
    const int16_t *biases;
    const uint8_t *mults;
    int32_t rounding, zero;
    unsigned bias_shift, length; /* elements of a patch */
    unsigned runs, rows, run;    /* patches are [runs][rows][run], the file's weights [rows][runs][run] */
    bool depthwise;
} tympan_blocks;

tympan_blocks tympan_first_block(const tympan_model *model, const tympan_operator *op, unsigned channels_in);
/* The next `n` channels. */
const int32_t *tympan_next_block(tympan_blocks *blocks, unsigned n);

/* Channels of the next block, of `left` in a group. */
static inline unsigned tympan_block(bool depthwise, unsigned left) {
    if (depthwise) {
        return left < 4 ? left : 4;
    }
    return left == 3 || left > 4 ? 3 : left > 1 ? 2 : 1; /* two pairs rather than three and one */
}

static inline uint32_t tympan_block_bytes(unsigned n, unsigned length) {
    return 4 * n + tympan_round4(2 * n * length);
}

/* Of the patches that a convolution copies together, with the columns that pad them. */
static inline uint32_t tympan_patches_bytes(const tympan_operator *op, unsigned bands_in, unsigned channels_in) {
    return tympan_gathers(op) ? tympan_round4((bands_in + 2u * op->pad) * tympan_kernel_frames(op) * channels_in) : 0;
}

#endif
