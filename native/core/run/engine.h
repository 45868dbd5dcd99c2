/* The steps of a run that the verifier shares. */
#ifndef TYMPAN_ENGINE_H
#define TYMPAN_ENGINE_H

#include "../tympan.h"

/* Forget all frames, and whose they were. */
void tympan_engine_reset(tympan_model *model);
/* Let frames count from the start of the next window of a listener, which ends `behind` feature frames before the frames
 * that are there. */
void tympan_engine_advance(tympan_model *model, unsigned behind);
/* Let the next strip of features be there. */
void tympan_engine_feed(tympan_model *model);
/* Drop the frames that nothing will read any more; those kept move to the start of their buffer, the last value first. */
void tympan_engine_slide(tympan_model *model);
/* Run the strips that are left of the window. */
void tympan_engine_finish(tympan_model *model, const uint8_t *features, uint16_t *probabilities);

#endif
