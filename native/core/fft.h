/* The fixed-point transform of one frame (docs/semantics.md, section 4). */
#ifndef TYMPAN_FFT_H
#define TYMPAN_FFT_H

#include "multiply.h"

#define TYMPAN_FFT 512
#define TYMPAN_HALF (TYMPAN_FFT / 2)
#define TYMPAN_SEGMENT 64 /* bins at most between two band edges */

/* Where point i of the 256 belongs before the first stage: its four base-4 digits reversed. */
static inline unsigned tympan_fft_order(unsigned i) {
    return (i & 3) << 6 | (i & 12) << 2 | (i & 48) >> 2 | i >> 6;
}

/* DFT of 256 complex points / 256 in place; z holds re, im in digit-reversed order; cosine: of half a turn. */
void tympan_fft256(int32_t *z, const tympan_factor *cosine);
/* `count` bins, below 256, of the 512-point real transform / 4, as re, im, from the 256-point transform of its even and odd
 * samples. Returns a number with as many bits as the largest magnitude of a part has. */
uint32_t tympan_fft_bins(const int32_t *z, const tympan_factor *cosine, unsigned first, unsigned count, int32_t *bins);

#endif
