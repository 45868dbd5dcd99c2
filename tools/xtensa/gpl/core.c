/* SPDX-License-Identifier: GPL-2.0-or-later (README.md says why) */
/* The ESP32-S2's core for Debian's gcc and binutils of another one, which read it where XTENSA_GNU_CONFIG says: what the
 * compiler may use, and the instructions that the assembler knows.
 *
 * The values are those of the core-isa.h that Espressif publishes for the chip. What is not named is 0: no floating
 * point, no zero-overhead loops, no multiply-accumulate, no caches of its own. The instructions are those of qemu's
 * de212, from qemu's table; only the high halves of products are not among them and are added here. */
#include <stdint.h>
#include <string.h>

#include "xtensa-dynconfig.h"
#define xtensa_modules de212
#include "core-de212/xtensa-modules.c.inc"
#undef xtensa_modules

enum { WINDOWED, CALL0 };

int plugin_is_GPL_compatible;
const char *const xtensa_config_strings[] = {NULL}; /* macros to predefine */

const struct xtensa_config_v1 xtensa_config_v1 = {
    .xchal_have_density = 1,
    .xchal_have_abs = 1,
    .xchal_have_addx = 1,
    .xchal_have_l32r = 1,
    .xshal_have_text_section_literals = 1,
    .xchal_have_mul16 = 1,
    .xchal_have_mul32 = 1,
    .xchal_have_mul32_high = 1,
    .xchal_have_div32 = 1,
    .xchal_have_nsa = 1,
    .xchal_have_minmax = 1,
    .xchal_have_sext = 1,
    .xchal_have_threadptr = 1,
    .xchal_have_release_sync = 1,
    .xchal_have_windowed = 1,
    .xchal_num_aregs = 64,
    .xchal_icache_linesize = 4,
    .xchal_dcache_linesize = 4,
    .xchal_icache_linewidth = 2,
    .xchal_dcache_linewidth = 2,
    .xchal_have_debug = 1,
    .xchal_num_ibreak = 2,
    .xchal_num_dbreak = 2,
    .xchal_debuglevel = 6,
    .xchal_max_instruction_size = 3,
    .xchal_inst_fetch_width = 4,
    .xshal_abi = WINDOWED,
    .xthal_abi_windowed = WINDOWED,
    .xthal_abi_call0 = CALL0,
};
const struct xtensa_config_v2 xtensa_config_v2 = {
    .xchal_m_stage = 2, .xtensa_march_latest = 270008, .xtensa_march_earliest = 270008};
const struct xtensa_config_v3 xtensa_config_v3 = {.xchal_have_clamps = 1};

enum { MULUH = sizeof opcodes / sizeof *opcodes, MULSH, OPCODES };
enum { MULUH_BITS = 0xa20000, MULSH_BITS = 0xb20000, OPCODE_BITS = 0xff000f };

static void encode_muluh(xtensa_insnbuf slot) {
    slot[0] = MULUH_BITS;
}

static void encode_mulsh(xtensa_insnbuf slot) {
    slot[0] = MULSH_BITS;
}

static int decode(const xtensa_insnbuf slot) {
    const uint32_t bits = slot[0] & OPCODE_BITS;
    return bits == MULUH_BITS ? MULUH : bits == MULSH_BITS ? MULSH : Slot_inst_decode(slot);
}

xtensa_isa_internal xtensa_modules;

__attribute__((constructor)) static void extend(void) {
    static xtensa_opcode_internal all[OPCODES];
    static xtensa_slot_internal with[sizeof slots / sizeof *slots];
    static xtensa_opcode_encode_fn muluh[] = {encode_muluh, 0, 0}, mulsh[] = {encode_mulsh, 0, 0};
    memcpy(all, opcodes, sizeof opcodes);
    all[MULUH] = all[MULSH] = opcodes[OPCODE_MULL];
    all[MULUH].name = "muluh";
    all[MULUH].encode_fns = muluh;
    all[MULSH].name = "mulsh";
    all[MULSH].encode_fns = mulsh;
    memcpy(with, slots, sizeof slots);
    with[0].opcode_decode_fn = decode;
    xtensa_modules = de212;
    xtensa_modules.num_opcodes = OPCODES;
    xtensa_modules.opcodes = all;
    xtensa_modules.slots = with;
}
