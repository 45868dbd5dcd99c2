/* The operators of a model: their records unpacked and verified, and the memory that takes. */
#ifndef TYMPAN_NETWORK_H
#define TYMPAN_NETWORK_H

#include "../tympan.h"

/* Bytes of tables and scratch for the network; whether every record is known and reads values that are there. */
tympan_status tympan_network_measure(const tympan_model *model, uint32_t *bytes);
/* Unpack the operators to `memory` (aligned to 4 bytes; tables, scratch, arena) and verify all but the plan: shapes fit, sums
 * stay within 32 bits. How each is computed is chosen, and its table made. */
tympan_status tympan_network_open(tympan_model *model, void *memory, uint32_t bytes);

#endif
