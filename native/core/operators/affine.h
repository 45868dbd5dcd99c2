/* What a gate and an add share: two factors and a bias a channel, and another input whose cells cover several values. */
#ifndef TYMPAN_AFFINE_H
#define TYMPAN_AFFINE_H

#include "sums.h"

/* What some kernels shift sums by, where these may be scaled for it: a shift by a constant takes one instruction, not two. */
enum { TYMPAN_SHIFT = 16 };

/* A channel: bias, rounding, and what zero points contribute, but for what depends on a gate's attention; both factors. */
typedef struct {
    int32_t start;
    int16_t mult, other;
} tympan_affine;

/* Those of all channels, the starts times 2^up; gated: the source is centred by the kernel. */
void tympan_prepare_affine(const tympan_model *model, const tympan_operator *op, tympan_affine *channels, unsigned up, bool gated);

/* Whether each cell of the other input covers cell_t frames and cell_f bands of the source, without remainder: up to `most`
 * frames in all, of which as many come before the source's as behind them. Fills in the lag. */
bool tympan_tiles(tympan_operator *op, const tympan_value *values, uint32_t most);

#endif
