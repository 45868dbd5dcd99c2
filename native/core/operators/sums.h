/* The proof that accumulators fit 32 bits, whatever the input: kernels form them without a check. It adds up the magnitudes of
 * all products that an output can be made of, of the bias and of the rounding. */
#ifndef TYMPAN_SUMS_H
#define TYMPAN_SUMS_H

#include "operator.h"

/* Bias and `length` weights a channel, times the channel's multiplier: a convolution, a dense layer. */
bool tympan_weighted_fits(const tympan_model *model, const tympan_operator *op, unsigned length, uint32_t in);
/* The sum of `count` numbers, times a multiplier: a mean. */
bool tympan_mean_fits(const tympan_model *model, const tympan_operator *op, uint32_t count, uint32_t in);
/* Two factors and a bias a channel, a residual, all of it 2^up times: a gate, an add. */
bool tympan_affine_fits(const tympan_model *model, const tympan_operator *op, unsigned up, const tympan_reach *reach);

#endif
