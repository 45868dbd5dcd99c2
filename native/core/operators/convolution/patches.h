/* Convolution's inner loops, on patches: a patch is the receptive field of one output position, in one run of bytes. */
#ifndef TYMPAN_PATCHES_H
#define TYMPAN_PATCHES_H

#include "blocks.h"

typedef struct {
    const uint8_t *first;
    unsigned pitch;    /* bytes from one patch to the next */
    unsigned length;   /* elements of a patch */
    unsigned stride;   /* bytes from one element to the next; 1 unless each channel reads one of its own */
    unsigned count;    /* patches */
    unsigned shift;    /* of the requantisation */
    unsigned channels; /* bytes from one output position to the next */
} tympan_patches;

/* Copy what lies between the columns of zero points: to [group][band][kernel frame][channel of the group]. */
void tympan_gather(
    const tympan_operator *op, const tympan_value *in, const uint8_t *x, uint8_t *to, unsigned groups, unsigned per_group);

/* Pairs of neighbouring patches, for the loop that is unrolled four times. Patches whose length is no multiple of 4 are entered
 * in the middle of the unrolled loop: `skip` elements, 0 to 3, are left out of its first round, and the pointers to patches
 * and weights begin that many elements early, at bytes that are never read. */
typedef struct {
    const uint8_t *i;       /* the first patch, less `skip` */
    uint8_t *y;             /* its output position */
    const int32_t *start;   /* the block: initial values of the accumulators */
    const int32_t *same;    /* the same again, for the pair's second patch: gcc would load each once and copy it */
    const int16_t *weights; /* behind them, less `skip` elements */
    unsigned skip, pairs;
    unsigned pitch;         /* bytes from a pair's first patch to its second */
    unsigned length;        /* elements of a patch + skip */
    unsigned shift;         /* of the requantisation */
    unsigned limit;         /* 255, as a variable: gcc would load a constant again for each output */
    unsigned apart;         /* bytes from an output position to the other of its pair */
    int32_t next;           /* bytes from the end of a pair's first patch to the next pair */
} tympan_pairs;

/* Three channels of a patch, or two, from all of it. */
void tympan_multiply_pairs3(tympan_pairs *p);
void tympan_multiply_pairs2(tympan_pairs *p);
/* Four channels of all positions from x on, each from its own. */
void tympan_multiply_four(const tympan_patches *p, const uint8_t *x, const int32_t *start, uint8_t *y);
/* One channel of all positions from x on, its weights n apart. */
void tympan_multiply_one(const tympan_patches *p, const uint8_t *x, int32_t start, const int16_t *weights, unsigned n, uint8_t *y);

#endif
