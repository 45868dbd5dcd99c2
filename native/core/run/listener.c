/* Windows of an endless stream. Everything before the pool is local in time, so a window's values are those of the window
 * before, counted from a later frame on: they stay in their buffers, and only the frames of the last hop run through the
 * network. What a window pools is the sum of what its hops do. */
#include "../cold.h"

#include <string.h>

#include "../network/plan.h"
#include "../network/schedule.h"
#include "engine.h"

/* What the network's one pool reads. */
static const tympan_value *pooled(const tympan_model *model) {
    const tympan_operator *op = model->operators;
    while (!(op->traits & TYMPAN_SUMS)) {
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
        bool fits = true;
        if (op->traits & TYMPAN_READS_OTHER) {
            fits = (unsigned)values[op->other].step * op->cell_t == step
                && (op->residual == TYMPAN_NONE || values[op->residual].step == step);
        } else if (op->traits & TYMPAN_SUMS) {
            fits = step > 0 && !pooled;
            pooled = true;
        } else if (op->traits & TYMPAN_READS_CELL) {
            fits = step == 0;
        }
        if (!fits) {
            return TYMPAN_STREAM;
        }
        if (step % op->stride_t != 0) {
            return TYMPAN_HOP;
        }
        values[i + 1].step = (uint16_t)(op->traits & TYMPAN_SUMS ? 0 : step / op->stride_t);
    }
    return TYMPAN_OK;
}

static tympan_status begin(tympan_model *model, uint32_t hop) {
    tympan_schedule_reset(model);
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
    tympan_schedule_find_needed(model, model->operator_count, 0);
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
        l->hops.sums = memory;
        l->hop = (uint16_t)hop;
        l->hops.count = (uint16_t)(need / (4u * pooled(model)->channels));
    }
    tympan_schedule_reset(model);
    return status;
}

void tympan_listener_reset(tympan_listener *l) {
    if (l->model->hops == &l->hops) {
        l->model->hops = 0;
    }
}

void tympan_listener_run(tympan_listener *l, const uint8_t *window, uint32_t frames, uint16_t *probabilities) {
    tympan_model *model = l->model;
    uint32_t missed = frames - l->ended;
    l->ended = frames;
    if (model->hops != &l->hops || missed == 0 || missed > model->values[0].needed || missed % l->hop != 0) {
        (void)begin(model, l->hop);
        memset(l->hops.sums, 0, 4u * l->hops.count * pooled(model)->channels);
        l->hops.newest = l->hops.filled = 0;
        model->hops = &l->hops;
        tympan_engine_finish(model, window, probabilities);
        return;
    }
    while (missed > 0) { /* the oldest first */
        missed -= l->hop;
        tympan_schedule_advance(model, missed);
        tympan_engine_finish(model, window, probabilities);
    }
}
