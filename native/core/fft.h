/* The fixed-point transform of one frame (docs/semantics.md, section 4). */
#ifndef TYMPAN_FFT_H
#define TYMPAN_FFT_H

#include "multiply.h"

#define TYMPAN_FFT 512
#define TYMPAN_HALF (TYMPAN_FFT / 2)
#define TYMPAN_SEGMENT 64 /* bins at most between two band edges */

/* DFT of 256 complex points / 256: the even and the odd of `samples` [512] times `window` [512] are their real and
 * imaginary parts. z: [257] re, im, the first point again at the end; cosine: [257] of half a turn in 512ths. */
void tympan_fft256(const int16_t *samples, const uint16_t *window, const tympan_factor *cosine, int32_t *z);
/* `count` bins, below 256, of the 512-point real transform / 4, as re, im, from the 256-point transform of its even and odd
 * samples. Returns a number with as many bits as the largest magnitude of a part has. */
uint32_t tympan_fft_bins(const int32_t *z, const tympan_factor *cosine, unsigned first, unsigned count, int32_t *bins);

#endif
