/* SPDX-License-Identifier: GPL-2.0-or-later (README.md says why) */
/* A qemu plugin that counts every executed instruction by its address; at the end it writes lines "address period count"
 * (hexadecimal, decimal, decimal) to the file named by the argument out=FILE. The program ends a period, of a number of its
 * own below 255, by calling the function of that number among those that begin at marks=ADDRESS, 8 bytes apart; what is
 * in no period is in 255.
 *
 * qemu translates code in blocks, and a block that runs, runs from its first to its last instruction: so it is enough to
 * count how often each block runs. Only an exception of a register window (its vectors begin at windows=ADDRESS) keeps
 * the last instruction of a block from running; it comes again when the window is there. */
#include "plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NONE = 255, PERIODS = 256, MARK = 8, WINDOW_VECTORS = 0x180 }; /* the last two in bytes */

typedef struct block {
    struct block *next;
    uint64_t runs;    /* in this period */
    uint64_t refused; /* its last instruction raised an exception of a window */
    uint64_t runs_in[PERIODS];
    size_t count;
    uint64_t addresses[];
} block;

static block *blocks, *last;
static const char *path = "counts.txt";
static uint64_t windows = UINT64_MAX, marks = UINT64_MAX;

static void end_period(uint64_t period) {
    for (block *b = blocks; b; b = b->next) {
        b->runs_in[period] += b->runs;
        b->runs = 0;
    }
}

static void executed(unsigned cpu, void *data) {
    (void)cpu;
    block *b = data;
    b->runs++;
    if (b->addresses[0] - windows < WINDOW_VECTORS) {
        last->refused++;
    }
    if (b->addresses[0] - marks < NONE * MARK && (b->addresses[0] - marks) % MARK == 0) {
        end_period((b->addresses[0] - marks) / MARK);
    }
    last = b;
}

static void translated(plugin_id id, struct qemu_plugin_tb *tb) {
    (void)id;
    const size_t count = qemu_plugin_tb_n_insns(tb);
    block *b = calloc(1, sizeof *b + count * sizeof *b->addresses);
    if (!b) {
        abort();
    }
    b->count = count;
    for (size_t i = 0; i < count; i++) {
        b->addresses[i] = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, i));
    }
    b->next = blocks;
    blocks = b;
    qemu_plugin_register_vcpu_tb_exec_cb(tb, executed, NO_REGISTERS, b);
}

static void finished(plugin_id id, void *data) {
    (void)id, (void)data;
    FILE *f = fopen(path, "w");
    if (!f) {
        abort();
    }
    end_period(NONE);
    for (const block *b = blocks; b; b = b->next) {
        for (size_t i = 0; i < b->count; i++) {
            for (unsigned period = 0; period < PERIODS; period++) {
                const uint64_t refused = period == NONE && i + 1 == b->count ? b->refused : 0;
                const long long runs = (long long)(b->runs_in[period] - refused);
                if (runs != 0) {
                    fprintf(f, "%llx %u %lld\n", (unsigned long long)b->addresses[i], period, runs);
                }
            }
        }
    }
    fclose(f);
}

int qemu_plugin_install(plugin_id id, const plugin_info *info, int count, char **arguments) {
    (void)info;
    for (int i = 0; i < count; i++) {
        if (strncmp(arguments[i], "out=", 4) == 0) {
            path = strdup(arguments[i] + 4);
        } else if (strncmp(arguments[i], "windows=", 8) == 0) {
            windows = strtoull(arguments[i] + 8, NULL, 0);
        } else if (strncmp(arguments[i], "marks=", 6) == 0) {
            marks = strtoull(arguments[i] + 6, NULL, 0);
        }
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, finished, NULL);
    return 0;
}
