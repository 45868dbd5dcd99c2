/* Maximum over cells; twin of max_pool in host/reference/operators.py. */
#include "../operators.h"

void tympan_max_pool(
    const tympan_operator *op, const tympan_value *in, const tympan_value *out, const uint8_t *x, uint8_t *y, unsigned frames) {
    const unsigned row = (unsigned)in->bands * in->channels;
    for (unsigned t = 0; t < frames; t++, x += op->t * row) {
        for (unsigned band = 0; band < out->bands; band++) {
            const uint8_t *cell = x + band * op->f * in->channels;
            for (unsigned c = 0; c < in->channels; c++) {
                uint8_t most = 0;
                for (unsigned i = 0; i < op->t; i++) {
                    for (unsigned j = 0; j < op->f; j++) {
                        uint8_t value = cell[i * row + j * in->channels + c];
                        most = value > most ? value : most;
                    }
                }
                *y++ = most;
            }
        }
    }
}
