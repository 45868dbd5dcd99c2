/* Runs a verified model strip by strip: a few frames of features at a time pass through all operators. */
#include "../cold.h"

#include "engine.h"

#include "../network/schedule.h"
#include "../operators/kinds.h"

/* Frame `first` of what an operator reads, NULL where there is no such input. */
static const uint8_t *input_at(const tympan_model *model, const uint8_t *features, unsigned input, unsigned first) {
    if (input == TYMPAN_NONE) {
        return 0;
    }
    const tympan_value *value = &model->values[input];
    return (input == 0 ? features : tympan_buffer(model, value)) + (first - value->base) * tympan_frame_bytes(value);
}

/* Run one operator for the frames it has become ready for: frames `first` to `ready` of its output. */
static void run_operator(tympan_model *model, const tympan_operator *op, tympan_value *out, const uint8_t *features,
    uint16_t *probabilities, unsigned ready) {
    const tympan_value *values = model->values, *in = &values[op->source];
    const unsigned first = out->produced, frames = ready - first;
    const tympan_reads reads = tympan_schedule_reads(op, out, first);
    const uint8_t *x = input_at(model, features, op->source, reads.source);
    const uint8_t *other = input_at(model, features, op->other, reads.other);
    const uint8_t *residual = input_at(model, features, op->residual, reads.residual);
    uint8_t *y = tympan_buffer(model, out) + (first - out->base) * tympan_frame_bytes(out);
    const tympan_pass pass = {in, out, x, other, residual, op->traits & TYMPAN_ENDS ? (uint8_t *)probabilities : y, first, frames};
    tympan_operator_run(model, op, &pass);
    if (op->traits & TYMPAN_SUMS) {
        out->summed = in->produced;
    }
    out->produced = (uint16_t)ready;
    if (model->trace && frames) {
        model->trace(model->trace_context, (unsigned)(out - values) - 1, pass.y, frames * tympan_frame_bytes(out));
    }
}

void tympan_engine_finish(tympan_model *model, const uint8_t *features, uint16_t *probabilities) {
    tympan_value *values = model->values;
    while (values[0].produced < values[0].frames) {
        tympan_schedule_feed(model);
        for (unsigned i = 0; i < model->operator_count; i++) {
            const tympan_operator *op = &model->operators[i];
            tympan_value *out = &values[i + 1];
            const unsigned ready = tympan_schedule_ready(op, values, out);
            if (ready > out->produced || op->traits & TYMPAN_SUMS) {
                run_operator(model, op, out, features, probabilities, ready);
            }
        }
        tympan_schedule_slide(model);
    }
}

void tympan_model_run(tympan_model *model, const uint8_t *features, uint16_t *probabilities) {
    tympan_schedule_reset(model);
    tympan_engine_finish(model, features, probabilities);
}
