/* The memory plan of a model, proved before it runs. */
#ifndef TYMPAN_PLAN_H
#define TYMPAN_PLAN_H

#include "../tympan.h"

/* Whether the strips of a whole window run in the arena without one value destroying another. */
tympan_status tympan_verify_plan(tympan_model *model);
/* Whether those of an endless stream do too, once `step` of every value is found; and each hop ends as it began. */
tympan_status tympan_verify_stream(tympan_model *model);

#endif
