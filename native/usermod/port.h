// What the module needs of the chip that it runs on: memory, a timer that runs although the interpreter does not, pins.
#ifndef TYMPAN_PORT_H
#define TYMPAN_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Memory in the chip, which is faster than the interpreter's heap, aligned to 4 bytes; NULL where there is none, or where the rest of
// the firmware would be left with too little. It lives until it is released, also across a soft reset.
void *tympan_port_internal(size_t bytes);
void tympan_port_release(void *memory);

// Make the timer that tympan_port_arm starts, if it is not there yet. 0, or the port's code of the error.
int tympan_port_make_timer(void);
// Call tympan_deadman_expired once, ms from now, from an interrupt or another task; a later call replaces it, 0 ends it.
// 0, or the port's code of the error: then nothing is armed.
int tympan_port_arm(uint32_t ms);
void tympan_deadman_expired(void);

// Whether the chip has a pin of this number that can be driven.
bool tympan_port_is_output(intptr_t pin);
// Take a pin from its PWM and hold it at a level until it is configured again. Called when the timer expires.
void tympan_port_hold(unsigned pin, unsigned level);

#endif
