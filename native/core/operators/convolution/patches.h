/* Convolution's inner loops, on patches: a patch is what one output position needs. */
#ifndef TYMPAN_PATCHES_H
#define TYMPAN_PATCHES_H

#include "blocks.h"

typedef struct {
    const uint8_t *first;
    unsigned step;     /* bytes from one patch to the next */
    unsigned length;   /* elements of a patch */
    unsigned stride;   /* bytes from one element to the next; 1 where a channel reads all of a patch */
    unsigned count;    /* patches */
    unsigned shift;    /* what sums are divided by */
    unsigned channels; /* bytes from one output position to the next */
} tympan_patches;

/* Copy what lies between the columns of zero points: to [group][band][kernel frame][channel of the group]. */
void tympan_gather(
    const tympan_operator *op, const tympan_value *in, const uint8_t *x, uint8_t *to, unsigned groups, unsigned per_group);

/* Pairs of patches, the second one `step` bytes behind the first. */
typedef struct {
    const uint8_t *i;       /* `skip` bytes before the first patch, 0 to 3, so that the rest is a multiple of 4 */
    uint8_t *y;
    const int32_t *start, *same; /* the block, twice: or gcc copies the sums that it begins with */
    const int16_t *weights; /* of as many elements before the first */
    unsigned skip, pairs, step;
    unsigned length;        /* elements of a patch, and those left out */
    unsigned shift, limit;  /* 255: a value, or gcc makes the constant anew for each output */
    unsigned apart;         /* bytes from an output position to the other of its pair */
    int32_t next;           /* from the end of a pair's first patch to the next pair */
} tympan_pairs;

/* Three channels of a patch, or two, from all of it. */
void tympan_multiply_pairs3(tympan_pairs *p);
void tympan_multiply_pairs2(tympan_pairs *p);
/* Four channels of all positions from x on, each from its own. */
void tympan_multiply_four(const tympan_patches *p, const uint8_t *x, const int32_t *start, uint8_t *y);
/* One channel of all positions from x on, its weights n apart. */
void tympan_multiply_one(const tympan_patches *p, const uint8_t *x, int32_t start, const int16_t *weights, unsigned n, uint8_t *y);

#endif
