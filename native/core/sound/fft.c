/* The plain one is in plain/. A turn of nothing is a shift, and so is the whole first stage. */
#include "../hot.h"

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-ivopts", "no-tree-ter") /* which would keep a pointer for each of the six factors */
#endif

#include "fft.h"
#include "../integers/tables.h"

typedef struct {
    int32_t re, im;
} point;

/* Cosine and minus the sine of a turn. */
typedef struct {
    tympan_factor re, im;
} twiddle;

static inline int32_t magnitude(int32_t x) {
    return x < 0 ? -x : x;
}

/* v * exp(-2 pi j k / 512) / 4 */
static inline point rotate(twiddle w, int32_t re, int32_t im) {
    point v = {tympan_mulh(re, w.re), tympan_mulh(im, w.re)};
    v.re += tympan_mulh(im, w.im);
    v.im -= tympan_mulh(re, w.im);
    return v;
}

static inline point quarter(const int32_t *z) {
    point v = {z[0] >> 2, z[1] >> 2};
    return v;
}

static inline point sum(point a, point b) {
    point v = {a.re + b.re, a.im + b.im};
    return v;
}

static inline point difference(point a, point b) {
    point v = {a.re - b.re, a.im - b.im};
    return v;
}

/* Four complex points, `apart` numbers from one to the next, from b + d, b - d, a and c, all of which have been turned and divided by 4. */
static inline void butterfly(int32_t *z, unsigned apart, point u, point v, point a, point c) {
    const point s = sum(a, c), t = difference(a, c);
    z[0] = s.re + u.re;
    z[1] = s.im + u.im;
    z += apart;
    z[0] = t.re + v.im;
    z[1] = t.im - v.re;
    z += apart;
    z[0] = s.re - u.re;
    z[1] = s.im - u.im;
    z += apart;
    z[0] = t.re - v.im;
    z[1] = t.im + v.re;
}

/* One point under the window, divided by 4. */
static inline point windowed(const int16_t *x, const uint16_t *w) {
    point v = {(x[0] * (int32_t)w[0]) >> 2, (x[1] * (int32_t)w[1]) >> 2};
    return v;
}

/* Points 64 apart are beside each other once the base-4 digits of their numbers are reversed. */
static void first_stage(const int16_t *x, const uint16_t *w, int32_t *z) {
    const unsigned apart = TYMPAN_FFT / 4;
    for (unsigned i = 0; i < TYMPAN_HALF / 4; i++, x += 2, w += 2) {
        const point b = windowed(x + apart, w + apart), d = windowed(x + 3 * apart, w + 3 * apart);
        const point u = sum(b, d), v = difference(b, d);
        butterfly(z, 2, u, v, windowed(x, w), windowed(x + 2 * apart, w + 2 * apart));
        /* to i + 1 with its three digits reversed */
        z += (i & 3) < 3 ? 128 : (i & 15) < 15 ? 32 - 3 * 128 : 8 - 3 * (128 + 32);
    }
}

void tympan_fft256(tympan_fft *f, const int16_t *samples, const uint16_t *hann) {
    const tympan_factor *cosine = f->cosine;
    int32_t *z = f->points;
    const int32_t *end = z + 2 * TYMPAN_HALF;
    const int32_t quarter_turn = TYMPAN_FFT / 4, half_turn = TYMPAN_FFT / 2;
    first_stage(samples, hann, z);
    for (int32_t turn = TYMPAN_HALF / 8; turn > 0; turn /= 4) {
        const unsigned apart = TYMPAN_HALF / (unsigned)turn;
        for (int32_t *at = z; at < end; at += 4 * apart) {
            const point b = quarter(at + apart), d = quarter(at + 3 * apart), u = sum(b, d), v = difference(b, d);
            butterfly(at, apart, u, v, quarter(at), quarter(at + 2 * apart));
        }
        int32_t *from = z;
        for (int32_t k = turn; k < quarter_turn; k += turn) {
            const twiddle w1 = {cosine[k], cosine[quarter_turn - k]};
            const twiddle w2 = {cosine[2 * k], cosine[magnitude(quarter_turn - 2 * k)]};
            const twiddle w3 = {cosine[half_turn - magnitude(half_turn - 3 * k)], cosine[magnitude(quarter_turn - 3 * k)]};
            from += 2;
            for (int32_t *at = from; at < end; at += 4 * apart) {
                const int32_t *pb = at + apart, *pc = pb + apart, *pd = pc + apart;
                const point b = rotate(w1, pb[0], pb[1]), d = rotate(w3, pd[0], pd[1]), u = sum(b, d), v = difference(b, d);
                const point c = rotate(w2, pc[0], pc[1]);
                butterfly(at, apart, u, v, quarter(at), c);
            }
        }
    }
    z[2 * TYMPAN_HALF] = z[0];
    z[2 * TYMPAN_HALF + 1] = z[1];
}

uint32_t tympan_fft_bins(const tympan_fft *f, unsigned first, unsigned count, int32_t *bins) {
    const tympan_factor *cosine = f->cosine;
    const int32_t *z = f->points;
    const int32_t *a = z + 2 * first, *b = z + 2 * (TYMPAN_HALF - first);
    int32_t k = (int32_t)first;
    uint32_t any = 0;
    for (; count != 0; count--, k++, bins += 2, a += 2, b -= 2) {
        const twiddle w = {cosine[k], cosine[magnitude(k - TYMPAN_FFT / 4)]};
        const int32_t ar = a[0] >> 1, ai = a[1] >> 1, br = b[0] >> 1, bi = b[1] >> 1;
        const point odd = rotate(w, ai + bi, br - ar);
        const int32_t re = (ar >> 2) + (br >> 2) + odd.re, im = (ai >> 2) - (bi >> 2) + odd.im;
        any |= (uint32_t)(magnitude(re) | magnitude(im));
        bins[0] = re;
        bins[1] = im;
    }
    return UINT32_C(0x80000000) >> tympan_bits(any);
}
