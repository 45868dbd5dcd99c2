/* Samples to features: window, transform, mel bands, log, DCT (docs/semantics.md, section 4). */
#include "hot.h"

#include <string.h>

#include "fft.h"
#include "multiply.h"
#include "tables.h"
#include "tympan.h"

/* Bins with a weight in some band: from the first edge, up to but not including the last. */
static unsigned first_bin(const tympan_frontend_config *c) {
    return (c->edges[0] + 127u) >> 7;
}

static unsigned end_bin(const tympan_frontend_config *c) {
    return (c->edges[c->bands + 1] + 127u) >> 7;
}

static uint32_t round4(uint32_t bytes) {
    return (bytes + 3u) & ~UINT32_C(3);
}

uint32_t tympan_frontend_bytes(const tympan_frontend_config *c) {
    uint32_t words = TYMPAN_FFT / 2 + 1 + TYMPAN_FFT;
    return 4 * words + round4(2u * (c->frame / 2u + 1u)) + round4(2u * (end_bin(c) - first_bin(c)))
        + round4(2u * c->coefficients * c->bands) + round4(2u * c->frame);
}

/* Segment j spans edges j to j + 1: a bin there weighs `rising` in band j and the rest in band j - 1. */
static void make_mel(tympan_frontend *f) {
    const tympan_frontend_config *c = &f->config;
    uint32_t below = 0, largest = 0; /* weight already in the band that segment j completes, in Q16 */
    unsigned bin = first_bin(c), index = 0;
    for (unsigned j = 0; j <= c->bands; j++) {
        uint32_t left = c->edges[j], right = c->edges[j + 1], rise = 0, fall = 0;
        for (; bin << 7 < right; bin++, index++) {
            uint32_t w = (((bin << 7) - left) << 16) / (right - left);
            f->rising[index] = (uint16_t)w;
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

void tympan_frontend_open(tympan_frontend *f, const tympan_frontend_config *config, void *memory) {
    const tympan_frontend_config *c = &f->config;
    f->config = *config;
    uint8_t *p = memory;
    tympan_factor *cosine = (tympan_factor *)(void *)p;
    f->cosine = cosine;
    p += 4 * (TYMPAN_FFT / 2 + 1);
    f->work = (int32_t *)(void *)p;
    p += 4 * TYMPAN_FFT;
    f->window = (uint16_t *)(void *)p;
    p += round4(2u * (c->frame / 2u + 1u));
    f->rising = (uint16_t *)(void *)p;
    p += round4(2u * (end_bin(c) - first_bin(c)));
    f->dct = (int16_t *)(void *)p;
    p += round4(2u * c->coefficients * c->bands);
    f->samples = (int16_t *)(void *)p;

    for (unsigned k = 0; k <= TYMPAN_FFT / 2; k++) {
        cosine[k] = tympan_as_factor(tympan_cos(k, TYMPAN_FFT));
    }
    for (unsigned n = 0; n <= c->frame / 2u; n++) {
        uint32_t twice = (uint32_t)TYMPAN_Q30 - (uint32_t)tympan_cos(n, c->frame); /* up to 2^31 */
        f->window[n] = (uint16_t)((twice + (1u << 15)) >> 16);
    }
    make_mel(f);
    for (unsigned k = 0; k < c->coefficients; k++) {
        for (unsigned m = 0; m < c->bands; m++) {
            int64_t product = (int64_t)tympan_cos(k * (2 * m + 1) % (4u * c->bands), 4u * c->bands) * c->gains[k];
            f->dct[k * c->bands + m] = (int16_t)((product + (TYMPAN_Q30 >> 1)) >> 30);
        }
    }
    tympan_frontend_reset(f);
}

void tympan_frontend_reset(tympan_frontend *f) {
    f->frames = 0;
    f->filled = 0;
}

/* Sample n of the frame under the window; nothing behind its end. */
static inline int32_t windowed(const tympan_frontend *f, const int16_t *frame, unsigned n, unsigned length) {
    return n < length ? frame[n] * (int32_t)f->window[n <= length / 2 ? n : length - n] : 0;
}

static void transform(tympan_frontend *f, const int16_t *frame) {
    const unsigned length = f->config.frame;
    for (unsigned n = 0; n < TYMPAN_FFT; n += 8) {
        /* four points with the same reversed digits but the first */
        int32_t *to = f->work + 2 * tympan_fft_order(n >> 1);
        for (unsigned i = n; i < n + 8; i += 2, to += TYMPAN_HALF / 2) {
            to[0] = windowed(f, frame, i, length);
            to[1] = windowed(f, frame, i + 1, length);
        }
    }
    tympan_fft256(f->work, f->cosine);
}

/* A sum and the power of four it was scaled by. */
typedef struct {
    uint32_t sum;
    unsigned up;
} scaled;

static uint8_t level(const tympan_frontend *f, scaled rise, scaled fall) {
    unsigned up = rise.up < fall.up ? rise.up : fall.up;
    unsigned r = 2 * (rise.up - up), s = 2 * (fall.up - up);
    uint32_t energy = (r > 31 ? 0 : rise.sum >> r) + (s > 31 ? 0 : fall.sum >> s);
    if (energy == 0) {
        return 0;
    }
    int32_t log2 = tympan_log2(energy) - (int32_t)((8 + 2 * up - f->headroom) << 10);
    int32_t value = (log2 * f->config.log_gain + f->config.log_offset) >> 20;
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

void tympan_frontend_levels(tympan_frontend *f, const int16_t *frame, uint8_t *levels) {
    const tympan_frontend_config *c = &f->config;
    transform(f, frame);
    unsigned bin = first_bin(c), index = 0;
    scaled below = {0, 31};
    for (unsigned j = 0; j <= c->bands; j++) {
        /* a segment has an exponent of its own, so that a weak band keeps its precision beside a strong one */
        int32_t part[2 * TYMPAN_SEGMENT]; /* the segment's bins */
        const unsigned end = (c->edges[j + 1] + 127u) >> 7, count = end - bin;
        const uint32_t any = tympan_fft_bins(f->work, f->cosine, bin, count, part);
        scaled rise = {0, 31 - tympan_bits(any)}, fall = rise;
        for (unsigned i = 0; i < count; i++, index++) {
            int32_t re = (int32_t)((uint32_t)part[2 * i] << rise.up);
            int32_t im = (int32_t)((uint32_t)part[2 * i + 1] << rise.up);
            uint32_t power = (tympan_square(re) + tympan_square(im)) >> f->headroom;
            uint32_t upper = tympan_scale(power, f->rising[index]);
            rise.sum += upper;
            fall.sum += power - upper;
        }
        bin = end;
        if (j > 0) {
            levels[j - 1] = level(f, below, fall);
        }
        below = rise;
    }
}

void tympan_frontend_features(const tympan_frontend *f, const uint8_t *levels, uint8_t *features) {
    const tympan_frontend_config *c = &f->config;
    if (c->coefficients == 0) {
        memcpy(features, levels, c->bands);
        return;
    }
    for (unsigned k = 0; k < c->coefficients; k++) {
        const int16_t *row = f->dct + k * c->bands;
        int32_t acc = c->offsets[k];
        for (unsigned m = 0; m < c->bands; m++) {
            acc += (int32_t)row[m] * levels[m];
        }
        acc >>= c->shift;
        features[k] = (uint8_t)(acc < 0 ? 0 : acc > 255 ? 255 : acc);
    }
}

uint32_t tympan_frontend_ready(const tympan_frontend *f, uint32_t count) {
    uint32_t have = f->filled + count;
    return have < f->config.frame ? 0 : (have - f->config.frame) / f->config.hop + 1;
}

uint32_t tympan_frontend_push(tympan_frontend *f, const int16_t *samples, uint32_t count, uint8_t *features) {
    const tympan_frontend_config *c = &f->config;
    uint8_t levels[256];
    uint32_t done = 0;
    while (count > 0) {
        uint32_t take = c->frame - (uint32_t)f->filled;
        take = take < count ? take : count;
        memcpy(f->samples + f->filled, samples, 2 * take);
        samples += take;
        count -= take;
        f->filled = (uint16_t)(f->filled + take);
        if (f->filled == c->frame) {
            tympan_frontend_levels(f, f->samples, levels);
            tympan_frontend_features(f, levels, features + done * tympan_frontend_width(c));
            f->filled = (uint16_t)(c->frame - c->hop);
            memmove(f->samples, f->samples + c->hop, 2u * f->filled);
            done++;
        }
    }
    f->frames += done;
    return done;
}
