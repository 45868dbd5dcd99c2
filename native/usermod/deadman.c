// Class tympan.Deadman: stops the motors when the interpreter no longer says that all is well (stubs: tympan.pyi).
//
// MicroPython's own timers call Python, which a stalled interpreter never does; here the port's timer acts on the pins.

#include <string.h>

#include "py/runtime.h"

#include "deadman.h"
#include "port.h"

enum { PINS = 8, LONGEST_MS = 60000 };

// One for the whole chip, outside the heap: a soft reset does not disarm it.
static uint8_t pins[PINS];
static uint8_t pin_count, pin_level;
static volatile uint32_t trips;

void tympan_deadman_expired(void) {
    for (unsigned i = 0; i < pin_count; i++) {
        tympan_port_hold(pins[i], pin_level);
    }
    trips++;
}

static const mp_obj_base_t the_deadman = { &tympan_deadman_type };

// Deadman(pins, level=0)
static mp_obj_t deadman_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 1, 2, false);
    size_t count;
    mp_obj_t *items;
    mp_obj_get_array(args[0], &count, &items);
    if (count > PINS) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("at most %d pins"), PINS);
    }
    uint8_t wanted[PINS];
    for (size_t i = 0; i < count; i++) {
        mp_int_t pin = mp_obj_get_int(items[i]);
        if (!tympan_port_is_output(pin)) {
            mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("GPIO %d is no output of this chip"), (int)pin);
        }
        wanted[i] = pin;
    }
    bool level = n_args > 1 && mp_obj_is_true(args[1]);
    int error = tympan_port_make_timer();
    if (error) {
        mp_raise_msg_varg(&mp_type_OSError, MP_ERROR_TEXT("no timer for the dead-man: error %d of the chip"), error);
    }
    tympan_port_arm(0);
    memcpy(pins, wanted, count);
    pin_count = count;
    pin_level = level;
    return MP_OBJ_FROM_PTR(&the_deadman);
}

// feed(ms): all is well for so long; 0: until further notice
static mp_obj_t deadman_feed(mp_obj_t self_in, mp_obj_t ms_in) {
    mp_int_t ms = mp_obj_get_int(ms_in);
    if (ms < 0 || ms > LONGEST_MS) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("ms: 0 to %d"), LONGEST_MS);
    }
    int error = tympan_port_arm(ms);
    if (error) {
        mp_raise_msg_varg(&mp_type_OSError, MP_ERROR_TEXT("the dead-man was not armed: error %d of the chip"), error);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(deadman_feed_obj, deadman_feed);

// trips(): how often it stopped the pins since the chip started
static mp_obj_t deadman_trips(mp_obj_t self_in) {
    return MP_OBJ_NEW_SMALL_INT(trips & 0x3fffffff);
}
static MP_DEFINE_CONST_FUN_OBJ_1(deadman_trips_obj, deadman_trips);

static const mp_rom_map_elem_t deadman_locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR_feed), MP_ROM_PTR(&deadman_feed_obj) },
    { MP_ROM_QSTR(MP_QSTR_trips), MP_ROM_PTR(&deadman_trips_obj) },
};
static MP_DEFINE_CONST_DICT(deadman_locals, deadman_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(
    tympan_deadman_type, MP_QSTR_Deadman, MP_TYPE_FLAG_NONE, make_new, deadman_make_new, locals_dict, &deadman_locals);
