// What the emulated board has beyond MicroPython's port to qemu: it starts as a robot's board does (_boot.py, boot.py,
// main.py), hears Ctrl-C while a program runs, and has a clock. Interrupts do it, so that the processor can sleep.

#include "py/compile.h"
#include "py/cstack.h"
#include "py/gc.h"
#include "py/mphal.h"
#include "py/runtime.h"
#include "py/stream.h"
#include "shared/readline/readline.h"
#include "shared/runtime/interrupt_char.h"
#include "shared/runtime/pyexec.h"

// --- the chip (Arm's CMSDK peripherals, as qemu has them) -------------------------------------------------------------

typedef struct {
    volatile uint32_t data, state, control, interrupts;
} uart_t;

typedef struct {
    volatile uint32_t control, value, reload, interrupts;
} timer_t;

#define UART ((uart_t *)0x40004000)
#define CLOCK ((timer_t *)0x40000000) // runs always, down from 2^32 - 1
#define ALARM ((timer_t *)0x40001000) // ends a sleep
#define NVIC_ENABLE ((volatile uint32_t *)0xe000e100)
enum { TICKS_PER_US = 25, UART_IRQ = 0, CLOCK_IRQ = 8, ALARM_IRQ = 9 };
enum { UART_RECEIVED = 2, UART_TX = 1, UART_RX = 2, UART_RX_INTERRUPT = 8, TIMER_RUN = 1, TIMER_INTERRUPT = 8 };

static inline void interrupts_off(void) {
    __asm volatile("cpsid i" ::: "memory");
}

static inline void interrupts_on(void) {
    __asm volatile("cpsie i" ::: "memory");
}

// Sleeps until an interrupt is there; with interrupts off, one that came just before counts too.
static inline void sleep_until_interrupt(void) {
    __asm volatile("wfi" ::: "memory");
}

// --- bytes from the serial port ---------------------------------------------------------------------------------------

// When it is full, bytes wait in the UART and before it in qemu: nothing is lost.
static uint8_t received[1024];
static volatile uint32_t received_in, received_out;

// Called with interrupts off or from the interrupt.
static void receive(void) {
    UART->interrupts = UART_RECEIVED;
    while ((UART->state & UART_RECEIVED) && received_in - received_out < sizeof(received)) {
        uint8_t byte = UART->data;
        if (byte == mp_interrupt_char) {
            mp_sched_keyboard_interrupt();
        } else {
            received[received_in++ % sizeof(received)] = byte;
        }
    }
}

// The port's own looks at the UART only when a program asks for input, and spins.
int __wrap_uart_rx_chr(void) {
    interrupts_off();
    receive();
    if (received_in == received_out) {
        sleep_until_interrupt();
        receive();
    }
    int byte = received_in == received_out ? -1 : received[received_out++ % sizeof(received)];
    interrupts_on();
    return byte;
}

// The port's own says that there never is anything to read.
uintptr_t __wrap_mp_hal_stdio_poll(uintptr_t flags) {
    interrupts_off();
    receive();
    bool waiting = received_in != received_out;
    interrupts_on();
    return (flags & MP_STREAM_POLL_WR) | (waiting ? flags & MP_STREAM_POLL_RD : 0);
}

// --- time -------------------------------------------------------------------------------------------------------------

static volatile uint32_t clock_turns; // times that CLOCK has passed 0

static void clock_passed(void) {
    CLOCK->interrupts = 1;
    clock_turns++;
}

static void alarm_rang(void) {
    ALARM->control = 0;
    ALARM->interrupts = 1;
}

static uint64_t clock_ticks(void) {
    interrupts_off();
    uint32_t low = ~CLOCK->value;
    uint32_t high = clock_turns;
    if (CLOCK->interrupts) { // passed 0 since interrupts are off
        low = ~CLOCK->value;
        high++;
    }
    interrupts_on();
    return (uint64_t)high << 32 | low;
}

mp_uint_t mp_hal_ticks_us(void) {
    return clock_ticks() / TICKS_PER_US;
}

mp_uint_t mp_hal_ticks_ms(void) {
    return clock_ticks() / (1000 * TICKS_PER_US);
}

mp_uint_t mp_hal_ticks_cpu(void) {
    return clock_ticks();
}

// There is no calendar: files bear the time since the start.
uint64_t mp_hal_time_ns(void) {
    return clock_ticks() * (1000 / TICKS_PER_US);
}

// Sleeps up to `ms`, less when an interrupt comes. At most 10 ms: so much later is noticed what came just before.
void board_wait(unsigned ms) {
    ALARM->reload = ALARM->value = (ms < 10 ? ms : 10) * 1000 * TICKS_PER_US + 1;
    ALARM->control = TIMER_RUN | TIMER_INTERRUPT;
    sleep_until_interrupt();
}

void mp_hal_delay_ms(mp_uint_t ms) {
    mp_uint_t start = mp_hal_ticks_ms();
    for (;;) {
        mp_handle_pending(true); // Ctrl-C
        mp_uint_t passed = mp_hal_ticks_ms() - start;
        if (passed >= ms) {
            return;
        }
        board_wait(ms - passed);
    }
}

void mp_hal_delay_us(mp_uint_t us) {
    mp_uint_t start = mp_hal_ticks_us();
    while (mp_hal_ticks_us() - start < us) {
    }
}

// --- interrupts -------------------------------------------------------------------------------------------------------

static void unexpected(void) {
    mp_hal_stdout_tx_str("unexpected interrupt\r\n");
    for (;;) {
    }
}

// Follows the port's table of exceptions (board.ld).
__attribute__((section(".irq_vector"), used)) static void (*const irq_vector[16])(void) = {
    [0 ... 15] = unexpected,
    [UART_IRQ] = receive,
    [CLOCK_IRQ] = clock_passed,
    [ALARM_IRQ] = alarm_rang,
};

static void start_hardware(void) {
    CLOCK->reload = CLOCK->value = 0xffffffff;
    CLOCK->control = TIMER_RUN | TIMER_INTERRUPT;
    UART->control = UART_TX | UART_RX | UART_RX_INTERRUPT;
    *NVIC_ENABLE = 1 << UART_IRQ | 1 << CLOCK_IRQ | 1 << ALARM_IRQ;
}

// --- start ------------------------------------------------------------------------------------------------------------

static uint32_t heap[(1 << 20) / sizeof(uint32_t)];

// Programs before the prompt. A main.py does not run when the PC has asked for a raw REPL.
static int run_programs(void) {
    pyexec_frozen_module("_boot.py", false);
    int result = pyexec_file_if_exists("boot.py");
    if (!(result & PYEXEC_FORCED_EXIT) && result != 0 && pyexec_mode_kind == PYEXEC_MODE_FRIENDLY_REPL) {
        result = pyexec_file_if_exists("main.py");
    }
    return result;
}

// The port's main() knows no files.
int __wrap_main(int argc, char **argv) {
    start_hardware();
    mp_cstack_init_with_sp_here(16 * 1024);
    for (;;) {
        gc_init(heap, heap + MP_ARRAY_SIZE(heap));
        mp_init();
        readline_init0();
        int result = run_programs();
        while (!(result & PYEXEC_FORCED_EXIT)) {
            result = pyexec_mode_kind == PYEXEC_MODE_RAW_REPL ? pyexec_raw_repl() : pyexec_friendly_repl();
        }
        mp_hal_stdout_tx_str("MPY: soft reboot\r\n");
        gc_sweep_all();
        mp_deinit();
    }
}
