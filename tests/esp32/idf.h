/* As much of ESP-IDF 5.2.2 as native/usermod/port_esp32.c uses, for an ESP32-S2, in our words: names, types and values. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int esp_err_t;
#define ESP_OK 0
#define ESP_ERR_NO_MEM 0x101
#define ESP_ERR_INVALID_STATE 0x103

#define MALLOC_CAP_8BIT (1 << 2)
#define MALLOC_CAP_INTERNAL (1 << 11)
size_t heap_caps_get_free_size(uint32_t caps);
void *heap_caps_malloc(size_t size, uint32_t caps);
void heap_caps_free(void *memory);

typedef struct esp_timer *esp_timer_handle_t;
typedef struct {
    void (*callback)(void *argument);
    void *arg;
    int dispatch_method;
    const char *name;
    bool skip_unhandled_events;
} esp_timer_create_args_t;
esp_err_t esp_timer_create(const esp_timer_create_args_t *options, esp_timer_handle_t *timer);
esp_err_t esp_timer_start_once(esp_timer_handle_t timer, uint64_t us);
esp_err_t esp_timer_stop(esp_timer_handle_t timer);

typedef int gpio_num_t;
#define GPIO_NUM_MAX 47
#define SOC_GPIO_VALID_OUTPUT_GPIO_MASK (0x3fffffffffffULL & ~(15ULL << 22))
#define GPIO_IS_VALID_OUTPUT_GPIO(pin) ((pin) >= 0 && ((1ULL << (pin)) & SOC_GPIO_VALID_OUTPUT_GPIO_MASK) != 0)
#define SIG_GPIO_OUT_IDX 256
esp_err_t gpio_set_level(gpio_num_t pin, uint32_t level);
void esp_rom_gpio_connect_out_signal(uint32_t pin, uint32_t signal, bool inverted, bool enable_inverted);
