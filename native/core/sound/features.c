/* Samples to features: transform, mel bands, log, DCT (docs/semantics.md, section 4). */
#include "../hot.h"

#include <string.h>

#include "frontend.h"
#include "../integers/tables.h"

/* clang-format off */
/* log2(1 + i/32) in Q15, rounded to nearest */
static const uint16_t log2_table[33] = {
    0, 1455, 2866, 4236, 5568, 6863, 8124, 9352, 10549, 11716, 12855,
    13968, 15055, 16117, 17156, 18173, 19168, 20143, 21098, 22034, 22952, 23852,
    24736, 25604, 26455, 27292, 28114, 28922, 29717, 30498, 31267, 32024, 32768,
};
/* clang-format on */

/* log2(x) in Q10, x > 0. */
static int32_t log2_of(uint32_t x) {
    unsigned n = tympan_bits(x) - 1;
    uint32_t mantissa = x << (31 - n);
    uint32_t i = (mantissa >> 26) & 31, f = (mantissa >> 10) & 0xFFFF;
    uint32_t value = log2_table[i] + (((uint32_t)(log2_table[i + 1] - log2_table[i]) * f) >> 16);
    return (int32_t)((n << 10) + (value >> 5));
}

/* The bins between two band edges: what they add to the band above and to the one below, times 4^up. */
typedef struct {
    uint32_t rise, fall;
    unsigned up;
} segment;

/* A segment has an exponent of its own, so that a weak band keeps its precision beside a strong one. */
static segment power_between(const tympan_frontend *f, unsigned first, unsigned count, const uint16_t *rising) {
    int32_t bins[2 * TYMPAN_SEGMENT];
    const uint32_t unit = tympan_fft_bins(&f->memory->fft, first, count, bins);
    segment s = {0, 0, tympan_bits(unit) - 1};
    for (const int32_t *at = bins, *end = at + 2 * count; at < end; at += 2) {
        const int32_t re = (int32_t)((uint32_t)at[0] * unit), im = (int32_t)((uint32_t)at[1] * unit);
        const uint32_t power = (tympan_square(re) + tympan_square(im)) >> f->headroom;
        s.rise += tympan_scale(power, *rising++);
        s.fall += power;
    }
    s.fall -= s.rise;
    return s;
}

static uint8_t level(const tympan_frontend *f, const segment *below, const segment *above) {
    const unsigned up = below->up < above->up ? below->up : above->up, r = below->up - up, s = above->up - up;
    const uint32_t energy = (below->rise >> r >> r) + (above->fall >> s >> s);
    if (energy == 0) {
        return 0;
    }
    int32_t log2 = log2_of(energy) - (int32_t)((8 + 2 * up - f->headroom) << 10);
    int32_t value = (log2 * f->config.log_gain + f->config.log_offset) >> 20;
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

/* The log-mel levels [bands] of the frame that has filled up. */
static void measure_levels(tympan_frontend *f, uint8_t *levels) {
    const tympan_frontend_config *c = &f->config;
    struct tympan_frontend_memory *memory = f->memory;
    const uint16_t *rising = memory->rising;
    unsigned bin = tympan_bin_at(c->edges[0]);
    segment below = {0, 0, 31};
    tympan_fft256(&memory->fft, memory->samples, memory->hann);
    for (unsigned j = 0; j <= c->bands; j++) {
        const unsigned end = tympan_bin_at(c->edges[j + 1]), count = end - bin;
        const segment above = power_between(f, bin, count, rising);
        *levels = level(f, &below, &above); /* the first is of no band, and the next takes its place */
        levels += j > 0;
        below = above;
        bin = end;
        rising += count;
    }
}

void tympan_frontend_features(const tympan_frontend *f, const uint8_t *levels, uint8_t *features) {
    const tympan_frontend_config *c = &f->config;
    if (c->coefficients == 0) {
        memcpy(features, levels, c->bands);
        return;
    }
    const int16_t *row = f->dct;
    for (unsigned k = 0; k < c->coefficients; k += TYMPAN_DCT_ROWS) {
        int32_t acc[TYMPAN_DCT_ROWS] = {0, 0, 0, 0};
        for (unsigned m = 0; m < c->bands; m++, row += TYMPAN_DCT_ROWS) {
            const int32_t level = levels[m];
            acc[0] += row[0] * level;
            acc[1] += row[1] * level;
            acc[2] += row[2] * level;
            acc[3] += row[3] * level;
        }
        for (unsigned i = 0; i < TYMPAN_DCT_ROWS && k + i < c->coefficients; i++) {
            const int32_t value = (c->offsets[k + i] + acc[i]) >> c->shift;
            features[k + i] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
        }
    }
}

uint32_t tympan_frontend_ready(const tympan_frontend *f, uint32_t count) {
    uint32_t have = f->filled + count;
    return have < f->config.frame ? 0 : (have - f->config.frame) / f->config.hop + 1;
}

uint32_t tympan_frontend_push(tympan_frontend *f, const int16_t *samples, uint32_t count, uint8_t *features) {
    const tympan_frontend_config *c = &f->config;
    int16_t *have = f->memory->samples;
    uint8_t levels[256];
    uint32_t done = 0;
    while (count > 0) {
        uint32_t take = c->frame - (uint32_t)f->filled;
        take = take < count ? take : count;
        memcpy(have + f->filled, samples, 2 * take);
        samples += take;
        count -= take;
        f->filled = (uint16_t)(f->filled + take);
        if (f->filled == c->frame) {
            measure_levels(f, levels);
            tympan_frontend_features(f, levels, features + done * tympan_frontend_width(c));
            f->filled = (uint16_t)(c->frame - c->hop);
            memmove(have, have + c->hop, 2u * f->filled);
            done++;
        }
    }
    f->frames += done;
    return done;
}
