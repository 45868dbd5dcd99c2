/* The checks of tympan_model_open that concern operators; each returns the first fault it finds. */
#ifndef TYMPAN_VERIFY_H
#define TYMPAN_VERIFY_H

#include "operators.h"

/* Whether the operator's parameters fit the values it reads; fills in its lag and the shape of the value it writes. */
tympan_status tympan_verify_shape(tympan_operator *op, const tympan_value *values, tympan_value *out);
/* Bands of what the operator writes, 0 where its kernel does not fit those it reads. */
unsigned tympan_bands_out(const tympan_operator *op, unsigned bands);
/* Whether what a convolution, a dense layer, a gate or an add forms fits 32 bits when it is 2^up times itself, where inputs
 * lie up to `in`, `other` and `residual` from their zero points. length: weights of a channel. */
bool tympan_sums_fit(
    const tympan_model *model, const tympan_operator *op, unsigned length, unsigned up, uint32_t in, uint32_t other, uint32_t residual);
/* Whether every sum the operator forms fits 32 bits, whatever the input. */
tympan_status tympan_verify_range(const tympan_model *model, const tympan_operator *op);
/* Whether the strips of a whole window run in the arena without one value destroying another. */
tympan_status tympan_verify_plan(tympan_model *model);
/* Whether those of an endless stream do too, once `step` of every value is found; and each hop ends as it began. */
tympan_status tympan_verify_stream(tympan_model *model);

/* Multiply-adds of an operator in one window, or the numbers it reads where those are more. */
uint64_t tympan_work(const tympan_operator *op, const tympan_value *values, const tympan_value *out);

#endif
