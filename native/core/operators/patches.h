/* Convolution's inner loops, on patches: a patch is what one output position needs. */
#ifndef TYMPAN_PATCHES_H
#define TYMPAN_PATCHES_H

#include "../blocks.h"

typedef struct {
    const uint8_t *first;
    unsigned step;     /* bytes from one patch to the next */
    unsigned length;   /* elements of a patch */
    unsigned stride;   /* bytes from one element to the next; 1 where a channel reads all of a patch */
    unsigned count;    /* patches */
    unsigned shift;    /* what sums are divided by */
    unsigned channels; /* bytes from one output position to the next */
} tympan_patches;

/* The next `channels` channels of all positions to y. */
void tympan_multiply(const tympan_patches *p, tympan_blocks *blocks, unsigned channels, uint8_t *y);
/* Each channel from its own. */
void tympan_multiply_each(const tympan_patches *p, tympan_blocks *blocks, unsigned channels, uint8_t *y);
/* One channel of all positions from x on, its weights n apart. */
void tympan_multiply_one(const tympan_patches *p, const uint8_t *x, int32_t start, const int16_t *weights, unsigned n, uint8_t *y);

#endif
