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
        const uint64_t multiply_adds = (uint64_t)out->bands * out->channels * op->f * (in->channels / op->groups);
        const uint64_t passed = (uint64_t)in->bands * in->channels; /* gathered, however few are then multiplied */
        return out->frames * op->t * (multiply_adds > passed ? multiply_adds : passed);
    }
    return (uint64_t)in->frames * in->bands * in->channels * (op->kind == TYMPAN_DENSE ? out->channels : 1);
}

/* The farthest a uint8 lies from its zero point. */
static uint32_t reach(const tympan_value *value) {
    return value->zero > 127 ? value->zero : 255u - value->zero;
}

static uint32_t magnitude(int32_t x) {
    return x < 0 ? 0u - (uint32_t)x : (uint32_t)x;
}

/* Whether `amount` is no more than what is left of `room`; it is taken from that. */
static bool take(uint32_t *room, uint32_t amount) {
    const bool fits = amount <= *room;
    *room -= amount;
    return fits;
}

bool tympan_sums_fit(
    const tympan_model *model, const tympan_operator *op, unsigned length, unsigned up, uint32_t in, uint32_t other, uint32_t residual) {
    const bool weighted = op->kind == TYMPAN_CONV2D || op->kind == TYMPAN_DENSE;
    const int8_t *w = tympan_weights(model, op);
    if (op->bias_shift > 16 || (uint32_t)tympan_rounding(op) > (uint32_t)INT32_MAX >> up) {
        return false;
    }
    for (unsigned c = 0; c < op->channels; c++) {
        uint32_t room = ((uint32_t)INT32_MAX >> up) - (uint32_t)tympan_rounding(op);
        bool fits = true;
        if (weighted) {
            const uint32_t mult = tympan_mults(model, op)[c];
            room = mult ? room / mult : INT32_MAX;
            for (unsigned left = length; left > 0; left--) {
                fits = take(&room, magnitude(*w++) * in) && fits;
            }
        } else {
            const uint32_t mine = magnitude(tympan_factors(model, op)[c]);
            const uint32_t others = magnitude(tympan_factors(model, op)[op->channels + c]);
            if (op->kind == TYMPAN_GATE) {
                fits = take(&room, (mine + others + 1) * in); /* the sigmoid is below 1, its shift rounds down */
            } else {
                fits = take(&room, mine * in) && take(&room, others * other);
            }
            if (op->residual != TYMPAN_NONE) {
                fits = fits && take(&room, magnitude(tympan_residual_mult(model, op)) * residual);
            }
        }
        if (!fits || !take(&room, magnitude(tympan_biases(model, op)[c]) << op->bias_shift)) {
            return false;
        }
    }
    return true;
}

tympan_status tympan_verify_range(const tympan_model *model, const tympan_operator *op) {
    const tympan_value *values = model->values, *in = &values[op->source];
    if (op->kind == TYMPAN_MAX_POOL || op->kind == TYMPAN_SOFTMAX) {
        return TYMPAN_OK;
    }
    if (op->shift < 1 || op->shift > 22) {
        return TYMPAN_RANGE;
    }
    bool fits;
    if (op->kind == TYMPAN_GLOBAL_AVERAGE_POOL) {
        const uint32_t sum = (uint32_t)in->frames * in->bands * reach(in), mult = (uint32_t)tympan_mean_mult(model, op);
        fits = mult == 0 || sum <= ((uint32_t)INT32_MAX - (uint32_t)tympan_rounding(op)) / mult;
    } else {
        const unsigned length = op->kind == TYMPAN_DENSE ? in->channels : (unsigned)op->t * op->f * (in->channels / op->groups);
        fits = tympan_sums_fit(model, op, length, 0, reach(in), op->other == TYMPAN_NONE ? 0 : reach(&values[op->other]),
            op->residual == TYMPAN_NONE ? 0 : reach(&values[op->residual]));
    }
    return fits ? TYMPAN_OK : TYMPAN_RANGE;
}
