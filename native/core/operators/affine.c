#include "../cold.h"

#include "affine.h"

void tympan_prepare_affine(const tympan_model *model, const tympan_operator *op, tympan_affine *channels, unsigned up, bool gated) {
    const tympan_value *values = model->values;
    const int16_t *mult = tympan_factors(model, op), *other = mult + op->channels;
    uint32_t common = (uint32_t)tympan_rounding(op);
    if (op->residual != TYMPAN_NONE) {
        common -= (uint32_t)(values[op->residual].zero * tympan_residual_mult(model, op));
    }
    for (unsigned c = 0; c < op->channels; c++) {
        uint32_t sum = common + (uint32_t)(tympan_biases(model, op)[c] * (INT32_C(1) << op->bias_shift));
        if (!gated) {
            sum -= (uint32_t)(values[op->source].zero * mult[c]) + (uint32_t)(values[op->other].zero * other[c]);
        }
        channels[c].start = (int32_t)(sum << up);
        channels[c].mult = mult[c];
        channels[c].other = other[c];
    }
}

bool tympan_tiles(tympan_operator *op, const tympan_value *values, uint32_t most) {
    const tympan_value *a = &values[op->source], *b = &values[op->other];
    const uint32_t covered = (uint32_t)b->frames * op->cell_t;
    op->own.lag = (covered - a->frames) / 2;
    return a->frames <= covered && covered <= most && (covered - a->frames) % 2 == 0 && a->bands == b->bands * op->cell_f
        && a->channels == b->channels && b->bytes == 1;
}
