// The port to ESP32 chips. Compiled and linked with the chip's own tools, not yet run on one.

#include "port.h"

#include "driver/gpio.h"
#include "esp_heap_caps.h"
#include "esp_rom_gpio.h"
#include "esp_timer.h"
#include "soc/gpio_sig_map.h"

// Of the internal RAM so much stays for others: 39 KB are I2S's buffers, the rest is for stacks, USB and drivers. A
// microphone that cannot be opened is worse than a model that is slow.
enum { OTHERS = 64 * 1024, INTERNAL = MALLOC_CAP_INTERNAL | MALLOC_CAP_8BIT };

void *tympan_port_internal(size_t bytes) {
    if (heap_caps_get_free_size(INTERNAL) < OTHERS + bytes) {
        return NULL;
    }
    return heap_caps_malloc(bytes, INTERNAL);
}

void tympan_port_release(void *memory) {
    heap_caps_free(memory);
}

// A one-shot timer, whose task outranks MicroPython's. While the flash is erased or written that task waits too.
static esp_timer_handle_t timer;

static void expired(void *context) {
    (void)context;
    tympan_deadman_expired();
}

int tympan_port_make_timer(void) {
    const esp_timer_create_args_t options = { .callback = expired, .name = "deadman" };
    return timer ? ESP_OK : esp_timer_create(&options, &timer);
}

int tympan_port_arm(uint32_t ms) {
    esp_timer_stop(timer); // an error where it was not running, which is as well
    return ms ? esp_timer_start_once(timer, 1000ull * ms) : ESP_OK;
}

bool tympan_port_is_output(intptr_t pin) {
    return pin >= 0 && pin < GPIO_NUM_MAX && GPIO_IS_VALID_OUTPUT_GPIO(pin);
}

void tympan_port_hold(unsigned pin, unsigned level) {
    gpio_set_level(pin, level);
    // the pin follows the GPIO register again, not the PWM that it was routed to
    esp_rom_gpio_connect_out_signal(pin, SIG_GPIO_OUT_IDX, false, false);
}
