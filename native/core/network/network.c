#include "../cold.h"

#include "network.h"

#include <string.h>

#include "../integers/tables.h"
#include "../operators/kinds.h"

enum { MAX_WORK = 1 << 26 };

/* Where the tables lie behind each other. */
typedef struct {
    uint32_t values, sigmoid, prepared; /* the operators come first, what is prepared for them last */
} layout;

static layout layout_of(unsigned operator_count) {
    layout at;
    at.values = operator_count * (uint32_t)sizeof(tympan_operator);
    at.sigmoid = at.values + tympan_round4((operator_count + 1u) * (uint32_t)sizeof(tympan_value));
    at.prepared = at.sigmoid + 256;
    return at;
}

/* The source of operator `index`, whose record is at byte `at`; 0 where there is no record, or no such value: `unpack` refuses
 * either. */
static unsigned source_at(const tympan_model *model, unsigned index, uint32_t at) {
    const unsigned source = at < model->records_bytes ? model->records[at + 1] : 0;
    return source > index ? 0 : source;
}

/* Unpack operator `index`, whose record is at byte *at, and find the next. */
static tympan_status unpack(const tympan_model *model, unsigned index, uint32_t *at, unsigned channels_in, tympan_operator *op) {
    *at = tympan_operator_unpack(op, model, *at, channels_in);
    const bool last = index + 1u == model->operator_count;
    if (*at == 0 || (last && *at != model->records_bytes)) {
        return TYMPAN_OPERATOR;
    }
    if (op->source > index || (op->traits & TYMPAN_READS_OTHER && op->other > index)
        || (op->residual != TYMPAN_NONE && op->residual > index)) {
        return TYMPAN_GRAPH; /* what it reads is not there yet */
    }
    return !(op->traits & TYMPAN_ENDS) == !last ? TYMPAN_OK : TYMPAN_GRAPH;
}

tympan_status tympan_network_measure(const tympan_model *model, uint32_t *bytes) {
    uint8_t bands[255], channels[255]; /* of each value */
    uint32_t at = 0;
    tympan_needs needs = {0, 0};
    bands[0] = model->input.bands;
    channels[0] = model->input.channels;
    for (unsigned i = 0; i < model->operator_count; i++) {
        tympan_operator op;
        const unsigned source = source_at(model, i, at);
        const tympan_status status = unpack(model, i, &at, channels[source], &op);
        if (status != TYMPAN_OK) {
            return status;
        }
        const unsigned out = tympan_operator_bands(&op, bands[source]);
        if (out == 0 || out > 255) {
            return TYMPAN_SHAPE;
        }
        bands[i + 1] = (uint8_t)out;
        channels[i + 1] = op.channels;
        tympan_operator_choose(model, &op, bands[source], channels[source], &needs);
    }
    *bytes = layout_of(model->operator_count).prepared + needs.prepared + needs.scratch;
    return TYMPAN_OK;
}

tympan_status tympan_network_open(tympan_model *model, void *memory, uint32_t bytes) {
    const layout tables = layout_of(model->operator_count);
    tympan_operator *operators = memory;
    tympan_value *values = (tympan_value *)(void *)((uint8_t *)memory + tables.values);
    uint32_t at = 0;
    tympan_needs needs = {0, 0};
    uint64_t work = 0;
    if (bytes < tables.prepared) {
        return TYMPAN_MEMORY;
    }
    bytes -= tables.prepared;
    model->operators = operators;
    model->values = values;
    model->sigmoid = (uint8_t *)memory + tables.sigmoid;
    model->prepared = (int32_t *)(void *)((uint8_t *)memory + tables.prepared);
    tympan_sigmoid_table(model->sigmoid);
    memset(values, 0, (model->operator_count + 1u) * sizeof *values);
    values[0].frames = values[0].columns = model->input.frames;
    values[0].bands = model->input.bands;
    values[0].channels = model->input.channels;
    values[0].bytes = 1;
    values[0].zero = model->input.zero;
    for (unsigned i = 0; i < model->operator_count; i++) {
        tympan_operator *op = &operators[i];
        tympan_value *out = &values[i + 1];
        const uint8_t *record = model->records + at;
        const unsigned source = source_at(model, i, at);
        const tympan_value *in = &values[source];
        tympan_status status = unpack(model, i, &at, in->channels, op);
        if (status == TYMPAN_OK) {
            status = tympan_operator_shape(op, values, out);
        }
        if (status == TYMPAN_OK) {
            status = tympan_operator_range(model, op);
        }
        if (status != TYMPAN_OK) {
            return status;
        }
        const uint16_t *place = (const uint16_t *)(const void *)(record + 4);
        out->columns = place[0];
        const uint32_t offset = place[1] + (op->traits & TYMPAN_SUMS ? op->channels : 0u); /* a pool's sums come first */
        if (offset > UINT16_MAX) {
            return TYMPAN_PLAN;
        }
        out->offset = (uint16_t)offset;
        work += tympan_operator_work(op, values, out);
        const uint32_t prepared = needs.prepared;
        tympan_operator_choose(model, op, in->bands, in->channels, &needs);
        if (needs.prepared > bytes) {
            return TYMPAN_MEMORY;
        }
        if (needs.prepared > prepared) {
            op->own.prepared = prepared / 4;
            tympan_operator_prepare(model, op);
        }
    }
    if (bytes < needs.prepared + needs.scratch + model->arena_bytes) {
        return TYMPAN_MEMORY;
    }
    model->scratch = (uint8_t *)model->prepared + needs.prepared;
    model->arena = model->scratch + needs.scratch;
    values[model->operator_count].offset = 0; /* the last one writes to its caller */
    if (work > MAX_WORK) {
        return TYMPAN_WORK;
    }
    return values[model->operator_count].channels == model->label_count ? TYMPAN_OK : TYMPAN_LABELS;
}
