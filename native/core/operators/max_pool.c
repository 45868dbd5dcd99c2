/* Maximum over cells; twin of max_pool in host/reference/operators.py. */
#include "../hot.h"

#include "../operators.h"

/* One row of cells of `t` x `f`, which are constants where this is inlined. */
static inline uint8_t *pool_row(
    const uint8_t *x, uint8_t *y, unsigned cells, unsigned channels, unsigned row, const unsigned t, const unsigned f) {
    for (; cells > 0; cells--, x += (f - 1) * channels) {
        for (unsigned c = 0; c < channels; c++, x++) {
            uint8_t most = *x;
#pragma GCC unroll 2
            for (unsigned i = 0; i < t; i++) {
#pragma GCC unroll 2
                for (unsigned j = 0; j < f; j++) {
                    const uint8_t value = x[i * row + j * channels];
                    most = value > most ? value : most;
                }
            }
            *y++ = most;
        }
    }
    return y;
}

void tympan_max_pool(
    const tympan_operator *op, const tympan_value *in, const tympan_value *out, const uint8_t *x, uint8_t *y, unsigned frames) {
    const unsigned row = (unsigned)in->bands * in->channels;
    for (; frames > 0; frames--, x += op->t * row) {
        if (op->t == 2 && op->f == 2) {
            y = pool_row(x, y, out->bands, in->channels, row, 2, 2);
        } else {
            y = pool_row(x, y, out->bands, in->channels, row, op->t, op->f);
        }
    }
}
