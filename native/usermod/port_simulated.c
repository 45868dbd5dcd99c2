// The dead-man where there is no hardware (unix, qemu): module tympan_simulated is the chip's pins and clock.
//
// Time is what the stand-in for `machine` and `time` says has passed (advance). In the unix port a busy loop, in which
// nobody says so, is timed by the processor time it burns, with some to spare: what is computed takes no virtual time.

#include "py/runtime.h"

#include "deadman.h"

#ifdef __unix__
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>
#endif

enum { PINS = 64, TICK_MS = 10, SPARE_MS = 300 };

static uint16_t duty[PINS]; // of 65535
static volatile uint8_t held[PINS];
static volatile uint32_t armed_ms, left_us, burnt_ms;

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
        const struct itimerval every = {{0, 1000 * TICK_MS}, {0, 1000 * TICK_MS}};
        setitimer(ITIMER_VIRTUAL, &every, NULL);
    }
}
#endif

void tympan_port_arm(uint32_t ms) {
    armed_ms = 0; // nothing expires in between
    left_us = 1000 * ms;
    burnt_ms = 0;
    #ifdef __unix__
    if (ms > 0) {
        start_ticking();
    }
    #endif
    armed_ms = ms;
}

void tympan_port_hold(unsigned pin, unsigned level) {
    duty[pin] = level ? 65535 : 0;
    held[pin] = 1;
}

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
