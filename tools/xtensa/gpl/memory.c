/* SPDX-License-Identifier: GPL-2.0-or-later (README.md says why) */
/* A qemu plugin that runs what the program reads and writes through caches (../cache.c); at the end it writes a line
 * "filled written" for each to the file named by the argument out=FILE, decimal. An argument cache=BYTES:WAYS:LINE is
 * a cache, and each region=START:BYTES:AT behind it a part of the program's memory that lies behind this cache, from the
 * address AT on; all else does not. Numbers may be decimal or 0x... */
#include "plugin.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../cache.h"

enum { CACHES = 16, REGIONS = 8 };

static struct {
    cache *cache;
    size_t count;
    struct {
        uint64_t start, bytes, at;
    } regions[REGIONS];
} caches[CACHES];
static size_t count;
static const char *path = "lines.txt";

static void accessed(unsigned cpu, memory_info info, uint64_t address, void *data) {
    (void)cpu, (void)data;
    for (size_t c = 0; c < count; c++) {
        for (size_t r = 0; r < caches[c].count; r++) {
            const uint64_t inside = address - caches[c].regions[r].start;
            if (inside < caches[c].regions[r].bytes) {
                cache_access(caches[c].cache, (uint32_t)(caches[c].regions[r].at + inside), 1u << qemu_plugin_mem_size_shift(info),
                    qemu_plugin_mem_is_store(info));
            }
        }
    }
}

static void translated(plugin_id id, struct qemu_plugin_tb *tb) {
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        qemu_plugin_register_vcpu_mem_cb(qemu_plugin_tb_get_insn(tb, i), accessed, NO_REGISTERS, READS_AND_WRITES, NULL);
    }
}

static void finished(plugin_id id, void *data) {
    (void)id, (void)data;
    FILE *f = fopen(path, "w");
    if (!f) {
        abort();
    }
    for (size_t c = 0; c < count; c++) {
        fprintf(f, "%" PRIu64 " %" PRIu64 "\n", caches[c].cache->filled, caches[c].cache->written);
    }
    fclose(f);
}

/* Three numbers with colons between them. */
static bool numbers(const char *text, uint64_t found[3]) {
    for (int i = 0; i < 3; i++) {
        char *end;
        found[i] = strtoull(text, &end, 0);
        if (end == text || *end != (i < 2 ? ':' : '\0')) {
            return false;
        }
        text = end + 1;
    }
    return true;
}

int qemu_plugin_install(plugin_id id, const plugin_info *info, int argument_count, char **arguments) {
    (void)info;
    for (int i = 0; i < argument_count; i++) {
        const char *value = strchr(arguments[i], '=');
        uint64_t n[3];
        if (!value) {
            return 1;
        }
        value++;
        if (strncmp(arguments[i], "out=", 4) == 0) {
            path = strdup(value);
        } else if (!numbers(value, n)) {
            return 1;
        } else if (strncmp(arguments[i], "cache=", 6) == 0 && count < CACHES) {
            caches[count].cache = cache_new((uint32_t)n[0], (uint32_t)n[1], (uint32_t)n[2]);
            if (!caches[count++].cache) {
                return 1;
            }
        } else if (strncmp(arguments[i], "region=", 7) == 0 && count > 0 && caches[count - 1].count < REGIONS) {
            const size_t r = caches[count - 1].count++;
            caches[count - 1].regions[r].start = n[0];
            caches[count - 1].regions[r].bytes = n[1];
            caches[count - 1].regions[r].at = n[2];
        } else {
            return 1;
        }
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, finished, NULL);
    return 0;
}
