#include "schedule.h"

static unsigned least(unsigned a, unsigned b) {
    return a < b ? a : b;
}

unsigned tympan_ready(const tympan_operator *op, const tympan_value *values, const tympan_value *out) {
    const tympan_value *in = &values[op->source];
    unsigned ready = in->produced;
    switch (op->kind) {
        case TYMPAN_CONV2D:
            ready = ready < op->t ? 0 : (ready - op->t) / op->stride_t + 1;
            break;
        case TYMPAN_MAX_POOL:
            ready /= op->t;
            break;
        case TYMPAN_GATE:
        case TYMPAN_ADD:
            ready = least(ready, (unsigned)values[op->other].produced * op->t);
            if (op->residual != TYMPAN_NONE) {
                ready = least(ready, values[op->residual].produced);
            }
            break;
        case TYMPAN_GLOBAL_AVERAGE_POOL:
            ready = in->produced == in->frames;
            break;
        default:
            break;
    }
    return least(ready, out->frames);
}

unsigned tympan_wanted(const tympan_operator *op, const tympan_value *values, const tympan_value *out, unsigned input,
    unsigned produced) {
    const unsigned never = values[input].frames;
    unsigned wanted = never;
    if (op->source == input && produced < out->frames) {
        switch (op->kind) {
            case TYMPAN_CONV2D:
                wanted = produced * op->stride_t;
                break;
            case TYMPAN_MAX_POOL:
                wanted = produced * op->t;
                break;
            case TYMPAN_GLOBAL_AVERAGE_POOL:
                wanted = out->summed;
                break;
            default:
                wanted = produced;
                break;
        }
    }
    if (op->other == input && produced < out->frames) {
        wanted = least(wanted, produced / op->t);
    }
    if (op->residual == input && produced < out->frames) {
        wanted = least(wanted, produced);
    }
    return least(wanted, never);
}

/* Whether the operator reads a frame of values[input] last when it writes the same frame to the same place. */
static bool in_place(const tympan_operator *op, const tympan_value *values, unsigned input, const tympan_value *out) {
    const tympan_value *in = &values[input];
    return (op->kind == TYMPAN_GATE || op->kind == TYMPAN_ADD) && (input == op->source || input == op->residual)
        && in->offset == out->offset && in->base == out->base;
}

void tympan_find_needed(tympan_model *model, unsigned index, unsigned ready) {
    tympan_value *values = model->values;
    for (unsigned v = 0; v <= model->operator_count; v++) {
        values[v].needed = values[v].produced;
    }
    for (unsigned i = 0; i < model->operator_count; i++) {
        const tympan_operator *op = &model->operators[i];
        const tympan_value *out = &values[i + 1];
        const uint8_t inputs[3] = {op->source, op->other, op->residual};
        for (unsigned k = 0; k < 3; k++) {
            if (inputs[k] != TYMPAN_NONE) {
                bool early = i == index && in_place(op, values, inputs[k], out);
                unsigned wanted = tympan_wanted(op, values, out, inputs[k], early ? ready : out->produced);
                if (wanted < values[inputs[k]].needed) {
                    values[inputs[k]].needed = (uint16_t)wanted;
                }
            }
        }
    }
}
