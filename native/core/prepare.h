/* How operators are computed, and the constants that their kernels take ready-made. */
#ifndef TYMPAN_PREPARE_H
#define TYMPAN_PREPARE_H

#include "operators.h"

enum { TYMPAN_SHIFT = 16 }; /* what some kernels shift sums by: a shift by a constant takes one instruction, others two */

/* Bytes of memory for an operator's kernel, multiples of 4. */
typedef struct {
    uint32_t prepared, scratch;
} tympan_needs;

/* Choose how an operator that reads [bands_in][channels_in] is computed. What is prepared is 0 where all is made as it runs. */
tympan_needs tympan_choose(const tympan_model *model, tympan_operator *op, unsigned bands_in, unsigned channels_in);
/* Make the table of a verified operator that has one. */
void tympan_prepare(const tympan_model *model, const tympan_operator *op);

/* A channel of a gate or an add: bias, rounding, and what zero points contribute, but for what depends on the attention;
 * both factors. */
typedef struct {
    int32_t start;
    int16_t mult, other;
} tympan_affine;

/* Those of all channels, the starts times 2^up. */
void tympan_prepare_affine(const tympan_model *model, const tympan_operator *op, tympan_affine *channels, unsigned up);

/* A convolution's weights in blocks of a few channels side by side: where the sums start [n], then weights as int16
 * [element of a patch][n]. They come from a table, or are made as they are asked for. */
typedef struct {
    const int32_t *table;  /* the next block, or NULL */
    int32_t *scratch;      /* where blocks are made else */
    const int8_t *weights; /* of the next channel, as the file has them */
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

#endif
