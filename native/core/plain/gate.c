/* Selective attention, batch norm and residual in one pass. */
#include "../operators/gate.h"

void tympan_gate_run(const tympan_model *model, const tympan_operator *op, const tympan_pass *p) {
    const tympan_value *out = p->out;
    const uint8_t *v = p->x, *a = p->other, *residual = p->residual;
    uint8_t *y = p->y;
    const unsigned first = p->first, frames = p->frames;
    const tympan_value *values = model->values;
    const unsigned channels = out->channels;
    const int16_t *mult = tympan_factors(model, op), *slope = mult + channels;
    const int32_t zero_v = values[op->source].zero, zero_r = residual ? values[op->residual].zero : 0;
    const unsigned row_a = (unsigned)values[op->other].bands * channels, cell = first / op->cell_t;
    const int32_t rounding = tympan_rounding(op), residual_mult = tympan_residual_mult(model, op);
    for (unsigned t = 0; t < frames; t++) {
        const uint8_t *row = a + ((first + t) / op->cell_t - cell) * row_a;
        for (unsigned band = 0; band < out->bands; band++) {
            const uint8_t *attention = row + band / op->cell_f * channels;
            for (unsigned c = 0; c < channels; c++) {
                int32_t gain = mult[c] + (((int32_t)slope[c] * model->sigmoid[attention[c]]) >> 8);
                int32_t acc = (*v++ - zero_v) * gain + (int32_t)tympan_biases(model, op)[c] * (INT32_C(1) << op->bias_shift);
                if (residual) {
                    acc += (*residual++ - zero_r) * residual_mult;
                }
                *y++ = tympan_clamp8((acc + rounding) >> op->shift);
            }
        }
    }
}
