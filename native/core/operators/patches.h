/* Convolution's inner loops, on patches: a patch is what one output position needs. */
#ifndef TYMPAN_PATCHES_H
#define TYMPAN_PATCHES_H

#include "../prepare.h"

typedef struct {
    const uint8_t *first;
    unsigned step;     /* bytes from one patch to the next */
    unsigned length;   /* elements of a patch */
    unsigned stride;   /* bytes from one element to the next, where each is of many channels; else 1 */
    unsigned count;    /* patches */
    unsigned shift;    /* what sums are divided by */
    unsigned channels; /* bytes from one output position to the next */
} tympan_patches;

/* The next `channels` channels of all positions to y. */
void tympan_multiply(const tympan_patches *p, tympan_blocks *blocks, unsigned channels, uint8_t *y);
/* Each channel from its own. */
void tympan_multiply_each(const tympan_patches *p, tympan_blocks *blocks, unsigned channels, uint8_t *y);

#endif
