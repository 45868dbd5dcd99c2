/* The plain one is in plain/. A turn of nothing is a shift, and so is the whole first stage. */
#include "hot.h"

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-ivopts") /* which would keep a pointer for each of the six factors */
#endif

#include "fft.h"

typedef struct {
    int32_t re, im;
} point;

/* Cosine and minus the sine of a turn. */
typedef struct {
    tympan_factor re, im;
} twiddle;

/* Of k 512ths of a turn, k below 384, from the table of half a turn. */
static inline twiddle twiddle_at(const tympan_factor *cosine, unsigned k) {
    const unsigned quarter = TYMPAN_FFT / 4, half = TYMPAN_FFT / 2;
    twiddle w = {cosine[k <= half ? k : 2 * half - k], cosine[k < quarter ? quarter - k : k - quarter]};
    return w;
}

/* v * exp(-2 pi j k / 512) / 4 */
static inline point rotate(twiddle w, int32_t re, int32_t im) {
    point v = {tympan_mulh(re, w.re) + tympan_mulh(im, w.im), tympan_mulh(im, w.re) - tympan_mulh(re, w.im)};
    return v;
}

static inline point quarter(const int32_t *z) {
    point v = {z[0] >> 2, z[1] >> 2};
    return v;
}

/* Points a, a + step, ... of which all have been turned and divided by 4. */
static inline void butterfly(int32_t *z, unsigned step, point a, point b, point c, point d) {
    const int32_t sr = a.re + c.re, si = a.im + c.im, tr = a.re - c.re, ti = a.im - c.im;
    const int32_t ur = b.re + d.re, ui = b.im + d.im, vr = b.re - d.re, vi = b.im - d.im;
    z[0] = sr + ur;
    z[1] = si + ui;
    z += step;
    z[0] = tr + vi;
    z[1] = ti - vr;
    z += step;
    z[0] = sr - ur;
    z[1] = si - ui;
    z += step;
    z[0] = tr - vi;
    z[1] = ti + vr;
}

void tympan_fft256(int32_t *z, const tympan_factor *cosine) {
    const int32_t *end = z + 2 * TYMPAN_HALF;
    for (unsigned span = 1; span < TYMPAN_HALF; span *= 4) {
        const unsigned step = 2 * span, turn = TYMPAN_HALF / 2 / span;
        for (int32_t *at = z; at < end; at += 4 * step) {
            butterfly(at, step, quarter(at), quarter(at + step), quarter(at + 2 * step), quarter(at + 3 * step));
        }
        for (unsigned j = 1; j < span; j++) {
            const twiddle w1 = twiddle_at(cosine, j * turn), w2 = twiddle_at(cosine, 2 * j * turn);
            const twiddle w3 = twiddle_at(cosine, 3 * j * turn);
            for (int32_t *at = z + 2 * j; at < end; at += 4 * step) {
                const int32_t *b = at + step, *c = b + step, *d = c + step;
                const point vb = rotate(w1, b[0], b[1]), vc = rotate(w2, c[0], c[1]), vd = rotate(w3, d[0], d[1]);
                butterfly(at, step, quarter(at), vb, vc, vd);
            }
        }
    }
}

static inline uint32_t magnitude(int32_t x) {
    return x < 0 ? 0u - (uint32_t)x : (uint32_t)x;
}

uint32_t tympan_fft_bins(const int32_t *z, const tympan_factor *cosine, unsigned first, unsigned count, int32_t *bins) {
    uint32_t any = 0;
    for (unsigned k = first; k < first + count; k++) {
        const int32_t *a = z + 2 * k, *b = z + 2 * ((TYMPAN_HALF - k) & (TYMPAN_HALF - 1));
        const point odd = rotate(twiddle_at(cosine, k), (a[1] >> 1) + (b[1] >> 1), (b[0] >> 1) - (a[0] >> 1));
        const int32_t re = (a[0] >> 3) + (b[0] >> 3) + odd.re, im = (a[1] >> 3) - (b[1] >> 3) + odd.im;
        any |= magnitude(re) | magnitude(im);
        *bins++ = re;
        *bins++ = im;
    }
    return any;
}
