/* What the kernels take ready-made: constants folded together, weights in the order they are read, widened to 16 bits
 * because the robot's chip loads no signed bytes. All of it modulo 2^32, as sums are. */
#include "hot.h"

#include "prepare.h"

#include "operators/winograd.h"
#include "verify.h"

/* Positions that a strip multiplies each weight with, from which on unpacking it each time costs little. */
enum { MANY = 40 };

static uint32_t round4(uint32_t bytes) {
    return (bytes + 3u) & ~UINT32_C(3);
}

static uint32_t block_bytes(unsigned n, unsigned length) {
    return 4 * n + round4(2 * n * length);
}

static uint32_t patches_bytes(const tympan_operator *op, unsigned bands_in, unsigned channels_in) {
    return tympan_gathers(op) ? round4((bands_in + 2u * op->pad) * op->t * channels_in) : 0;
}

static uint32_t magnitude(int32_t x) {
    return x < 0 ? 0u - (uint32_t)x : (uint32_t)x;
}

/* Whether a gate's sums fit 32 bits when they are scaled for a shift by TYMPAN_SHIFT, whatever its input. */
static bool fits_cells(const tympan_model *model, const tympan_operator *op) {
    if (op->shift > TYMPAN_SHIFT || op->bias_shift > TYMPAN_SHIFT) {
        return false;
    }
    const int16_t *factors = tympan_factors(model, op);
    for (unsigned c = 0; c < op->channels; c++) {
        const uint64_t gain = magnitude(factors[c]) + magnitude(factors[op->channels + c]) + 1;
        const uint64_t bias = (uint64_t)magnitude(tympan_biases(model, op)[c]) << op->bias_shift;
        const uint64_t most = (gain + magnitude(tympan_residual_mult(model, op))) * 255 + bias + (uint32_t)tympan_rounding(op);
        if (most << (TYMPAN_SHIFT - op->shift) > INT32_MAX) {
            return false;
        }
    }
    return true;
}

tympan_needs tympan_choose(const tympan_model *model, tympan_operator *op, unsigned bands_in, unsigned channels_in) {
    tympan_needs needs = {0, 0};
    if (op->kind == TYMPAN_GATE || op->kind == TYMPAN_ADD) {
        needs.scratch = (uint32_t)sizeof(tympan_affine) * op->channels;
    }
    if (op->kind == TYMPAN_GATE && op->t == 2 && op->f == 2 && fits_cells(model, op)) {
        op->algorithm = TYMPAN_CELLS;
    }
    if (op->kind != TYMPAN_CONV2D) {
        return needs;
    }
    const bool depthwise = op->groups > 1 && op->groups == channels_in && op->channels == channels_in;
    unsigned channels = op->channels;
    if (depthwise) {
        op->algorithm = TYMPAN_DEPTHWISE;
    } else {
        const bool runs = op->groups == 1 && op->pad == 0 && (op->t == 1 || op->f == bands_in);
        op->algorithm = runs ? TYMPAN_DIRECT : TYMPAN_GATHERED;
        channels /= op->groups;
    }
    const unsigned length = (unsigned)op->t * op->f * (channels_in / op->groups);
    needs.scratch = patches_bytes(op, bands_in, channels_in) + block_bytes(tympan_block(depthwise, channels), length);
    if (model->ahead && model->strip >= TYMPAN_TILE && tympan_winograd_fits(model, op, bands_in, channels_in)) {
        const tympan_needs more = tympan_winograd_needs(op, channels_in);
        op->algorithm = TYMPAN_WINOGRAD;
        needs.prepared = more.prepared;
        needs.scratch = more.scratch > needs.scratch ? more.scratch : needs.scratch;
        return needs;
    }
    const unsigned frames = op->algorithm == TYMPAN_GATHERED ? 1 : model->strip;
    if (model->ahead && frames * tympan_bands_out(op, bands_in) < MANY) {
        for (unsigned left = channels; left > 0; left -= tympan_block(depthwise, left)) {
            needs.prepared += block_bytes(tympan_block(depthwise, left), length);
        }
        needs.prepared *= depthwise ? 1u : op->groups;
    }
    return needs;
}

tympan_blocks tympan_first_block(const tympan_model *model, const tympan_operator *op, unsigned channels_in) {
    const tympan_value *in = &model->values[op->source];
    const bool gathers = tympan_gathers(op);
    tympan_blocks b;
    b.table = op->prepared == TYMPAN_AS_IT_RUNS || op->algorithm == TYMPAN_WINOGRAD ? 0 : model->prepared + op->prepared;
    b.scratch = (int32_t *)(void *)(model->scratch + patches_bytes(op, in->bands, in->channels));
    b.weights = tympan_weights(model, op);
    b.biases = tympan_biases(model, op);
    b.mults = tympan_mults(model, op);
    b.rounding = tympan_rounding(op);
    b.zero = in->zero;
    b.bias_shift = op->bias_shift;
    b.length = (unsigned)op->t * op->f * channels_in;
    b.rows = gathers ? op->t : 1u;
    b.runs = gathers ? op->f : 1u;
    b.run = gathers ? channels_in : b.length;
    b.depthwise = op->algorithm == TYMPAN_DEPTHWISE;
    return b;
}

/* The next `n` channels: weights times their multipliers, and where their sums start: bias, rounding, and what the zero
 * point contributes. */
static void make_block(tympan_blocks *b, unsigned n, int32_t *start) {
    int16_t *to = (int16_t *)(void *)(start + n);
    const unsigned next_row = b->run * n, next_run = next_row * (b->rows - 1);
    const int8_t *w = b->weights;
    for (unsigned c = n; c > 0; c--, to++) {
        const int32_t mult = *b->mults++;
        uint32_t sum = 0;
        int16_t *row = to;
        for (unsigned rows = b->rows; rows > 0; rows--, row += next_row) {
            int16_t *at = row;
            for (unsigned runs = b->runs; runs > 0; runs--, at += next_run) {
                for (const int8_t *end = w + b->run; w < end; at += n) {
                    const int32_t weight = *w++;
                    sum += (uint32_t)weight;
                    *at = (int16_t)(weight * mult);
                }
            }
        }
        sum = (uint32_t)(*b->biases++ * (INT32_C(1) << b->bias_shift)) - sum * (uint32_t)b->zero;
        *start++ = (int32_t)(sum * (uint32_t)mult + (uint32_t)b->rounding);
    }
    b->weights = w;
}

const int32_t *tympan_next_block(tympan_blocks *b, unsigned n) {
    const int32_t *block = b->table;
    if (block) {
        b->table += block_bytes(n, b->length) / 4;
        return block;
    }
    make_block(b, n, b->scratch);
    return b->scratch;
}

void tympan_prepare(const tympan_model *model, const tympan_operator *op) {
    if (op->algorithm == TYMPAN_WINOGRAD) {
        tympan_winograd_prepare(model, op);
        return;
    }
    int32_t *to = model->prepared + op->prepared;
    tympan_blocks b = tympan_first_block(model, op, model->values[op->source].channels / op->groups);
    const unsigned channels = b.depthwise ? op->channels : (unsigned)op->channels / op->groups;
    for (unsigned made = 0; made < op->channels; made += channels) {
        for (unsigned left = channels, n; left > 0; left -= n) {
            n = tympan_block(b.depthwise, left);
            make_block(&b, n, to);
            to += block_bytes(n, b.length) / 4;
        }
    }
}

void tympan_prepare_affine(const tympan_model *model, const tympan_operator *op, tympan_affine *channels, unsigned up) {
    const tympan_value *values = model->values;
    const int16_t *mult = tympan_factors(model, op), *other = mult + op->channels;
    uint32_t common = (uint32_t)tympan_rounding(op);
    if (op->residual != TYMPAN_NONE) {
        common -= (uint32_t)(values[op->residual].zero * tympan_residual_mult(model, op));
    }
    for (unsigned c = 0; c < op->channels; c++) {
        uint32_t sum = common + (uint32_t)(tympan_biases(model, op)[c] * (INT32_C(1) << op->bias_shift));
        if (op->kind == TYMPAN_ADD) {
            sum -= (uint32_t)(values[op->source].zero * mult[c]) + (uint32_t)(values[op->other].zero * other[c]);
        }
        channels[c].start = (int32_t)(sum << up);
        channels[c].mult = mult[c];
        channels[c].other = other[c];
    }
}
