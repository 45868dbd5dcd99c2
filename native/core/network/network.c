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

tympan_status tympan_network_measure(const tympan_model *model, uint32_t *bytes) {
    uint32_t at = 0;
    uint8_t bands[255], channels[255]; /* of each value */
    uint32_t prepared = 0, scratch = 0;
    bands[0] = (uint8_t)tympan_frontend_width(&model->frontend);
    channels[0] = 1;
    for (unsigned i = 0; i < model->operator_count; i++) {
        tympan_operator op;
        if (at == model->records_bytes) { /* else there are 4 bytes at least */
            return TYMPAN_OPERATOR;
        }
        const unsigned source = model->records[at + 1];
        if (source > i) {
            return TYMPAN_GRAPH;
        }
        at = tympan_operator_unpack(&op, model, at, channels[source]);
        if (at == 0) {
            return TYMPAN_OPERATOR;
        }
        if ((op.traits & TYMPAN_READS_OTHER && op.other > i) || (op.residual != TYMPAN_NONE && op.residual > i)
            || !(op.traits & TYMPAN_ENDS) != (i + 1u < model->operator_count)) {
            return TYMPAN_GRAPH;
        }
        const unsigned in = bands[source], out = tympan_operator_bands(&op, in);
        if (out == 0 || out > 255) {
            return TYMPAN_SHAPE;
        }
        bands[i + 1] = (uint8_t)out;
        channels[i + 1] = op.channels;
        const tympan_needs needs = tympan_operator_choose(model, &op, in, channels[source]);
        prepared += needs.prepared;
        scratch = needs.scratch > scratch ? needs.scratch : scratch;
    }
    *bytes = layout_of(model->operator_count).prepared + prepared + scratch;
    return at == model->records_bytes ? TYMPAN_OK : TYMPAN_OPERATOR;
}

tympan_status tympan_network_open(tympan_model *model, void *memory) {
    const layout tables = layout_of(model->operator_count);
    const tympan_frontend_config *c = &model->frontend;
    tympan_operator *operators = memory;
    tympan_value *values = (tympan_value *)(void *)((uint8_t *)memory + tables.values);
    int32_t *prepared = (int32_t *)(void *)((uint8_t *)memory + tables.prepared);
    uint32_t at = 0, filled = 0;
    uint64_t work = 0;
    model->operators = operators;
    model->values = values;
    model->sigmoid = (uint8_t *)memory + tables.sigmoid;
    model->prepared = prepared;
    tympan_sigmoid_table(model->sigmoid);
    memset(values, 0, (model->operator_count + 1u) * sizeof *values);
    values[0].frames = values[0].columns = c->frames;
    values[0].bands = (uint8_t)tympan_frontend_width(c);
    values[0].channels = values[0].bytes = 1;
    values[0].zero = c->zero;
    for (unsigned i = 0; i < model->operator_count; i++) {
        tympan_operator *op = &operators[i];
        tympan_value *out = &values[i + 1];
        const uint8_t *record = model->records + at;
        at = tympan_operator_unpack(op, model, at, values[record[1]].channels);
        tympan_status status = tympan_operator_shape(op, values, out);
        if (status == TYMPAN_OK) {
            status = tympan_operator_range(model, op);
        }
        if (status != TYMPAN_OK) {
            return status;
        }
        out->columns = (uint16_t)(record[4] | record[5] << 8);
        /* a pool's sums come before its output */
        uint32_t offset = (uint32_t)(record[6] | record[7] << 8) + (op->traits & TYMPAN_SUMS ? op->channels : 0u);
        if (offset > UINT16_MAX) {
            return TYMPAN_PLAN;
        }
        out->offset = (uint16_t)offset;
        work += tympan_operator_work(op, values, out);
        const tympan_needs needs = tympan_operator_choose(model, op, values[op->source].bands, values[op->source].channels);
        if (needs.prepared) {
            op->own.prepared = filled;
            filled += needs.prepared / 4;
            tympan_operator_prepare(model, op);
        }
    }
    model->scratch = (uint8_t *)(prepared + filled);
    values[model->operator_count].offset = 0; /* the last one writes to its caller */
    if (work > MAX_WORK) {
        return TYMPAN_WORK;
    }
    return values[model->operator_count].channels == model->label_count ? TYMPAN_OK : TYMPAN_LABELS;
}
