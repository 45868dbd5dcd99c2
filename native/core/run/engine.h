#ifndef TYMPAN_ENGINE_H
#define TYMPAN_ENGINE_H

#include "../tympan.h"

/* Run the strips that are left of the window; features: its first frame. */
void tympan_engine_finish(tympan_model *model, const uint8_t *features, uint16_t *probabilities);

#endif
