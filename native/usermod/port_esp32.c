// The dead-man on ESP32 chips: a one-shot esp_timer, whose task outranks MicroPython's. Not yet run on a chip.

#include "driver/gpio.h"
#include "esp_rom_gpio.h"
#include "esp_timer.h"
#include "soc/gpio_sig_map.h"

#include "deadman.h"

static esp_timer_handle_t timer;

static void expired(void *context) {
    tympan_deadman_expired();
}

void tympan_port_arm(uint32_t ms) {
    if (timer == NULL) {
        const esp_timer_create_args_t options = {.callback = expired, .name = "deadman"};
        ESP_ERROR_CHECK(esp_timer_create(&options, &timer));
    }
    esp_timer_stop(timer); // an error where it was not running, which is as well
    if (ms > 0) {
        esp_timer_start_once(timer, 1000ull * ms);
    }
}

void tympan_port_hold(unsigned pin, unsigned level) {
    gpio_set_level(pin, level);
    // the pin follows the GPIO register again, not the PWM that it was routed to
    esp_rom_gpio_connect_out_signal(pin, SIG_GPIO_OUT_IDX, false, false);
}
