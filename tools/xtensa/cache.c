#include "cache.h"

#include <stdlib.h>
#include <string.h>

cache *cache_new(uint32_t bytes, uint32_t ways, uint32_t line) {
    if (!ways || !line || !bytes || bytes % line || bytes / line % ways) {
        return NULL;
    }
    cache *c = calloc(1, sizeof *c + bytes / line * sizeof *c->lines);
    if (c) {
        c->line = line;
        c->ways = ways;
        c->sets = bytes / line / ways;
    }
    return c;
}

static void touch(cache *c, uint32_t number, uint32_t dirty) {
    struct cache_line *set = c->lines + number % c->sets * c->ways, used = {number + 1, dirty};
    uint32_t way = 0;
    while (way < c->ways - 1 && set[way].number != used.number) {
        way++;
    }
    if (set[way].number == used.number) {
        used.dirty |= set[way].dirty;
    } else { /* the last way gives way */
        c->filled++;
        c->written += set[way].dirty;
    }
    memmove(set + 1, set, way * sizeof *set);
    set[0] = used;
}

void cache_access(cache *c, uint32_t address, uint32_t bytes, int write) {
    const uint32_t last = (address + bytes - 1) / c->line;
    for (uint32_t number = address / c->line; number <= last; number++) {
        touch(c, number, write != 0);
    }
}
