/* How operators are computed, and the tables that their kernels take. */
#ifndef TYMPAN_PREPARE_H
#define TYMPAN_PREPARE_H

#include "blocks.h"

/* Bytes of memory for an operator's kernel, multiples of 4. */
typedef struct {
    uint32_t prepared, scratch;
} tympan_needs;

/* Choose how an operator that reads [bands_in][channels_in] is computed. What is prepared is 0 where all is made as it runs. */
tympan_needs tympan_choose(const tympan_model *model, tympan_operator *op, unsigned bands_in, unsigned channels_in);
/* Make the table of a verified operator that has one. */
void tympan_prepare(const tympan_model *model, const tympan_operator *op);
/* Whether an operator's sums fit 32 bits when they are scaled for a shift by TYMPAN_SHIFT, whatever the input and its zero
 * point. length: weights of a channel. */
bool tympan_fits_shift(const tympan_model *model, const tympan_operator *op, unsigned length);

#endif
