/* The operators of a model: their records unpacked and verified, and the memory that takes. */
#ifndef TYMPAN_NETWORK_H
#define TYMPAN_NETWORK_H

#include "../tympan.h"

/* Bytes of tables for the network; whether every record is known and reads values that are there. */
tympan_status tympan_network_measure(const tympan_model *model, uint32_t *bytes);
/* Make the tables in `memory` (aligned to 4 bytes) and verify all but the plan: shapes fit, sums stay within 32 bits. */
tympan_status tympan_network_open(tympan_model *model, void *memory);

#endif
