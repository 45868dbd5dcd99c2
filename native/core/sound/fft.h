/* The fixed-point transform of one frame (docs/semantics.md, section 4). */
#ifndef TYMPAN_FFT_H
#define TYMPAN_FFT_H

#include "../integers/multiply.h"

#define TYMPAN_FFT 512
#define TYMPAN_HALF (TYMPAN_FFT / 2)
#define TYMPAN_SEGMENT 64 /* bins at most between two band edges */

typedef struct {
    int32_t points[2 * TYMPAN_HALF + 2];      /* re, im; the first point again at the end, which mirrors itself */
    tympan_factor cosine[TYMPAN_FFT / 2 + 1]; /* the first half of a turn in 512ths, Q30 */
} tympan_fft;

/* Into points: the DFT of 256 complex points / 256, whose real and imaginary parts are the even and the odd of
 * samples [512] times hann [512]. */
void tympan_fft256(tympan_fft *f, const int16_t *samples, const uint16_t *hann);
/* `count` bins, below 256, of the 512-point real transform / 4, as re, im, from the 256-point transform of its even and odd
 * samples. Returns the largest power of two, up to 2^31, with which every part's magnitude stays below 2^31. */
uint32_t tympan_fft_bins(const tympan_fft *f, unsigned first, unsigned count, int32_t *bins);

#endif
