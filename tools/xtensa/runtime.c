/* The C library of the counting program: input, output, memory functions, and the arithmetic that Debian's libgcc lacks
 * for this core (an ESP8266 has it in ROM). The memory functions go word by word, as those in an ESP32-S2's ROM do. */
#include "runtime.h"

#include <stddef.h>

int main(void);
void runtime_main(void);

enum { EXIT = 1, READ = 3, WRITE = 4 };

static int32_t simcall(int32_t number, int32_t a, int32_t b, int32_t c) {
    register int32_t r2 __asm__("a2") = number, r3 __asm__("a3") = a, r4 __asm__("a4") = b, r5 __asm__("a5") = c;
    __asm__ volatile("simcall" : "+r"(r2), "+r"(r3) : "r"(r4), "r"(r5) : "memory");
    return r2;
}

static void leave(int32_t status) {
    for (;;) {
        simcall(EXIT, status, 0, 0);
    }
}

static void transfer(int32_t number, int32_t file, uintptr_t at, uint32_t bytes) {
    while (bytes > 0) {
        int32_t done = simcall(number, file, (int32_t)at, (int32_t)bytes);
        if (done <= 0) {
            leave(2);
        }
        at += (uint32_t)done;
        bytes -= (uint32_t)done;
    }
}

void runtime_read(void *to, uint32_t bytes) {
    transfer(READ, 0, (uintptr_t)to, bytes);
}

void runtime_write(const void *from, uint32_t bytes) {
    transfer(WRITE, 1, (uintptr_t)from, bytes);
}

void runtime_main(void) { /* .bss needs no clearing: qemu's memory is zeros */
    leave(main());
}

/* ---- memory: whole words while all pointers are aligned to them ------------------------------------------------- */

typedef uint32_t __attribute__((may_alias)) word;

static int aligned(const void *a, const void *b) {
    return (((uintptr_t)a | (uintptr_t)b) & 3) == 0;
}

void *memcpy(void *to, const void *from, size_t bytes) {
    uint8_t *t = to;
    const uint8_t *f = from;
    if (aligned(t, f)) {
        for (; bytes >= 4; bytes -= 4, t += 4, f += 4) {
            *(word *)(void *)t = *(const word *)(const void *)f;
        }
    }
    for (; bytes > 0; bytes--) {
        *t++ = *f++;
    }
    return to;
}

void *memmove(void *to, const void *from, size_t bytes) {
    uint8_t *t = to;
    const uint8_t *f = from;
    if (t <= f || t >= f + bytes) {
        return memcpy(to, from, bytes);
    }
    t += bytes;
    f += bytes;
    if (aligned(t, f)) {
        for (; bytes >= 4; bytes -= 4) {
            t -= 4;
            f -= 4;
            *(word *)(void *)t = *(const word *)(const void *)f;
        }
    }
    for (; bytes > 0; bytes--) {
        *--t = *--f;
    }
    return to;
}

void *memset(void *to, int value, size_t bytes) {
    uint8_t *t = to;
    const uint32_t four = (uint8_t)value * UINT32_C(0x01010101);
    if (aligned(t, t)) {
        for (; bytes >= 4; bytes -= 4, t += 4) {
            *(word *)(void *)t = four;
        }
    }
    for (; bytes > 0; bytes--) {
        *t++ = (uint8_t)value;
    }
    return to;
}

int memcmp(const void *a, const void *b, size_t bytes) {
    const uint8_t *x = a, *y = b;
    for (; bytes > 0; bytes--, x++, y++) {
        if (*x != *y) {
            return *x - *y;
        }
    }
    return 0;
}

size_t strlen(const char *text) {
    const char *end = text;
    while (*end) {
        end++;
    }
    return (size_t)(end - text);
}

/* ---- arithmetic ------------------------------------------------------------------------------------------------- */

typedef union {
    struct {
        uint32_t low, high;
    };
    uint64_t whole;
    int64_t integer;
} pair;

static uint32_t divide(uint32_t n, uint32_t d, uint32_t *rest) {
    uint32_t quotient = 0;
    for (int shift = d <= n ? __builtin_clz(d) - __builtin_clz(n) : -1; shift >= 0; shift--) {
        quotient <<= 1;
        if (n >= d << shift) {
            n -= d << shift;
            quotient |= 1;
        }
    }
    *rest = n;
    return quotient;
}

uint32_t __udivsi3(uint32_t n, uint32_t d);
uint32_t __udivsi3(uint32_t n, uint32_t d) {
    uint32_t rest;
    return divide(n, d, &rest);
}

uint32_t __umodsi3(uint32_t n, uint32_t d);
uint32_t __umodsi3(uint32_t n, uint32_t d) {
    uint32_t rest;
    divide(n, d, &rest);
    return rest;
}

int32_t __divsi3(int32_t n, int32_t d);
int32_t __divsi3(int32_t n, int32_t d) {
    uint32_t quotient = __udivsi3(n < 0 ? 0u - (uint32_t)n : (uint32_t)n, d < 0 ? 0u - (uint32_t)d : (uint32_t)d);
    return (int32_t)((n ^ d) < 0 ? 0u - quotient : quotient);
}

uint64_t __udivdi3(uint64_t n, uint64_t d);
uint64_t __udivdi3(uint64_t n, uint64_t d) {
    uint64_t rest = 0, quotient = 0;
    for (int bit = 63; bit >= 0; bit--) {
        rest = rest << 1 | ((n >> bit) & 1);
        quotient <<= 1;
        if (rest >= d) {
            rest -= d;
            quotient |= 1;
        }
    }
    return quotient;
}

uint64_t __umulsidi3(uint32_t a, uint32_t b);
uint64_t __umulsidi3(uint32_t a, uint32_t b) {
    const uint32_t al = a & 0xFFFF, ah = a >> 16, bl = b & 0xFFFF, bh = b >> 16;
    const uint32_t low = al * bl, middle = ah * bl + (low >> 16), other = al * bh + (middle & 0xFFFF);
    pair product;
    product.low = other << 16 | (low & 0xFFFF);
    product.high = ah * bh + (middle >> 16) + (other >> 16);
    return product.whole;
}

int64_t __muldi3(int64_t a, int64_t b);
int64_t __muldi3(int64_t a, int64_t b) {
    pair x, y, product;
    x.integer = a;
    y.integer = b;
    product.whole = __umulsidi3(x.low, y.low);
    product.high += x.low * y.high + x.high * y.low;
    return product.integer;
}
