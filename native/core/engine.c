/* Runs a verified model strip by strip: a few frames of features at a time pass through all operators. */
#include "cold.h"

#include "engine.h"

#include <string.h>

#include "schedule.h"

void tympan_engine_reset(tympan_model *model) {
    for (unsigned v = 0; v <= model->operator_count; v++) {
        tympan_value *value = &model->values[v];
        value->base = value->produced = value->summed = value->step = 0;
    }
    model->listener = 0;
}

void tympan_engine_advance(tympan_model *model, unsigned behind) {
    tympan_value *values = model->values;
    for (unsigned v = 0; v <= model->operator_count; v++) {
        tympan_value *value = &values[v];
        value->base = (uint16_t)(value->step ? value->base - value->step : 0);
        value->produced = (uint16_t)(value->step ? value->produced - value->step : 0);
        if (value->summed) { /* all that there was */
            value->summed = values[model->operators[v - 1].source].produced;
        }
    }
    values[0].base = (uint16_t)behind;
}

void tympan_engine_feed(tympan_model *model) {
    tympan_value *features = &model->values[0];
    unsigned left = (unsigned)(features->frames - features->produced);
    features->produced = (uint16_t)(features->produced + (left < model->strip ? left : model->strip));
}

static uint8_t *buffer(const tympan_model *model, const tympan_value *value) {
    return model->arena + 4u * value->offset;
}

void tympan_engine_slide(tympan_model *model) {
    tympan_value *values = model->values;
    tympan_find_needed(model, model->operator_count, 0);
    for (unsigned v = model->operator_count; v > 0; v--) { /* the features are the caller's */
        tympan_value *value = &values[v];
        if (value->needed > value->base) {
            const uint32_t size = tympan_frame_bytes(value);
            uint8_t *start = buffer(model, value);
            memmove(start, start + (uint32_t)(value->needed - value->base) * size,
                (uint32_t)(value->produced - value->needed) * size);
            value->base = value->needed;
        }
    }
}

/* Frame `first` of what an operator reads, NULL where there is no such input. */
static const uint8_t *input_at(const tympan_model *model, const uint8_t *features, unsigned input, unsigned first) {
    if (input == TYMPAN_NONE) {
        return 0;
    }
    const tympan_value *value = &model->values[input];
    return (input == 0 ? features : buffer(model, value)) + (first - value->base) * tympan_frame_bytes(value);
}

/* Run one operator for the frames it has become ready for: frames `first` to `ready` of its output. */
static void run_operator(
    tympan_model *model, const tympan_operator *op, tympan_value *out, const uint8_t *features, uint16_t *probabilities,
    unsigned ready) {
    const tympan_value *values = model->values, *in = &values[op->source];
    const unsigned first = out->produced, frames = ready - first;
    const tympan_reads reads = tympan_reads_next(op, out, first);
    const uint8_t *x = input_at(model, features, op->source, reads.source);
    const uint8_t *other = input_at(model, features, op->other, reads.other);
    const uint8_t *residual = input_at(model, features, op->residual, reads.residual);
    uint8_t *y = buffer(model, out) + (first - out->base) * tympan_frame_bytes(out);
    switch (op->kind) {
        case TYMPAN_CONV2D:
            tympan_conv2d(model, op, in, out, x, y, frames);
            break;
        case TYMPAN_MAX_POOL:
            tympan_max_pool(op, in, out, x, y, frames);
            break;
        case TYMPAN_GATE:
            tympan_gate(model, op, out, x, other, residual, y, first, frames);
            break;
        case TYMPAN_ADD:
            tympan_add(model, op, out, x, other, y, first + op->lag, frames);
            break;
        case TYMPAN_GLOBAL_AVERAGE_POOL: {
            int32_t *sums = (int32_t *)(void *)(buffer(model, out) - 4u * out->channels);
            const unsigned fresh = (unsigned)(in->produced - out->summed);
            if (model->listener) {
                tympan_listener_add(model->listener, in, x, fresh);
            } else {
                if (out->summed == 0) {
                    memset(sums, 0, 4u * out->channels);
                }
                tympan_global_sum(in, x, sums, fresh);
            }
            out->summed = in->produced;
            if (frames) {
                if (model->listener) {
                    tympan_listener_total(model->listener, sums, out->channels);
                }
                tympan_global_mean(model, op, sums, y);
            }
            break;
        }
        case TYMPAN_DENSE:
            tympan_dense(model, op, in, x, (int16_t *)(void *)y);
            break;
        default:
            y = (uint8_t *)probabilities;
            tympan_softmax((const int16_t *)(const void *)x, probabilities, op->channels);
            break;
    }
    out->produced = (uint16_t)ready;
    if (model->trace && frames) {
        model->trace(model->trace_context, (unsigned)(out - values) - 1, y, frames * tympan_frame_bytes(out));
    }
}

void tympan_engine_finish(tympan_model *model, const uint8_t *features, uint16_t *probabilities) {
    tympan_value *values = model->values;
    while (values[0].produced < values[0].frames) {
        tympan_engine_feed(model);
        for (unsigned i = 0; i < model->operator_count; i++) {
            const tympan_operator *op = &model->operators[i];
            tympan_value *out = &values[i + 1];
            const unsigned ready = tympan_ready(op, values, out);
            if (ready > out->produced || op->kind == TYMPAN_GLOBAL_AVERAGE_POOL) {
                run_operator(model, op, out, features, probabilities, ready);
            }
        }
        tympan_engine_slide(model);
    }
}

void tympan_model_run(tympan_model *model, const uint8_t *features, uint16_t *probabilities) {
    tympan_engine_reset(model);
    tympan_engine_finish(model, features, probabilities);
}
