/* Weighted sum of two values; twin of host/operators/add.py. */
#include "../operators.h"

void tympan_add(
    const tympan_model *model, const tympan_operator *op, const tympan_value *out,
    const uint8_t *a, const uint8_t *b, uint8_t *y, unsigned first, unsigned frames) {
    const tympan_value *values = model->values;
    const unsigned channels = out->channels;
    const int16_t *mult = tympan_factors(model, op), *other_mult = mult + channels;
    const int32_t zero_a = values[op->source].zero, zero_b = values[op->other].zero;
    const unsigned row_b = (unsigned)values[op->other].bands * channels, cell = first / op->t;
    const int32_t rounding = tympan_rounding(op);
    for (unsigned t = 0; t < frames; t++) {
        const uint8_t *row = b + ((first + t) / op->t - cell) * row_b;
        for (unsigned band = 0; band < out->bands; band++) {
            const uint8_t *other = row + band / op->f * channels;
            for (unsigned c = 0; c < channels; c++) {
                int32_t acc = (*a++ - zero_a) * mult[c] + (other[c] - zero_b) * other_mult[c];
                acc += (int32_t)tympan_biases(model, op)[c] * (INT32_C(1) << op->bias_shift);
                *y++ = tympan_clamp8((acc + rounding) >> op->shift);
            }
        }
    }
}
