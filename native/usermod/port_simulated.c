// The port where there is no hardware (unix, qemu): module tympan_simulated is an ESP32-S2's pins, clock and memory.
//
// Time is what the stand-in for `machine` and `time` says has passed (advance). In the unix port a busy loop, in which
// nobody says so, is timed by the processor time it burns, with some to spare: what is computed takes no virtual time.

#include "py/runtime.h"

#include "port.h"

#ifdef __unix__
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>
#endif

enum { PINS = 64, TICK_MS = 10, SPARE_MS = 300 };

static uint16_t duty[PINS]; // of 65535
static volatile uint8_t held[PINS];
static volatile uint32_t armed_ms, left_us, burnt_ms;
static mp_int_t make_error, start_error; // what the timer's functions are to fail with

// --- internal memory: only beside an operating system's; an emulated board has one kind -------------------------------

static size_t internal_limit = 100 * 1024; // some of what an ESP32-S2 has
static size_t internal_used;

void *tympan_port_internal(size_t bytes) {
    #ifdef __unix__
    if (internal_used + bytes <= internal_limit) {
        size_t *memory = malloc(sizeof(size_t) + bytes);
        if (memory) {
            internal_used += bytes;
            *memory = bytes;
            return memory + 1;
        }
    }
    #endif
    return NULL;
}

void tympan_port_release(void *memory) {
    #ifdef __unix__
    if (memory) {
        size_t *start = (size_t *)memory - 1;
        internal_used -= *start;
        free(start);
    }
    #endif
}

// internal(limit): how many bytes there are of it from now on; returns how many are in use
static mp_obj_t internal(mp_obj_t limit_in) {
    internal_limit = mp_obj_get_int(limit_in);
    return mp_obj_new_int_from_uint(internal_used);
}
static MP_DEFINE_CONST_FUN_OBJ_1(internal_obj, internal);

// --- the timer ----------------------------------------------------------------------------------------------------------

#ifdef __unix__
static void burn(int signal) {
    burnt_ms += TICK_MS;
    if (armed_ms && burnt_ms >= armed_ms + SPARE_MS) {
        armed_ms = 0;
        tympan_deadman_expired();
        static const char line[] = "@deadman\n";
        (void)!write(STDOUT_FILENO, line, sizeof line - 1);
    }
}

static void start_ticking(void) {
    static bool ticking;
    if (!ticking) {
        ticking = true;
        struct sigaction action;
        memset(&action, 0, sizeof action);
        action.sa_handler = burn;
        action.sa_flags = SA_RESTART;
        sigaction(SIGVTALRM, &action, NULL);
        const struct itimerval every = { { 0, 1000 * TICK_MS }, { 0, 1000 * TICK_MS } };
        setitimer(ITIMER_VIRTUAL, &every, NULL);
    }
}
#endif

int tympan_port_make_timer(void) {
    return make_error;
}

int tympan_port_arm(uint32_t ms) {
    armed_ms = 0; // nothing expires in between
    if (ms > 0 && start_error) {
        return start_error;
    }
    left_us = 1000 * ms;
    burnt_ms = 0;
    #ifdef __unix__
    if (ms > 0) {
        start_ticking();
    }
    #endif
    armed_ms = ms;
    return 0;
}

// fail(make, start): errors with which the timer is not made, or not started, from now on; 0: it is
static mp_obj_t fail(mp_obj_t make_in, mp_obj_t start_in) {
    make_error = mp_obj_get_int(make_in);
    start_error = mp_obj_get_int(start_in);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(fail_obj, fail);

// advance(us): time passes; after how many of them the dead-man acted, or -1
static mp_obj_t advance(mp_obj_t us_in) {
    uint32_t us = mp_obj_get_int(us_in), left = left_us;
    burnt_ms = 0;
    if (armed_ms == 0 || us < left) {
        left_us -= armed_ms ? us : 0;
        return MP_OBJ_NEW_SMALL_INT(-1);
    }
    armed_ms = 0;
    tympan_deadman_expired();
    return MP_OBJ_NEW_SMALL_INT(left);
}
static MP_DEFINE_CONST_FUN_OBJ_1(advance_obj, advance);

// --- pins ---------------------------------------------------------------------------------------------------------------

// 22 to 25 are not there, 46 is an input.
bool tympan_port_is_output(intptr_t pin) {
    return (pin >= 0 && pin <= 21) || (pin >= 26 && pin <= 45);
}

void tympan_port_hold(unsigned pin, unsigned level) {
    duty[pin] = level ? 65535 : 0;
    held[pin] = 1;
}

static unsigned pin_number(mp_obj_t pin_in) {
    mp_int_t pin = mp_obj_get_int(pin_in);
    if (pin < 0 || pin >= PINS) {
        mp_raise_ValueError(MP_ERROR_TEXT("pin"));
    }
    return pin;
}

// get(pin): its duty, of 65535
static mp_obj_t get(mp_obj_t pin_in) {
    return MP_OBJ_NEW_SMALL_INT(duty[pin_number(pin_in)]);
}
static MP_DEFINE_CONST_FUN_OBJ_1(get_obj, get);

// put(pin, duty): what a PWM or a Pin gives it; without effect while the dead-man holds it. Returns whether it had any.
static mp_obj_t put(mp_obj_t pin_in, mp_obj_t duty_in) {
    unsigned pin = pin_number(pin_in);
    if (!held[pin]) {
        duty[pin] = mp_obj_get_int(duty_in);
    }
    return mp_obj_new_bool(!held[pin]);
}
static MP_DEFINE_CONST_FUN_OBJ_2(put_obj, put);

// configure(pin): ends a hold
static mp_obj_t configure(mp_obj_t pin_in) {
    held[pin_number(pin_in)] = 0;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(configure_obj, configure);

static const mp_rom_map_elem_t globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_tympan_simulated) },
    { MP_ROM_QSTR(MP_QSTR_internal), MP_ROM_PTR(&internal_obj) },
    { MP_ROM_QSTR(MP_QSTR_fail), MP_ROM_PTR(&fail_obj) },
    { MP_ROM_QSTR(MP_QSTR_advance), MP_ROM_PTR(&advance_obj) },
    { MP_ROM_QSTR(MP_QSTR_get), MP_ROM_PTR(&get_obj) },
    { MP_ROM_QSTR(MP_QSTR_put), MP_ROM_PTR(&put_obj) },
    { MP_ROM_QSTR(MP_QSTR_configure), MP_ROM_PTR(&configure_obj) },
};
static MP_DEFINE_CONST_DICT(globals, globals_table);

const mp_obj_module_t tympan_simulated_module = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&globals,
};
MP_REGISTER_MODULE(MP_QSTR_tympan_simulated, tympan_simulated_module);
