/* The tables that kernels take, made when a model is opened. */
#ifndef TYMPAN_PREPARE_H
#define TYMPAN_PREPARE_H

#include "operators.h"

/* Bytes of an operator's table, a multiple of 4. */
uint32_t tympan_prepared_bytes(const tympan_operator *op, unsigned channels_in);
/* Make the table of a verified operator, if it takes one, at `start`. */
void tympan_prepare(const tympan_model *model, const tympan_operator *op, int32_t *start);

#endif
