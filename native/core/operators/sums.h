/* The proof that accumulators fit 32 bits, whatever the input: kernels form them without a check. It adds up the magnitudes of
 * all products that an output can be made of, of the bias and of the rounding. */
#ifndef TYMPAN_SUMS_H
#define TYMPAN_SUMS_H

#include "operator.h"

/* Whether the shift of the requantisation is one that kernels take. */
static inline bool tympan_shifts(const tympan_operator *op) {
    return op->shift >= 1 && op->shift <= 22;
}

/* Bias and `length` weights a channel, times the channel's multiplier: a convolution, a dense layer. */
bool tympan_weighted_fits(const tympan_model *model, const tympan_operator *op, unsigned length, uint32_t in);
/* Two factors and a bias a channel, a residual, all of it 2^up times: a gate, an add. */
bool tympan_affine_fits(const tympan_model *model, const tympan_operator *op, unsigned up, const tympan_reach *reach);

#endif
