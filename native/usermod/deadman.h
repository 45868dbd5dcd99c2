#ifndef TYMPAN_DEADMAN_H
#define TYMPAN_DEADMAN_H

#include "py/obj.h"

extern const mp_obj_type_t tympan_deadman_type;

#endif
