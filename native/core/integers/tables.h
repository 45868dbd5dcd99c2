/* Integer functions from which all tables are made; twins of host/integers/tables.py (docs/semantics.md, section 2). */
#ifndef TYMPAN_TABLES_H
#define TYMPAN_TABLES_H

#include <stdint.h>

#define TYMPAN_Q30 (INT32_C(1) << 30)

/* The core shifts negative numbers right and reads the file's numbers in place. */
typedef char tympan_shift_is_arithmetic[(-1 >> 1) == -1 ? 1 : -1];
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "model.bin is little-endian and is read in place: this core needs a little-endian target"
#endif

/* Bits needed to write x; 0 for 0. */
static inline unsigned tympan_bits(uint32_t x) {
    return x ? 32u - (unsigned)__builtin_clz(x) : 0;
}

/* cos(2 pi p / q) in Q30, p < q. */
int32_t tympan_cos(uint32_t p, uint32_t q);
/* 2^(-y / 1024) in Q15. */
uint32_t tympan_exp2_neg(uint32_t y);
/* e^(-y / 256) in Q15; y up to 65535. */
uint32_t tympan_exp_neg(uint32_t y);
/* round(256 / (1 + exp(-(i - 128) / 16))), at most 255, for i of 0 to 255. */
void tympan_sigmoid_table(uint8_t table[256]);

#endif
