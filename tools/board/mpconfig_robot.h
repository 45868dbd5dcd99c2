// The port's configuration, and what a robot's board has beyond it.
#include <mpconfigport.h>

// time.ticks_ms(), time.sleep_ms(): board.c has the clock
#undef MICROPY_PY_TIME
#define MICROPY_PY_TIME (1)

// sys.stdin.buffer and select.poll() on it: bytes over the serial port, `mpremote mount`
#undef MICROPY_PY_SELECT
#define MICROPY_PY_SELECT (1)
#undef MICROPY_PY_SYS_STDIO_BUFFER
#define MICROPY_PY_SYS_STDIO_BUFFER (1)

// the processor sleeps while MicroPython waits
void board_wait(unsigned ms);
#define MICROPY_INTERNAL_WFE(ms) board_wait((unsigned)(ms))
