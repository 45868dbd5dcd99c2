/* CRC-32 as zlib and MicroPython's binascii compute it. */
#ifndef TYMPAN_CRC32_H
#define TYMPAN_CRC32_H

#include <stdint.h>

/* The checksum of what gave `crc` (0 at the start) followed by `count` more bytes. */
uint32_t tympan_crc32(uint32_t crc, const uint8_t *bytes, uint32_t count);

#endif
