#include "../cold.h"

#include "crc32.h"

uint32_t tympan_crc32(uint32_t crc, const uint8_t *bytes, uint32_t count) {
    /* remainders of the 16 values of four bits, polynomial EDB88320 */
    /* clang-format off */
    static const uint32_t nibble[16] = {
        0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4, 0x4DB26158, 0x5005713C,
        0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C, 0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
    };
    /* clang-format on */
    crc = ~crc;
    for (; count > 0; count--) {
        crc ^= *bytes++;
        crc = (crc >> 4) ^ nibble[crc & 15];
        crc = (crc >> 4) ^ nibble[crc & 15];
    }
    return ~crc;
}
