/* Tiles of a 3 x 3 convolution; what they compute is drawn in winograd.h. */
#include "../../hot.h"

#include "winograd.h"

enum { POINTS = TYMPAN_POINTS, TILES = TYMPAN_TILES, SUMS = POINTS * TILES, MOST_COLUMNS = (TILES - 1) * TYMPAN_TILE + 6 };

/* B' d */
#define TRANSFORM(d0, d1, d2, d3, d4, d5, PUT) \
    do { \
        const int32_t e = 4 * (d2) - (d4), f = 4 * (d1) - (d3), g = (d4) - (d2), h = (d3) - (d1); \
        PUT(0, 4 * ((d0) - (d2)) + g); \
        PUT(1, e + f); \
        PUT(2, e - f); \
        PUT(3, 2 * h + g); \
        PUT(4, 2 * h - g); \
        PUT(5, 4 * h - ((d5) - (d3))); \
    } while (0)

/* The inputs of tiles whose first output bands lie `offsets` behind the first one's, from the column of band `first` on, which
 * may lie before or behind those there are; to v [POINTS][channels][TILES]. */
TYMPAN_ALONE static void tile_inputs(
    const tympan_value *in, const uint8_t *x, unsigned first, const unsigned offsets[TILES], int16_t *v) {
    const unsigned channels = in->channels, row = (unsigned)in->bands * channels, plane = channels * TILES;
    for (unsigned c = 0; c < channels; c++) {
        int32_t columns[6 * MOST_COLUMNS];
        const int32_t *end = columns + 6 * (offsets[TILES - 1] + 6);
        unsigned band = first, at = first * channels + c;
        for (int32_t *to = columns; to < end; to += 6, band++, at += channels) {
            if (band < in->bands) {
                const uint8_t *d = x + at;
                const int32_t d0 = *d, d1 = *(d += row), d2 = *(d += row), d3 = *(d += row), d4 = *(d += row), d5 = d[row];
#define PUT(k, value) to[k] = (value)
                TRANSFORM(d0, d1, d2, d3, d4, d5, PUT);
#undef PUT
            } else {
                to[0] = to[2] = to[3] = to[4] = to[5] = 0;
                to[1] = 6 * in->zero;
            }
        }
        for (unsigned k = 0; k < TILES; k++, v++) {
            int16_t *point = v;
            const int32_t *d = columns + 6 * offsets[k];
            for (const int32_t *last = d + 6; d < last; d++) {
                int32_t value; /* or gcc narrows the sums themselves, plane by plane */
#define PUT(k, sum) (value = (sum), *point = (int16_t)value, point += plane)
                TRANSFORM(d[0], d[6], d[12], d[18], d[24], d[30], PUT);
#undef PUT
            }
        }
    }
}

/* Channel k of three tiles times the weights of `n` output channels. */
/* clang-format off */
#define PRODUCTS(k, TO) \
    do { \
        wa = w[n * (k)], wb = n > 1 ? w[n * (k) + 1] : 0; \
        x = v[TILES * (k)], a0 TO (uint32_t)(x * wa), b0 TO (uint32_t)(x * wb); \
        x = v[TILES * (k) + 1], a1 TO (uint32_t)(x * wa), b1 TO (uint32_t)(x * wb); \
        x = v[TILES * (k) + 2], a2 TO (uint32_t)(x * wa), b2 TO (uint32_t)(x * wb); \
    } while (0)
/* clang-format on */

/* Sums over input channels for two output channels or one, with their weights w [POINTS][channels][n]: to
 * m [n][POINTS][TILES]. The first channel begins the sums; those left go in pairs, of which an odd one is the second. */
TYMPAN_INLINED static inline void products(const int16_t *v, const int16_t *w, unsigned channels, uint32_t *m, const unsigned n) {
    for (const uint32_t *end_of_points = m + SUMS; m < end_of_points; m += TILES) {
        const int16_t *end = v + TILES * channels;
        int32_t wa, wb, x;
        uint32_t a0, a1, a2, b0, b1, b2;
        PRODUCTS(0, =);
        switch (channels & 1) {
            default:
                v += TILES, w += n;
                while (v != end) {
                    PRODUCTS(0, +=);
                    /* fall through */
                    case 0:
                        PRODUCTS(1, +=);
                        v += 2 * TILES, w += 2 * n;
                }
        }
        m[0] = a0, m[1] = a1, m[2] = a2;
        if (n > 1) {
            m[SUMS] = b0, m[SUMS + 1] = b1, m[SUMS + 2] = b2;
        }
    }
}

TYMPAN_ALONE static void products_of_two(const int16_t *v, const int16_t *w, unsigned channels, uint32_t *m) {
    products(v, w, channels, m, 2);
}

TYMPAN_ALONE static void products_of_one(const int16_t *v, const int16_t *w, unsigned channels, uint32_t *m) {
    products(v, w, channels, m, 1);
}

/* What becomes of a tile's sums. */
typedef struct {
    const tympan_tiled *is;
    unsigned shift, channels, row; /* bytes from an output to the next band's and to the next frame's */
} finish;

/* A' m A of one tile and channel, to y; m [POINTS], TILES apart, is overwritten. */
TYMPAN_ALONE static void tile_outputs(uint32_t *m, const finish *to, uint8_t *y) {
    enum { NEXT = TILES, ROW = 6 * NEXT };
    for (uint32_t *c = m; c < m + ROW; c += NEXT) {
        const uint32_t s = c[ROW] + c[2 * ROW], t = c[3 * ROW] + c[4 * ROW];
        const uint32_t d = c[ROW] - c[2 * ROW], e = c[3 * ROW] - c[4 * ROW];
        c[0] += t + 4 * s;
        c[ROW] = 2 * (2 * d + e);
        c[2 * ROW] = 4 * (s + t);
        c[3 * ROW] = 4 * (d + 2 * e + c[5 * ROW]);
    }
    const uint32_t start = to->is->start, factor = to->is->factor;
    const unsigned channels = to->channels, row = to->row, shift = to->shift;
    for (const uint32_t *r = m; r < m + 4 * ROW; r += ROW, y += row) {
        const uint32_t s = r[NEXT] + r[2 * NEXT], t = r[3 * NEXT] + r[4 * NEXT];
        const uint32_t d = r[NEXT] - r[2 * NEXT], e = r[3 * NEXT] - r[4 * NEXT];
        uint8_t *at = y;
        /* a row's powers of two, of 24, 12, 6 and 6, are left out rather than shifted away */
#define FINISH(value, power) tympan_clamp8((int32_t)((uint32_t)((int32_t)(value) >> (3 + power)) * factor + start) >> shift)
        *at = FINISH(r[0] + t + 4 * s, 3);
        *(at += channels) = FINISH(2 * d + e, 2);
        *(at += channels) = FINISH(s + t, 1);
        *(at += channels) = FINISH(d + 2 * e + r[5 * NEXT], 1);
#undef FINISH
    }
}

static unsigned least(unsigned a, unsigned b) {
    return a < b ? a : b;
}

void tympan_winograd(const tympan_model *model, const tympan_operator *op, const tympan_pass *pass) {
    const tympan_value *in = pass->in, *out = pass->out;
    const uint8_t *x = pass->x;
    uint8_t *y = pass->y;
    const unsigned frames = pass->frames;
    const unsigned channels_in = in->channels, channels = op->channels, row = (unsigned)in->bands * channels_in;
    const tympan_tiled *constants = (const tympan_tiled *)(const void *)(model->prepared + op->own.prepared);
    const int16_t *weights = (const int16_t *)(const void *)(constants + channels);
    uint32_t *m = (uint32_t *)(void *)model->scratch;
    int16_t *v = (int16_t *)(void *)(m + 2 * SUMS);
    finish to = {0, op->shift, channels, out->bands * channels};
    /* the last tiles lie over those before: their outputs are the same */
    for (unsigned t = 0; t < frames; t += TYMPAN_TILE) {
        const unsigned frame = least(t, frames - TYMPAN_TILE);
        for (unsigned f = 0; f < out->bands; f += TILES * TYMPAN_TILE) {
            uint8_t *at[TILES];
            const unsigned band = least(f, out->bands - TYMPAN_TILE);
            unsigned offsets[TILES];
            for (unsigned k = 0; k < TILES; k++) {
                offsets[k] = least(k * TYMPAN_TILE, out->bands - TYMPAN_TILE - band);
                at[k] = y + frame * to.row + (band + offsets[k]) * channels;
            }
            tile_inputs(in, x + frame * row, band - op->pad, offsets, v);
            for (unsigned c = 0; c < channels; c += 2) {
                const unsigned n = least(channels - c, 2);
                const int16_t *w = weights + c * POINTS * channels_in;
                if (n > 1) {
                    products_of_two(v, w, channels_in, m);
                } else {
                    products_of_one(v, w, channels_in, m);
                }
                for (unsigned j = 0; j < n; j++) {
                    to.is = &constants[c + j];
                    for (unsigned k = 0; k < TILES; k++) {
                        tile_outputs(m + j * SUMS + k, &to, at[k] + c + j);
                    }
                }
            }
        }
    }
}
