/* What the loader and the engine ask of an operator, whatever its kind. */
#ifndef TYMPAN_KINDS_H
#define TYMPAN_KINDS_H

#include "operator.h"

/* Unpack the record at byte `at`, whose source has `channels_in` channels. Returns where the next one is, or 0 where the
 * record is unknown or runs past the end. */
uint32_t tympan_operator_unpack(tympan_operator *op, const tympan_model *model, uint32_t at, unsigned channels_in);
/* Bands of what the operator writes, 0 where its kernel does not fit those it reads. */
unsigned tympan_operator_bands(const tympan_operator *op, unsigned bands);
/* Whether its parameters fit the values it reads; fills in its lag and the shape of the value it writes. */
tympan_status tympan_operator_shape(tympan_operator *op, const tympan_value *values, tympan_value *out);
/* Multiply-adds in one window, or the numbers it reads where those are more. */
uint64_t tympan_operator_work(const tympan_operator *op, const tympan_value *values, const tympan_value *out);
/* Whether every sum it forms fits 32 bits, whatever the input. */
tympan_status tympan_operator_range(const tympan_model *model, const tympan_operator *op);
/* Choose how an operator that reads [bands_in][channels_in] is computed, from its record alone; adds what that takes to `needs`. */
void tympan_operator_choose(
    const tympan_model *model, tympan_operator *op, unsigned bands_in, unsigned channels_in, tympan_needs *needs);
/* Make the table of a verified operator that has one. */
void tympan_operator_prepare(const tympan_model *model, const tympan_operator *op);
void tympan_operator_run(tympan_model *model, const tympan_operator *op, const tympan_pass *pass);

#endif
