/* Calls the port to ESP32 chips, prints what it returns and what it asks of a pretended ESP-IDF. */
#include <stdio.h>
#include <stdlib.h>

#include "idf.h"
#include "port.h"

static size_t free_bytes;
static esp_err_t create_error, start_error;
static void (*callback)(void *);
static struct esp_timer {
    int unused;
} the_timer;

size_t heap_caps_get_free_size(uint32_t caps) {
    return caps == (MALLOC_CAP_INTERNAL | MALLOC_CAP_8BIT) ? free_bytes : 0;
}

void *heap_caps_malloc(size_t size, uint32_t caps) {
    printf("  allocates %zu of %x\n", size, (unsigned)caps);
    return malloc(size);
}

void heap_caps_free(void *memory) {
    printf("  frees\n");
    free(memory);
}

esp_err_t esp_timer_create(const esp_timer_create_args_t *options, esp_timer_handle_t *timer) {
    printf("  makes the timer %s\n", options->name);
    callback = options->callback;
    if (create_error == ESP_OK) {
        *timer = &the_timer;
    }
    return create_error;
}

esp_err_t esp_timer_start_once(esp_timer_handle_t timer, uint64_t us) {
    printf("  starts %s, %llu us\n", timer == &the_timer ? "it" : "another", (unsigned long long)us);
    return start_error;
}

esp_err_t esp_timer_stop(esp_timer_handle_t timer) {
    printf("  stops %s\n", timer == &the_timer ? "it" : "another");
    return ESP_ERR_INVALID_STATE;
}

esp_err_t gpio_set_level(gpio_num_t pin, uint32_t level) {
    printf("  GPIO %d is %u\n", pin, (unsigned)level);
    return ESP_OK;
}

void esp_rom_gpio_connect_out_signal(uint32_t pin, uint32_t signal, bool inverted, bool enable_inverted) {
    printf("  GPIO %u shows %u%s\n", (unsigned)pin, (unsigned)signal, inverted || enable_inverted ? " inverted" : "");
}

void tympan_deadman_expired(void) {
    printf("  expired\n");
    tympan_port_hold(37, 1);
}

int main(void) {
    free_bytes = 64 * 1024 + 999;
    printf("too little: %s\n", tympan_port_internal(1000) ? "memory" : "none");
    free_bytes++;
    void *memory = tympan_port_internal(1000);
    printf("enough: %s\n", memory ? "memory" : "none");
    tympan_port_release(memory);
    create_error = ESP_ERR_NO_MEM;
    printf("no timer: %x\n", tympan_port_make_timer());
    create_error = ESP_OK;
    printf("a timer: %x\n", tympan_port_make_timer());
    printf("once: %x\n", tympan_port_make_timer());
    printf("armed: %x\n", tympan_port_arm(500));
    start_error = ESP_ERR_INVALID_STATE;
    printf("not armed: %x\n", tympan_port_arm(500));
    printf("disarmed: %x\n", tympan_port_arm(0));
    callback(NULL);
    printf("outputs:");
    for (int pin = -2; pin < 200; pin++) {
        if (tympan_port_is_output(pin)) {
            printf(" %d", pin);
        }
    }
    printf("\n");
    return 0;
}
