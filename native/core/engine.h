/* The steps of a run that the verifier shares. */
#ifndef TYMPAN_ENGINE_H
#define TYMPAN_ENGINE_H

#include "tympan.h"

/* Forget all frames. */
void tympan_engine_reset(tympan_model *model);
/* Let the next strip of features be there. */
void tympan_engine_feed(tympan_model *model);
/* Drop the frames that nothing will read any more; those kept move to the start of their buffer. */
void tympan_engine_slide(tympan_model *model);

#endif
