/* Weighted sum of two values. */
#include "../operators/add.h"

void tympan_add_run(const tympan_model *model, const tympan_operator *op, const tympan_pass *p) {
    const tympan_value *out = p->out;
    const uint8_t *a = p->x, *b = p->other;
    uint8_t *y = p->y;
    const unsigned first = p->first + op->own.lag, frames = p->frames;
    const tympan_value *values = model->values;
    const unsigned channels = out->channels;
    const int16_t *mult = tympan_factors(model, op), *other_mult = mult + channels;
    const int32_t zero_a = values[op->source].zero, zero_b = values[op->other].zero;
    const unsigned row_b = (unsigned)values[op->other].bands * channels, cell = first / op->cell_t;
    const int32_t rounding = tympan_rounding(op);
    for (unsigned t = 0; t < frames; t++) {
        const uint8_t *row = b + ((first + t) / op->cell_t - cell) * row_b;
        for (unsigned band = 0; band < out->bands; band++) {
            const uint8_t *other = row + band / op->cell_f * channels;
            for (unsigned c = 0; c < channels; c++) {
                int32_t acc = (*a++ - zero_a) * mult[c] + (other[c] - zero_b) * other_mult[c];
                acc += (int32_t)tympan_biases(model, op)[c] * (INT32_C(1) << op->bias_shift);
                *y++ = tympan_clamp8((acc + rounding) >> op->shift);
            }
        }
    }
}
