/* A front end's memory: tables, and the samples that wait (docs/semantics.md, section 4). */
#include "../cold.h"

#include "frontend.h"

#include <string.h>

#include "../integers/tables.h"

/* Bins with a weight in some band: from the first edge, up to but not including the last. */
static unsigned mel_bins(const tympan_frontend_config *c) {
    return tympan_bin_at(c->edges[c->bands + 1]) - tympan_bin_at(c->edges[0]);
}

/* Numbers in the DCT, [coefficients / 4, rounded up][bands][4]. */
static uint32_t dct_size(const tympan_frontend_config *c) {
    return (c->coefficients + TYMPAN_DCT_ROWS - 1u) / TYMPAN_DCT_ROWS * TYMPAN_DCT_ROWS * c->bands;
}

uint32_t tympan_frontend_bytes(const tympan_frontend_config *c) {
    return (uint32_t)sizeof(struct tympan_frontend_memory) + 2u * (mel_bins(c) + dct_size(c));
}

/* Segment j spans edges j to j + 1: a bin there weighs `rising` in band j and the rest in band j - 1. */
static void make_mel(tympan_frontend *f) {
    const tympan_frontend_config *c = &f->config;
    uint32_t below = 0, largest = 0; /* weight already in the band that segment j completes, in Q16 */
    unsigned bin = tympan_bin_at(c->edges[0]), index = 0;
    for (unsigned j = 0; j <= c->bands; j++) {
        uint32_t left = c->edges[j], right = c->edges[j + 1], rise = 0, fall = 0;
        for (; bin << 7 < right; bin++, index++) {
            uint32_t w = (((bin << 7) - left) << 16) / (right - left);
            f->memory->rising[index] = (uint16_t)w;
            rise += w;
            fall += 65536 - w;
        }
        if (j > 0 && below + fall > largest) {
            largest = below + fall;
        }
        below = rise;
    }
    f->headroom = 0;
    while (largest > UINT32_C(131072) << f->headroom) {
        f->headroom++;
    }
}

static void make_dct(tympan_frontend *f) {
    const tympan_frontend_config *c = &f->config;
    f->dct = (int16_t *)f->memory->rising + mel_bins(c);
    memset(f->dct, 0, 2 * dct_size(c));
    for (unsigned k = 0; k < c->coefficients; k++) {
        int16_t *row = f->dct + k / TYMPAN_DCT_ROWS * TYMPAN_DCT_ROWS * c->bands + k % TYMPAN_DCT_ROWS;
        for (unsigned m = 0; m < c->bands; m++) {
            int64_t product = (int64_t)tympan_cos(k * (2 * m + 1) % (4u * c->bands), 4u * c->bands) * c->gains[k];
            row[TYMPAN_DCT_ROWS * m] = (int16_t)((product + (TYMPAN_Q30 >> 1)) >> 30);
        }
    }
}

void tympan_frontend_open(tympan_frontend *f, const tympan_frontend_config *config, void *memory) {
    struct tympan_frontend_memory *to = memory;
    f->config = *config;
    f->memory = to;
    memset(to, 0, sizeof *to);
    for (unsigned k = 0; k <= TYMPAN_FFT / 2; k++) {
        to->fft.cosine[k] = tympan_as_factor(tympan_cos(k, TYMPAN_FFT));
    }
    for (unsigned n = 0; n < config->frame; n++) {
        uint32_t twice = (uint32_t)TYMPAN_Q30 - (uint32_t)tympan_cos(n, config->frame); /* up to 2^31 */
        to->hann[n] = (uint16_t)((twice + (1u << 15)) >> 16);
    }
    make_mel(f);
    make_dct(f);
    tympan_frontend_reset(f);
}

void tympan_frontend_reset(tympan_frontend *f) {
    f->frames = 0;
    f->filled = 0;
}
