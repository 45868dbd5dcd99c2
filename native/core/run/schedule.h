/* When each operator of a strip runs and which frames it needs; shared by the verifier and the engine. */
#ifndef TYMPAN_SCHEDULE_H
#define TYMPAN_SCHEDULE_H

#include "../operators/operator.h"

/* Output frames the operator can have produced, in all, from what its inputs have produced. */
unsigned tympan_ready(const tympan_operator *op, const tympan_value *values, const tympan_value *out);
/* The first frame of each input that the operator will still read once it has produced `produced` frames, if it is not to
 * produce all. */
typedef struct {
    unsigned source, other, residual;
} tympan_reads;
tympan_reads tympan_reads_next(const tympan_operator *op, const tympan_value *out, unsigned produced);
/* Set `needed` of every value: its first frame that some operator will still read. Operator `index` counts as having
 * produced `ready` frames where it works in place: it reads a frame before it writes over it. */
void tympan_find_needed(tympan_model *model, unsigned index, unsigned ready);

#endif
