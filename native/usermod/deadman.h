// What the dead-man needs of a port: a timer that runs although the interpreter does not, and power over pins.
#ifndef TYMPAN_DEADMAN_H
#define TYMPAN_DEADMAN_H

#include "py/obj.h"

// Call tympan_deadman_expired once, ms from now, from an interrupt or another task; a later call replaces it, 0 ends it.
void tympan_port_arm(uint32_t ms);
// Take a pin from its PWM and hold it at a level until it is configured again. Called when the timer expires.
void tympan_port_hold(unsigned pin, unsigned level);

void tympan_deadman_expired(void);
extern const mp_obj_type_t tympan_deadman_type;

#endif
