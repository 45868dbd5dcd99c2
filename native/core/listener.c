/* Windows of an endless stream. Everything before the pool is local in time, so a window's values are those of the window
 * before, counted from a later frame on: they stay in their buffers, and only the frames of the last hop run through the
 * network. What a window pools is the sum of what its hops do. */
#include "cold.h"

#include <string.h>

#include "engine.h"
#include "schedule.h"
#include "verify.h"

/* What the network's one pool reads. */
static const tympan_value *pooled(const tympan_model *model) {
    const tympan_operator *op = model->operators;
    while (op->kind != TYMPAN_GLOBAL_AVERAGE_POOL) {
        op++;
    }
    return &model->values[op->source];
}

/* Set `step` of every value for windows that are `hop` feature frames apart. Each must begin with a cell of every operator:
 * only then are its frames those of the window before, counted from a later one on. */
static tympan_status find_steps(tympan_model *model, uint32_t hop) {
    tympan_value *values = model->values;
    bool pooled = false;
    if (hop < 1 || hop > values[0].frames) {
        return TYMPAN_HOP;
    }
    values[0].step = (uint16_t)hop;
    for (unsigned i = 0; i < model->operator_count; i++) {
        const tympan_operator *op = &model->operators[i];
        const unsigned step = values[op->source].step;
        unsigned by = 1;
        bool fits = true;
        switch (op->kind) {
            case TYMPAN_CONV2D:
                by = op->stride_t;
                break;
            case TYMPAN_MAX_POOL:
                by = op->t;
                break;
            case TYMPAN_GATE:
            case TYMPAN_ADD:
                fits = (unsigned)values[op->other].step * op->t == step
                    && (op->residual == TYMPAN_NONE || values[op->residual].step == step);
                break;
            case TYMPAN_GLOBAL_AVERAGE_POOL:
                fits = step > 0 && !pooled;
                pooled = true;
                break;
            default:
                fits = step == 0;
                break;
        }
        if (!fits) {
            return TYMPAN_STREAM;
        }
        if (step % by != 0) {
            return TYMPAN_HOP;
        }
        values[i + 1].step = (uint16_t)(op->kind == TYMPAN_GLOBAL_AVERAGE_POOL ? 0 : step / by);
    }
    return TYMPAN_OK;
}

static tympan_status begin(tympan_model *model, uint32_t hop) {
    tympan_engine_reset(model);
    return find_steps(model, hop);
}

tympan_status tympan_listener_measure(tympan_model *model, uint32_t hop, uint32_t *bytes) {
    tympan_value *values = model->values;
    const tympan_status status = begin(model, hop);
    if (status != TYMPAN_OK) {
        return status;
    }
    for (unsigned v = 0; v <= model->operator_count; v++) {
        values[v].produced = values[v].frames;
    }
    tympan_find_needed(model, model->operator_count, 0);
    for (unsigned v = 0; v <= model->operator_count; v++) {
        if (values[v].needed < values[v].step) {
            return TYMPAN_HOP; /* what is read next lies before the next window */
        }
    }
    const tympan_value *in = pooled(model);
    *bytes = 4u * in->channels * ((in->frames + in->step - 1u) / in->step);
    return TYMPAN_OK;
}

tympan_status tympan_listener_open(tympan_listener *l, tympan_model *model, uint32_t hop, void *memory, uint32_t bytes) {
    uint32_t need;
    tympan_status status = tympan_listener_measure(model, hop, &need);
    if (status == TYMPAN_OK && (bytes < need || ((uintptr_t)memory & 3) != 0)) {
        status = TYMPAN_MEMORY;
    }
    if (status == TYMPAN_OK) {
        (void)begin(model, hop);
        status = tympan_verify_stream(model);
    }
    if (status == TYMPAN_OK) {
        memset(l, 0, sizeof *l);
        l->model = model;
        l->sums = memory;
        l->hop = (uint16_t)hop;
        l->hops = (uint16_t)(need / (4u * pooled(model)->channels));
    }
    tympan_engine_reset(model);
    return status;
}

void tympan_listener_reset(tympan_listener *l) {
    if (l->model->listener == l) {
        l->model->listener = 0;
    }
}

void tympan_listener_run(tympan_listener *l, const uint8_t *window, uint32_t frames, uint16_t *probabilities) {
    tympan_model *model = l->model;
    uint32_t missed = frames - l->ended;
    l->ended = frames;
    if (model->listener != l || missed == 0 || missed > model->values[0].needed || missed % l->hop != 0) {
        (void)begin(model, l->hop);
        memset(l->sums, 0, 4u * l->hops * pooled(model)->channels);
        l->newest = l->filled = 0;
        model->listener = l;
        tympan_engine_finish(model, window, probabilities);
        return;
    }
    while (missed > 0) { /* the oldest first */
        missed -= l->hop;
        tympan_engine_advance(model, missed);
        tympan_engine_finish(model, window, probabilities);
    }
}

void tympan_listener_add(tympan_listener *l, const tympan_value *in, const uint8_t *x, unsigned frames) {
    while (frames > 0) {
        if (l->filled == in->step) { /* the oldest one's hop has left the window */
            l->filled = 0;
            l->newest = (uint16_t)(l->newest + 1 == l->hops ? 0 : l->newest + 1);
            memset(l->sums + l->newest * in->channels, 0, 4u * in->channels);
        }
        const unsigned left = (unsigned)(in->step - l->filled), n = frames < left ? frames : left;
        tympan_global_sum(in, x, l->sums + l->newest * in->channels, n);
        l->filled = (uint16_t)(l->filled + n);
        x += n * tympan_frame_bytes(in);
        frames -= n;
    }
}

void tympan_listener_total(const tympan_listener *l, int32_t *sums, unsigned channels) {
    for (unsigned c = 0; c < channels; c++) {
        int32_t sum = 0;
        for (unsigned hop = 0; hop < l->hops; hop++) {
            sum += l->sums[hop * channels + c];
        }
        sums[c] = sum;
    }
}
