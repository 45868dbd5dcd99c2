/* Sums of magnitudes may pass 2^32 themselves; so what is left of the largest accumulator, `room`, is counted down. */
#include "../cold.h"

#include "sums.h"

static uint32_t magnitude(int32_t x) {
    return x < 0 ? 0u - (uint32_t)x : (uint32_t)x;
}

/* Whether `amount` is no more than what is left of `room`; it is taken from that. */
static bool take(uint32_t *room, uint32_t amount) {
    const bool fits = amount <= *room;
    *room -= amount;
    return fits;
}

/* Whether kernels take the shifts and 31 bits hold the rounding; `room` becomes what is left. */
static bool take_rounding(uint32_t *room, const tympan_operator *op, unsigned up) {
    *room = (uint32_t)INT32_MAX >> up;
    return op->shift >= 1 && op->shift <= 22 && op->bias_shift <= 16 && take(room, (uint32_t)tympan_rounding(op));
}

static bool take_bias(uint32_t *room, const tympan_model *model, const tympan_operator *op, unsigned channel) {
    return take(room, magnitude(tympan_biases(model, op)[channel]) << op->bias_shift);
}

bool tympan_weighted_fits(const tympan_model *model, const tympan_operator *op, unsigned length, uint32_t in) {
    tympan_weights w = tympan_first_weight(model, op);
    uint32_t most;
    bool fits = take_rounding(&most, op, 0);
    for (unsigned c = 0; fits && c < op->channels; c++) {
        const uint32_t mult = tympan_mults(model, op)[c];
        uint32_t room = mult ? most / mult : INT32_MAX;
        for (unsigned left = length; left > 0; left--) {
            fits = take(&room, magnitude(tympan_next_weight(&w)) * in) && fits;
        }
        fits = fits && take_bias(&room, model, op, c);
    }
    return fits;
}

bool tympan_mean_fits(const tympan_model *model, const tympan_operator *op, uint32_t count, uint32_t in) {
    const uint32_t mult = (uint32_t)tympan_mean_mult(model, op);
    uint32_t room;
    return take_rounding(&room, op, 0) && (mult == 0 || count * in <= room / mult);
}

bool tympan_affine_fits(const tympan_model *model, const tympan_operator *op, unsigned up, const tympan_reach *reach) {
    const int16_t *mine = tympan_factors(model, op), *others = mine + op->channels;
    uint32_t most;
    bool fits = take_rounding(&most, op, up);
    for (unsigned c = 0; fits && c < op->channels; c++) {
        uint32_t room = most;
        fits = take(&room, magnitude(mine[c]) * reach->in) && take(&room, magnitude(others[c]) * reach->other)
            && take(&room, reach->spare)
            && (op->residual == TYMPAN_NONE || take(&room, magnitude(tympan_residual_mult(model, op)) * reach->residual))
            && take_bias(&room, model, op, c);
    }
    return fits;
}
