#include "cold.h"

#include "verify.h"

static bool same_shape(const tympan_value *a, const tympan_value *b) {
    return a->frames == b->frames && a->bands == b->bands && a->channels == b->channels && b->bytes == 1;
}

/* Whether each cell of `b` covers t frames and f bands of `a`, without remainder; an add leaves as many frames out at the
 * start of what they cover as at the end. */
static bool tiles(tympan_operator *op, const tympan_value *a, const tympan_value *b) {
    const uint32_t covered = (uint32_t)b->frames * op->t, most = op->kind == TYMPAN_ADD ? UINT16_MAX : a->frames;
    op->lag = (uint16_t)((covered - a->frames) / 2);
    return a->frames <= covered && covered <= most && (covered - a->frames) % 2 == 0 && a->bands == b->bands * op->f
        && a->channels == b->channels && b->bytes == 1;
}

unsigned tympan_bands_out(const tympan_operator *op, unsigned bands) {
    switch (op->kind) {
        case TYMPAN_CONV2D:
            bands += 2u * op->pad;
            return op->f == 0 || op->stride_f == 0 || bands < op->f ? 0 : (bands - op->f) / op->stride_f + 1;
        case TYMPAN_MAX_POOL:
            return op->f == 0 ? 0 : bands / op->f;
        case TYMPAN_GLOBAL_AVERAGE_POOL:
            return 1;
        default:
            return bands;
    }
}

tympan_status tympan_verify_shape(tympan_operator *op, const tympan_value *values, tympan_value *out) {
    const tympan_value *in = &values[op->source];
    const unsigned bands = tympan_bands_out(op, in->bands);
    uint32_t frames = in->frames;
    if (op->channels == 0 || op->t == 0 || op->f == 0 || in->bytes != (op->kind == TYMPAN_SOFTMAX ? 2 : 1)) {
        return TYMPAN_SHAPE;
    }
    switch (op->kind) {
        case TYMPAN_CONV2D:
            if (op->stride_t == 0 || in->channels % op->groups || op->channels % op->groups
                || op->pad >= op->f || frames < op->t) {
                return TYMPAN_SHAPE;
            }
            frames = (frames - op->t) / op->stride_t + 1;
            break;
        case TYMPAN_MAX_POOL:
            frames /= op->t;
            if (op->zero != in->zero) {
                return TYMPAN_SHAPE;
            }
            break;
        case TYMPAN_GATE:
        case TYMPAN_ADD:
            if (!tiles(op, in, &values[op->other])
                || (op->residual != TYMPAN_NONE && !same_shape(in, &values[op->residual]))) {
                return TYMPAN_SHAPE;
            }
            break;
        case TYMPAN_GLOBAL_AVERAGE_POOL:
            frames = 1;
            break;
        default: /* DENSE and SOFTMAX */
            if (frames != 1 || bands != 1 || op->zero != 0) {
                return TYMPAN_SHAPE;
            }
            break;
    }
    if (frames == 0 || bands == 0 || bands > 255) {
        return TYMPAN_SHAPE;
    }
    out->frames = (uint16_t)frames;
    out->bands = (uint8_t)bands;
    out->channels = op->channels;
    out->zero = op->zero;
    out->bytes = op->kind == TYMPAN_DENSE || op->kind == TYMPAN_SOFTMAX ? 2 : 1;
    return TYMPAN_OK;
}

uint64_t tympan_work(const tympan_operator *op, const tympan_value *values, const tympan_value *out) {
    const tympan_value *in = &values[op->source];
    if (op->kind == TYMPAN_CONV2D) {
        return (uint64_t)out->frames * out->bands * out->channels * op->t * op->f * (in->channels / op->groups);
    }
    return (uint64_t)in->frames * in->bands * in->channels * (op->kind == TYMPAN_DENSE ? out->channels : 1);
}

/* The farthest a uint8 lies from its zero point. */
static uint64_t reach(const tympan_value *value) {
    return value->zero > 127 ? value->zero : 255u - value->zero;
}

static uint64_t magnitude(int32_t x) {
    return x < 0 ? 0u - (uint32_t)x : (uint32_t)x;
}

tympan_status tympan_verify_range(const tympan_model *model, const tympan_operator *op) {
    const tympan_value *values = model->values;
    const tympan_value *in = &values[op->source];
    if (op->kind == TYMPAN_MAX_POOL || op->kind == TYMPAN_SOFTMAX) {
        return TYMPAN_OK;
    }
    if (op->shift < 1 || op->shift > 22 || op->bias_shift > 16) {
        return TYMPAN_RANGE;
    }
    const uint64_t room = (uint64_t)INT32_MAX - (uint64_t)tympan_rounding(op);
    if (op->kind == TYMPAN_GLOBAL_AVERAGE_POOL) {
        uint64_t sum = (uint64_t)in->frames * in->bands * reach(in);
        return sum <= INT32_MAX && sum * (uint32_t)op->mult <= room ? TYMPAN_OK : TYMPAN_RANGE;
    }
    const int8_t *w = tympan_weights(model, op);
    const uint32_t per_channel = op->kind == TYMPAN_DENSE ? in->channels : (uint32_t)op->t * op->f * (in->channels / op->groups);
    for (unsigned c = 0; c < op->channels; c++) {
        uint64_t sum = (uint32_t)magnitude(tympan_biases(model, op)[c]) << op->bias_shift, mult = 1; /* at most 2^31 */
        if (op->kind == TYMPAN_CONV2D || op->kind == TYMPAN_DENSE) {
            uint64_t weights = 0;
            for (uint32_t i = 0; i < per_channel; i++) {
                weights += magnitude(*w++);
            }
            sum += weights * reach(in);
            mult = tympan_mults(model, op)[c];
        } else {
            uint64_t mine = magnitude(tympan_factors(model, op)[c]), others = magnitude(tympan_factors(model, op)[op->channels + c]);
            if (op->kind == TYMPAN_GATE) {
                sum += (mine + others + 1) * reach(in); /* the sigmoid is below 1, its shift rounds down */
            } else {
                sum += mine * reach(in) + others * reach(&values[op->other]);
            }
            if (op->residual != TYMPAN_NONE) {
                sum += magnitude(op->mult) * reach(&values[op->residual]);
            }
        }
        if (sum > INT32_MAX || sum * mult > room) {
            return TYMPAN_RANGE;
        }
    }
    return TYMPAN_OK;
}
