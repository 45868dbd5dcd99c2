/* Convolution's inner loops, on patches: a patch is the run of bytes that one output position needs. */
#ifndef TYMPAN_PATCHES_H
#define TYMPAN_PATCHES_H

#include "../operators.h"

typedef struct {
    const uint8_t *first;
    unsigned step;     /* bytes from one patch to the next */
    unsigned length;   /* of a patch */
    unsigned count;
    unsigned shift;    /* what sums are divided by */
    unsigned channels; /* bytes from one output position to the next */
} tympan_patches;

/* `channels` channels of all positions to y; weights in blocks as tympan_prepare lays them. */
void tympan_multiply(
    const tympan_patches *p, const int16_t *weights, const int32_t *start, uint8_t *y, unsigned channels);
/* Each channel from its own: patches of `length` elements that lie `stride` bytes apart, each of p->channels bytes; weights
 * [length][channels]. */
void tympan_multiply_each(
    const tympan_patches *p, unsigned stride, const int16_t *weights, const int32_t *start, uint8_t *y);

#endif
