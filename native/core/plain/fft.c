#include "../sound/fft.h"

#include "../integers/tables.h"

/* cos(2 pi k / 512) from the table of half a turn */
static int32_t cosine_at(const tympan_factor *cosine, unsigned k) {
    k &= TYMPAN_FFT - 1;
    return cosine[k <= TYMPAN_FFT / 2 ? k : TYMPAN_FFT - k];
}

typedef struct {
    int32_t c, s;
} twiddle;

static twiddle twiddle_at(const tympan_factor *cosine, unsigned k) {
    twiddle w = {cosine_at(cosine, k), cosine_at(cosine, k + TYMPAN_FFT * 3 / 4)};
    return w;
}

/* floor(a b / 2^32) */
static int32_t mulh(int32_t a, int32_t b) {
    return (int32_t)(((int64_t)a * b) >> 32);
}

/* (re + j im) * exp(-2 pi j k / 512) / 4 */
static inline void rotate(twiddle w, int32_t re, int32_t im, int32_t *out_re, int32_t *out_im) {
    *out_re = mulh(re, w.c) + mulh(im, w.s);
    *out_im = mulh(im, w.c) - mulh(re, w.s);
}

/* Four base-4 digits reversed. */
static unsigned reversed(unsigned i) {
    return (i & 3) << 6 | (i & 12) << 2 | (i & 48) >> 2 | i >> 6;
}

void tympan_fft256(tympan_fft *f, const int16_t *samples, const uint16_t *hann) {
    const tympan_factor *cosine = f->cosine;
    int32_t *z = f->points;
    for (unsigned n = 0; n < TYMPAN_FFT; n++) {
        z[2 * reversed(n / 2) + n % 2] = samples[n] * (int32_t)hann[n];
    }
    for (unsigned span = 1; span < TYMPAN_HALF; span *= 4) {
        for (unsigned j = 0; j < span; j++) {
            unsigned turn = j * (TYMPAN_HALF / 2 / span);
            twiddle w1 = twiddle_at(cosine, turn), w2 = twiddle_at(cosine, 2 * turn), w3 = twiddle_at(cosine, 3 * turn);
            for (unsigned i = j; i < TYMPAN_HALF; i += 4 * span) {
                int32_t *a = z + 2 * i, *b = a + 2 * span, *c = b + 2 * span, *d = c + 2 * span;
                int32_t ar = a[0] >> 2, ai = a[1] >> 2, br, bi, cr, ci, dr, di;
                rotate(w1, b[0], b[1], &br, &bi);
                rotate(w2, c[0], c[1], &cr, &ci);
                rotate(w3, d[0], d[1], &dr, &di);
                int32_t sr = ar + cr, si = ai + ci, tr = ar - cr, ti = ai - ci;
                int32_t ur = br + dr, ui = bi + di, vr = br - dr, vi = bi - di;
                a[0] = sr + ur;
                a[1] = si + ui;
                b[0] = tr + vi;
                b[1] = ti - vr;
                c[0] = sr - ur;
                c[1] = si - ui;
                d[0] = tr - vi;
                d[1] = ti + vr;
            }
        }
    }
    z[2 * TYMPAN_HALF] = z[0];
    z[2 * TYMPAN_HALF + 1] = z[1];
}

uint32_t tympan_fft_bins(const tympan_fft *f, unsigned first, unsigned count, int32_t *bins) {
    const tympan_factor *cosine = f->cosine;
    const int32_t *z = f->points;
    uint32_t most = 0;
    for (unsigned k = first; k < first + count; k++, bins += 2) {
        const int32_t *a = z + 2 * k, *b = z + 2 * (TYMPAN_HALF - k);
        rotate(twiddle_at(cosine, k), (a[1] >> 1) + (b[1] >> 1), (b[0] >> 1) - (a[0] >> 1), &bins[0], &bins[1]);
        bins[0] += (a[0] >> 3) + (b[0] >> 3);
        bins[1] += (a[1] >> 3) - (b[1] >> 3);
        for (unsigned i = 0; i < 2; i++) {
            const uint32_t size = bins[i] < 0 ? 0u - (uint32_t)bins[i] : (uint32_t)bins[i];
            most = size > most ? size : most;
        }
    }
    return UINT32_C(1) << (31 - tympan_bits(most));
}
