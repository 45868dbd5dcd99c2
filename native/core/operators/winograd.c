/* Winograd's minimal filtering F(4x4, 3x3) (Lavin and Gray, arXiv 1509.09308, section 4.3) on integers, exactly.
 *
 * A tile of 4 x 4 sums S needs 6 x 6 inputs d. With kernel g, S = A'((G g G') . (B' d B))A takes 36 products where the
 * definition takes 144. The fractions of G are moved to A, whose rows then stand for 24, 24, 24 and 24 times their own:
 *
 *         | 4  0 -5  0  1  0 |        | 6  0  0 |
 *         | 0  4  4 -1 -1  0 |        | 1  1  1 |        | 1  4  4  1  1  0 |
 *    B' = | 0 -4  4  1 -1  0 |    G = | 1 -1  1 |   A' = | 0  4 -4  2 -2  0 |
 *         | 0 -2 -1  2  1  0 |        | 1  2  4 |        | 0  4  4  4  4  0 |
 *         | 0 -2  1  2 -1  0 |        |-1  2 -4 |        | 0  4 -4  8 -8  4 |
 *         | 0 -4  0  5  0 -1 |        | 0  0 -6 |
 *
 * and what comes out is T = 24 * 24 S modulo 2^32. Where the loader finds |T| < 2^31 whatever the input, T >> 6 is 9 S, and
 * the inverse of 9 modulo 2^32 is part of the channel's multiplier. The transformed weights fit 16 bits (|.| <= 49 * 128),
 * the transformed inputs too (<= 100 * 255). */
#include "../hot.h"

#include "winograd.h"

enum { POINTS = 36, TILES = 3, SUMS = POINTS * TILES, MOST_COLUMNS = (TILES - 1) * TYMPAN_TILE + 6, SCALE = 24 * 24 };

#define INVERSE_OF_9 UINT32_C(0x38E38E39)

typedef struct {
    uint32_t start;  /* bias, rounding, and what the zero point contributes */
    uint32_t factor; /* multiplier / 9; both for a shift by TYMPAN_SHIFT */
} channel;

bool tympan_winograd_fits(const tympan_model *model, const tympan_operator *op, unsigned bands_in, unsigned channels_in) {
    if (op->t != 3 || op->f != 3 || op->stride_t != 1 || op->stride_f != 1 || op->groups != 1
        || op->shift > TYMPAN_SHIFT || op->bias_shift > TYMPAN_SHIFT || bands_in + 2u * op->pad < TYMPAN_TILE + 2 || op->channels < 2) {
        return false;
    }
    const int8_t *w = tympan_weights(model, op);
    for (unsigned c = 0; c < op->channels; c++) {
        uint32_t above = 0, below = 0; /* the weights of one sign and of the other */
        for (unsigned left = 9 * channels_in; left > 0; left--, w++) {
            const int32_t weight = *w;
            above += (uint32_t)(weight > 0 ? weight : 0);
            below += (uint32_t)(weight < 0 ? -weight : 0);
        }
        if ((above > below ? above : below) > INT32_MAX / (SCALE * 255)) {
            return false;
        }
        const int32_t bias = tympan_biases(model, op)[c];
        const uint64_t sum = 255u * (above + below) + ((uint64_t)(bias < 0 ? -bias : bias) << op->bias_shift);
        const uint64_t result = sum * tympan_mults(model, op)[c] + (uint32_t)tympan_rounding(op);
        if (result << (TYMPAN_SHIFT - op->shift) > INT32_MAX) {
            return false;
        }
    }
    return true;
}

tympan_needs tympan_winograd_needs(const tympan_operator *op, unsigned channels_in) {
    const tympan_needs needs = {
        op->channels * ((uint32_t)sizeof(channel) + 2u * POINTS * channels_in), POINTS * TILES * (2u * channels_in + 8u)};
    return needs;
}

/* u = G g, each `step` apart, both. */
static void transform_kernel(const int32_t *g, int32_t *u, unsigned step) {
    const int32_t a = g[0], b = g[step], c = g[2 * step];
    u[0] = 6 * a;
    u[step] = a + b + c;
    u[2 * step] = a - b + c;
    u[3 * step] = a + 2 * b + 4 * c;
    u[4 * step] = 2 * b - a - 4 * c;
    u[5 * step] = -6 * c;
}

void tympan_winograd_prepare(const tympan_model *model, const tympan_operator *op) {
    const tympan_value *in = &model->values[op->source];
    const unsigned channels_in = in->channels, up = TYMPAN_SHIFT - op->shift;
    channel *to = (channel *)(void *)(model->prepared + op->prepared);
    int16_t *u = (int16_t *)(void *)(to + op->channels);
    const int8_t *w = tympan_weights(model, op);
    for (unsigned c = 0; c < op->channels; c++, w += 9 * channels_in, u += POINTS * channels_in) {
        const uint32_t mult = tympan_mults(model, op)[c];
        uint32_t sum = 0;
        for (unsigned i = 0; i < channels_in; i++) {
            int32_t g[POINTS]; /* [6][6]; the kernel in its corner first */
            for (unsigned k = 0; k < 9; k++) {
                const int32_t weight = w[k * channels_in + i];
                g[k / 3 * 6 + k % 3] = weight;
                sum += (uint32_t)weight;
            }
            for (unsigned k = 0; k < 3; k++) {
                transform_kernel(g + k, g + k, 6);
            }
            for (unsigned k = 0; k < 6; k++) {
                transform_kernel(g + 6 * k, g + 6 * k, 1);
            }
            for (unsigned k = 0; k < POINTS; k++) {
                u[k * channels_in + i] = (int16_t)g[k];
            }
        }
        sum = (uint32_t)(tympan_biases(model, op)[c] * (INT32_C(1) << op->bias_shift)) - sum * in->zero;
        to[c].start = (sum * mult + (uint32_t)tympan_rounding(op)) << up;
        to[c].factor = mult * INVERSE_OF_9 << up;
    }
}

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
TYMPAN_ALONE void transform_inputs(
    const tympan_value *in, const uint8_t *x, unsigned first, const unsigned offsets[TILES], int16_t *v) {
    const unsigned channels = in->channels, row = (unsigned)in->bands * channels, step = channels * TILES;
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
                int32_t value; /* or gcc narrows the sums themselves, step by step */
#define PUT(k, sum) (value = (sum), *point = (int16_t)value, point += step)
                TRANSFORM(d[0], d[6], d[12], d[18], d[24], d[30], PUT);
#undef PUT
            }
        }
    }
}

/* v[k] of three tiles times the weights of two channels, added to sums or what they begin with. */
#define ADD(k) \
    (x = v[k], a0 += (uint32_t)(x * wa), b0 += (uint32_t)(x * wb), \
     x = v[k + 1], a1 += (uint32_t)(x * wa), b1 += (uint32_t)(x * wb), \
     x = v[k + 2], a2 += (uint32_t)(x * wa), b2 += (uint32_t)(x * wb))

/* Sums over input channels for two output channels, with the weights a and b: to m [2][POINTS][TILES]. */
TYMPAN_ALONE void multiply(const int16_t *v, const int16_t *a, const int16_t *b, unsigned channels, uint32_t *m) {
    for (uint32_t *end_of_points = m + SUMS; m < end_of_points; m += TILES) {
        const int16_t *end = v + TILES * channels;
        int32_t wa = *a++, wb = *b++, x;
        uint32_t a0, a1, a2, b0, b1, b2;
        x = v[0], a0 = (uint32_t)(x * wa), b0 = (uint32_t)(x * wb);
        x = v[1], a1 = (uint32_t)(x * wa), b1 = (uint32_t)(x * wb);
        x = v[2], a2 = (uint32_t)(x * wa), b2 = (uint32_t)(x * wb);
        v += TILES;
        if (!(channels & 1)) {
            wa = *a++, wb = *b++;
            ADD(0);
            v += TILES;
        }
        while (v < end) {
            wa = a[0], wb = b[0];
            ADD(0);
            wa = a[1], wb = b[1];
            ADD(3);
            v += 2 * TILES, a += 2, b += 2;
        }
        m[0] = a0, m[1] = a1, m[2] = a2, m[SUMS] = b0, m[SUMS + 1] = b1, m[SUMS + 2] = b2;
    }
}

/* What becomes of a tile's sums. */
typedef struct {
    channel is;
    unsigned channels, row; /* bytes from an output to the next band's and to the next frame's */
} finish;

/* A' m A of one tile and channel, to y; m [POINTS], TILES apart, is overwritten. */
TYMPAN_ALONE void transform_outputs(uint32_t *m, const finish *to, uint8_t *y) {
    enum { NEXT = TILES, ROW = 6 * NEXT };
    for (uint32_t *c = m; c < m + ROW; c += NEXT) {
        const uint32_t s = c[ROW] + c[2 * ROW], t = c[3 * ROW] + c[4 * ROW];
        const uint32_t d = c[ROW] - c[2 * ROW], e = c[3 * ROW] - c[4 * ROW];
        c[0] += t + 4 * s;
        c[ROW] = 2 * (2 * d + e);
        c[2 * ROW] = 4 * (s + t);
        c[3 * ROW] = 4 * (d + 2 * e + c[5 * ROW]);
    }
    const uint32_t start = to->is.start, factor = to->is.factor;
    const unsigned channels = to->channels;
    for (const uint32_t *r = m; r < m + 4 * ROW; r += ROW, y += to->row) {
        const uint32_t s = r[NEXT] + r[2 * NEXT], t = r[3 * NEXT] + r[4 * NEXT];
        const uint32_t d = r[NEXT] - r[2 * NEXT], e = r[3 * NEXT] - r[4 * NEXT];
        uint8_t *at = y;
        /* a row's powers of two, of 24, 12, 6 and 6, are left out rather than shifted away */
#define FINISH(value, power) tympan_clamp8((int32_t)((uint32_t)((int32_t)(value) >> (3 + power)) * factor + start) >> TYMPAN_SHIFT)
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

void tympan_winograd(
    const tympan_model *model, const tympan_operator *op, const tympan_value *in, const tympan_value *out,
    const uint8_t *x, uint8_t *y, unsigned frames) {
    const unsigned channels_in = in->channels, channels = op->channels, row = (unsigned)in->bands * channels_in;
    const channel *constants = (const channel *)(const void *)(model->prepared + op->prepared);
    const int16_t *weights = (const int16_t *)(const void *)(constants + channels);
    uint32_t *m = (uint32_t *)(void *)model->scratch;
    int16_t *v = (int16_t *)(void *)(m + 2 * SUMS);
    finish to = {{0, 0}, channels, out->bands * channels};
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
            transform_inputs(in, x + frame * row, band - op->pad, offsets, v);
            for (unsigned c = 0; c < channels; c += 2) {
                const unsigned first = least(c, channels - 2);
                const int16_t *a = weights + first * POINTS * channels_in;
                multiply(v, a, a + POINTS * channels_in, channels_in, m);
                for (unsigned j = c - first; j < 2; j++) {
                    to.is = constants[first + j];
                    for (unsigned k = 0; k < TILES; k++) {
                        transform_outputs(m + j * SUMS + k, &to, at[k] + first + j);
                    }
                }
            }
        }
    }
}
