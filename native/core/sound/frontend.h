/* What a front end has in the caller's memory. */
#ifndef TYMPAN_FRONTEND_H
#define TYMPAN_FRONTEND_H

#include "fft.h"
#include "../tympan.h"

enum { TYMPAN_DCT_ROWS = 4 }; /* computed together */

struct tympan_frontend_memory {
    tympan_fft fft;                /* one frame's transform */
    uint16_t hann[TYMPAN_FFT];     /* what samples are multiplied with, Q15; 0 behind the frame */
    int16_t samples[TYMPAN_FFT];   /* the last ones, not yet a whole frame */
    uint16_t rising[];             /* [bins] weight of each bin in the band above it, Q16 */
};

/* The first bin that is not below an edge. */
static inline unsigned tympan_bin_at(unsigned edge) {
    return (edge + 127u) >> 7;
}

#endif
