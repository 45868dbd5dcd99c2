/* Constants folded together, weights in the order they are read, widened to 16 bits because the robot's chip loads no signed
 * bytes. All of it modulo 2^32, as sums are. */
#include "../../cold.h"

#include "blocks.h"

tympan_blocks tympan_first_block(const tympan_model *model, const tympan_operator *op, unsigned channels_in) {
    const tympan_value *in = &model->values[op->source];
    const bool gathers = tympan_gathers(op);
    tympan_blocks b;
    b.table = op->own.prepared == TYMPAN_AS_IT_RUNS || op->algorithm == TYMPAN_WINOGRAD ? 0 : model->prepared + op->own.prepared;
    b.scratch = (int32_t *)(void *)(model->scratch + tympan_patches_bytes(op, in->bands, in->channels));
    b.weights = tympan_first_weight(model, op);
    b.biases = tympan_biases(model, op);
    b.mults = tympan_mults(model, op);
    b.rounding = tympan_rounding(op);
    b.zero = in->zero;
    b.bias_shift = op->bias_shift;
    b.length = tympan_kernel_frames(op) * op->f * channels_in;
    b.rows = gathers ? tympan_kernel_frames(op) : 1u;
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
    tympan_weights w = b->weights;
    for (unsigned c = n; c > 0; c--, to++) {
        const int32_t mult = *b->mults++;
        uint32_t sum = 0;
        int16_t *row = to;
        for (unsigned rows = b->rows; rows > 0; rows--, row += next_row) {
            int16_t *at = row;
            for (unsigned runs = b->runs; runs > 0; runs--, at += next_run) {
                for (unsigned left = b->run; left > 0; left--, at += n) {
                    const int32_t weight = tympan_next_weight(&w);
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
        b->table += tympan_block_bytes(n, b->length) / 4;
        return block;
    }
    make_block(b, n, b->scratch);
    return b->scratch;
}
