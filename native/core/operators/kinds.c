/* Every switch over the kinds of operators, made of list.h. The layout of a record is drawn in ../file/model.c. */
#include "../cold.h"

#include "kinds.h"

#include "add.h"
#include "average_pool.h"
#include "convolution/conv2d.h"
#include "dense.h"
#include "gate.h"
#include "global_average_pool.h"
#include "max_pool.h"
#include "softmax.h"

/* switch (op->kind) whose every case is one call; a kind without the function does not compile. */
#define EACH(CASE) \
    switch ((enum tympan_kind)op->kind) { \
        TYMPAN_OPERATORS(CASE) \
        case TYMPAN_NO_KIND: \
        case TYMPAN_KINDS: \
        case TYMPAN_DILATED: \
            break; \
    }

uint32_t tympan_operator_unpack(tympan_operator *op, const tympan_model *model, uint32_t at, unsigned channels_in) {
#define X(NAME, name, head, traits) {head, traits},
    static const uint8_t kinds[][2] = {{0, 0}, TYMPAN_OPERATORS(X)};
#undef X
    const uint8_t *p = model->records + at;
    const uint32_t left = model->records_bytes - at;
    if (left < 8) {
        return 0;
    }
    const unsigned kind = p[0] & (TYMPAN_DILATED - 1u), dilated = p[0] & TYMPAN_DILATED;
    if (kind == TYMPAN_NO_KIND || kind >= TYMPAN_KINDS || (dilated && !(kinds[kind][1] & TYMPAN_DILATES))) {
        return 0;
    }
    const uint32_t head = kinds[kind][0] + (dilated ? 4u : 0u);
    if (left < head) {
        return 0;
    }
    op->kind = (uint8_t)kind;
    op->traits = kinds[kind][1];
    op->source = p[1];
    op->zero = p[2];
    op->shift = p[3];
    op->other = op->residual = TYMPAN_NONE;
    op->t = op->f = op->stride_t = op->stride_f = op->groups = op->cell_t = op->cell_f = 1;
    op->pad = op->bias_shift = 0;
    if (dilated) {
        op->cell_t = p[head - 4];
    }
    op->channels = (uint8_t)channels_in;
    op->constants = (uint16_t)((at + head) / 4);
    op->algorithm = TYMPAN_DIRECT;
    op->own.lag = 0;
    uint32_t bytes = 0; /* of the constants */
#define CASE(NAME, name, head, traits) \
    case TYMPAN_##NAME: \
        bytes = tympan_##name##_unpack(op, p + 8, channels_in); \
        break;
    EACH(CASE)
#undef CASE
    bytes = head + tympan_round4(bytes);
    return op->groups == 0 || bytes > left ? 0 : at + bytes;
}

unsigned tympan_operator_bands(const tympan_operator *op, unsigned bands) {
    if (op->traits & TYMPAN_SUMS) {
        return 1;
    }
    bands += 2u * op->pad;
    if (op->f == 0 || op->stride_f == 0 || bands < op->f) {
        return 0;
    }
    return (bands - op->f) / op->stride_f + 1;
}

tympan_status tympan_operator_shape(tympan_operator *op, const tympan_value *values, tympan_value *out) {
    const tympan_value *in = &values[op->source];
    const unsigned bands = tympan_operator_bands(op, in->bands);
    if (bands == 0 || bands > 255 || op->channels == 0 || op->t == 0 || op->stride_t == 0 || op->cell_t == 0 || in->frames < op->t
        || in->bytes != (op->traits & TYMPAN_ENDS ? 2 : 1)) {
        return TYMPAN_SHAPE;
    }
    if (op->traits & TYMPAN_READS_CELL && (in->frames != 1 || in->bands != 1 || op->zero != 0)) {
        return TYMPAN_SHAPE;
    }
    out->frames = (uint16_t)(op->traits & TYMPAN_SUMS ? 1 : (in->frames - op->t) / op->stride_t + 1);
    out->bands = (uint8_t)bands;
    out->channels = op->channels;
    out->zero = op->zero;
    out->bytes = op->traits & TYMPAN_READS_CELL ? 2 : 1;
    bool fits = true;
#define CASE(NAME, name, head, traits) \
    case TYMPAN_##NAME: \
        fits = tympan_##name##_shape(op, values); \
        break;
    EACH(CASE)
#undef CASE
    return fits ? TYMPAN_OK : TYMPAN_SHAPE;
}

uint64_t tympan_operator_work(const tympan_operator *op, const tympan_value *values, const tympan_value *out) {
    const tympan_value *in = &values[op->source];
    const uint32_t read = (uint32_t)in->frames * in->bands * in->channels; /* below 2^26 */
    uint64_t work = read;
#define CASE(NAME, name, head, traits) \
    case TYMPAN_##NAME: \
        work = tympan_##name##_work(op, in, out, read); \
        break;
    EACH(CASE)
#undef CASE
    return work;
}

/* The farthest that a number of values[input] lies from its zero point; 0 where there is no such input. */
static uint32_t reach_of(const tympan_model *model, unsigned input) {
    if (input == TYMPAN_NONE) {
        return 0;
    }
    const unsigned zero = model->values[input].zero;
    return zero > 127 ? zero : 255 - zero;
}

tympan_status tympan_operator_range(const tympan_model *model, const tympan_operator *op) {
    tympan_reach reach = {reach_of(model, op->source), reach_of(model, op->other), reach_of(model, op->residual), 0};
    bool fits = true;
#define CASE(NAME, name, head, traits) \
    case TYMPAN_##NAME: \
        fits = tympan_##name##_range(model, op, &reach); \
        break;
    EACH(CASE)
#undef CASE
    return fits ? TYMPAN_OK : TYMPAN_RANGE;
}

void tympan_operator_choose(
    const tympan_model *model, tympan_operator *op, unsigned bands_in, unsigned channels_in, tympan_needs *needs) {
#define CASE(NAME, name, head, traits) \
    case TYMPAN_##NAME: \
        tympan_##name##_choose(model, op, bands_in, channels_in, needs); \
        break;
    EACH(CASE)
#undef CASE
}

void tympan_operator_prepare(const tympan_model *model, const tympan_operator *op) {
#define CASE(NAME, name, head, traits) \
    case TYMPAN_##NAME: \
        tympan_##name##_prepare(model, op); \
        break;
    EACH(CASE)
#undef CASE
}

void tympan_operator_run(tympan_model *model, const tympan_operator *op, const tympan_pass *pass) {
#define CASE(NAME, name, head, traits) \
    case TYMPAN_##NAME: \
        tympan_##name##_run(model, op, pass); \
        break;
    EACH(CASE)
#undef CASE
}
