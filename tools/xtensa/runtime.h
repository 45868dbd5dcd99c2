/* What a program under qemu has from outside: its standard input and output, through qemu's simcall. */
#ifndef RUNTIME_H
#define RUNTIME_H

#include <stdint.h>

/* Read or write exactly `bytes`; the program ends with status 2 where that is not possible. */
void runtime_read(void *to, uint32_t bytes);
void runtime_write(const void *from, uint32_t bytes);

#endif
