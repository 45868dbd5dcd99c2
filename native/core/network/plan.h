/* The memory plan: where in the arena each value has its buffer. Buffers may share bytes (aliasing) where the live ranges of
 * their frames do not meet; that is proved here, before any kernel runs. */
#ifndef TYMPAN_PLAN_H
#define TYMPAN_PLAN_H

#include "../tympan.h"

/* Whether a whole window runs without any frame being written over while it is live. */
tympan_status tympan_verify_plan(tympan_model *model);
/* Whether an endless stream does, of which every value's `step` is known. */
tympan_status tympan_verify_stream(tympan_model *model);

#endif
