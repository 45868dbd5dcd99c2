#include "../cold.h"

#include "schedule.h"

#include <string.h>

void tympan_schedule_reset(tympan_model *model) {
    for (unsigned v = 0; v <= model->operator_count; v++) {
        tympan_value *value = &model->values[v];
        value->base = value->produced = value->summed = value->step = 0;
    }
    model->hops = 0;
}

void tympan_schedule_advance(tympan_model *model, unsigned behind) {
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

void tympan_schedule_feed(tympan_model *model) {
    tympan_value *features = &model->values[0];
    unsigned left = (unsigned)(features->frames - features->produced);
    features->produced = (uint16_t)(features->produced + (left < model->strip ? left : model->strip));
}

static unsigned least(unsigned a, unsigned b) {
    return a < b ? a : b;
}

/* n / by, without a division for what is usual: the chip has no fast one. */
static unsigned over(unsigned n, unsigned by) {
    return by == 1 ? n : by == 2 ? n >> 1 : n / by;
}

unsigned tympan_schedule_ready(const tympan_operator *op, const tympan_value *values, const tympan_value *out) {
    const tympan_value *in = &values[op->source];
    unsigned ready = in->produced < op->t ? 0 : over(in->produced - op->t, op->stride_t) + 1;
    if (op->traits & TYMPAN_READS_OTHER) {
        const unsigned covered = (unsigned)values[op->other].produced * op->cell_t;
        ready = least(ready, covered < op->own.lag ? 0 : covered - op->own.lag);
        if (op->residual != TYMPAN_NONE) {
            ready = least(ready, values[op->residual].produced);
        }
    } else if (op->traits & TYMPAN_SUMS) {
        ready = in->produced == in->frames;
    }
    return least(ready, out->frames);
}

tympan_reads tympan_schedule_reads(const tympan_operator *op, const tympan_value *out, unsigned produced) {
    tympan_reads first = {produced * op->stride_t, produced, produced};
    if (op->traits & TYMPAN_READS_OTHER) {
        first.other = over(produced + op->own.lag, op->cell_t);
    } else if (op->traits & TYMPAN_SUMS) {
        first.source = out->summed;
    }
    return first;
}

/* Whether the output aliases values[input] frame by frame, and the operator may work so: it reads each number for the last time
 * before it writes the one at the same place. */
static bool in_place(const tympan_operator *op, const tympan_value *values, unsigned input, const tympan_value *out) {
    if (input == TYMPAN_NONE) {
        return false;
    }
    const tympan_value *in = &values[input];
    return op->traits & TYMPAN_READS_OTHER && (input == op->source || input == op->residual) && in->offset == out->offset
        && in->base == out->base;
}

/* Whether an operator that has produced so many frames will read nothing more. */
static bool done(const tympan_value *out, unsigned produced) {
    return produced == out->frames && out->step == 0;
}

/* Extend the live range of value `input`, if there is one, to begin with frame `first` at the latest. */
static void keep(tympan_value *values, unsigned input, unsigned first) {
    if (input != TYMPAN_NONE && first < values[input].needed) {
        values[input].needed = (uint16_t)first;
    }
}

void tympan_schedule_find_needed(tympan_model *model, unsigned index, unsigned ready) {
    tympan_value *values = model->values;
    for (unsigned v = 0; v <= model->operator_count; v++) {
        values[v].needed = values[v].produced;
    }
    for (unsigned i = 0; i < model->operator_count; i++) {
        const tympan_operator *op = &model->operators[i];
        const tympan_value *out = &values[i + 1];
        if (done(out, out->produced)) {
            continue;
        }
        tympan_reads first = tympan_schedule_reads(op, out, out->produced);
        if (i == index) {
            tympan_reads then = tympan_schedule_reads(op, out, ready);
            if (done(out, ready)) {
                then.source = then.other = then.residual = UINT16_MAX;
            }
            first.source = in_place(op, values, op->source, out) ? then.source : first.source;
            first.other = op->own.lag == 0 && in_place(op, values, op->other, out) ? then.other : first.other;
            first.residual = in_place(op, values, op->residual, out) ? then.residual : first.residual;
        }
        keep(values, op->source, first.source);
        keep(values, op->other, first.other);
        keep(values, op->residual, first.residual);
    }
}

void tympan_schedule_slide(tympan_model *model) {
    tympan_value *values = model->values;
    tympan_schedule_find_needed(model, model->operator_count, 0);
    for (unsigned v = model->operator_count; v > 0; v--) { /* the features are the caller's */
        tympan_value *value = &values[v];
        if (value->needed > value->base) {
            const uint32_t size = tympan_frame_bytes(value);
            uint8_t *start = tympan_buffer(model, value);
            memmove(
                start, start + (uint32_t)(value->needed - value->base) * size, (uint32_t)(value->produced - value->needed) * size);
            value->base = value->needed;
        }
    }
}
