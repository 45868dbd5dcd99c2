/* A data cache that writes back: a line that is read or written is brought in, and pushes out the one of its set that was
 * used longest ago, which is written back where it was written to. Nothing but counts is kept. */
#ifndef CACHE_H
#define CACHE_H

#include <stdint.h>

typedef struct cache {
    uint64_t filled, written; /* lines so far, from and to the memory behind */
    uint32_t line, ways, sets;
    struct cache_line {
        uint32_t number; /* address / line, plus 1; 0: nothing there yet */
        uint32_t dirty;
    } lines[]; /* [sets][ways], the one used last first */
} cache;

/* An empty cache of so many bytes, in lines of `line` bytes; NULL where the sizes do not fit, or memory is out. */
cache *cache_new(uint32_t bytes, uint32_t ways, uint32_t line);
/* Read, or write, `bytes` (1 or more) from an address on. */
void cache_access(cache *c, uint32_t address, uint32_t bytes, int write);

#endif
