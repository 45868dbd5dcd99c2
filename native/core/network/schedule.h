/* When each operator of a strip runs, which frames it reads, and what stays in memory: the same for a run (run/engine.c) and
 * for the proof that a run is safe (plan.c).
 *
 * A window passes through the network in strips of a few feature frames. `produced` counts the frames of a value that have
 * been computed; its buffer holds frames `base` to `produced`; frames from `needed` on are live: some operator will still
 * read them. After each strip the live frames slide to the start of their buffer. */
#ifndef TYMPAN_SCHEDULE_H
#define TYMPAN_SCHEDULE_H

#include "../operators/operator.h"

/* Forget all frames, and which stream they were of. */
void tympan_schedule_reset(tympan_model *model);
/* Count frames from the start of a stream's next window on: one that ends `behind` feature frames before the newest. */
void tympan_schedule_advance(tympan_model *model, unsigned behind);
/* Let the next strip of features be there. */
void tympan_schedule_feed(tympan_model *model);
/* Move the live frames to the start of their buffers, the last value's first; the others are dropped. */
void tympan_schedule_slide(tympan_model *model);

/* Frames of its output that the operator can have produced, in all, from what its inputs have. */
unsigned tympan_schedule_ready(const tympan_operator *op, const tympan_value *values, const tympan_value *out);

/* The first frame of each input that an operator still reads once it has produced `produced` frames, if not all. */
typedef struct {
    unsigned source, other, residual;
} tympan_reads;
tympan_reads tympan_schedule_reads(const tympan_operator *op, const tympan_value *out, unsigned produced);
/* Find `needed` of every value. Operator `index` is about to produce frames up to `ready`: where it works in place, what it
 * reads for these is no longer live, for it reads each number before it writes over it. operator_count: none is. */
void tympan_schedule_find_needed(tympan_model *model, unsigned index, unsigned ready);

/* The start of a value's buffer. */
static inline uint8_t *tympan_buffer(const tympan_model *model, const tympan_value *value) {
    return model->arena + 4u * value->offset;
}

#endif
