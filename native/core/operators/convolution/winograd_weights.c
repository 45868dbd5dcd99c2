/* Where tiles are exact, and the transformed weights that they take (winograd.c). */
#include "../../cold.h"

#include "winograd.h"

#define INVERSE_OF_9 UINT32_C(0x38E38E39)

bool tympan_winograd_fits(const tympan_model *model, const tympan_operator *op, unsigned bands_in, unsigned channels_in) {
    if (op->t != 3 || tympan_dilation(op) != 1 || op->f != 3 || op->stride_t != 1 || op->stride_f != 1 || op->groups != 1
        || bands_in + 2u * op->pad < TYMPAN_TILE + 2) {
        return false;
    }
    tympan_weights w = tympan_first_weight(model, op);
    for (unsigned c = 0; c < op->channels; c++) {
        uint32_t above = 0, below = 0; /* the weights of one sign and of the other */
        for (unsigned left = 9 * channels_in; left > 0; left--) {
            const int32_t weight = tympan_next_weight(&w);
            above += (uint32_t)(weight > 0 ? weight : 0);
            below += (uint32_t)(weight < 0 ? -weight : 0);
        }
        if ((above > below ? above : below) > INT32_MAX / (576 * 255)) {
            return false;
        }
    }
    return true;
}

void tympan_winograd_needs(const tympan_operator *op, unsigned channels_in, tympan_needs *needs) {
    needs->prepared += op->channels * ((uint32_t)sizeof(tympan_tiled) + 2u * TYMPAN_POINTS * channels_in);
    tympan_need_scratch(needs, TYMPAN_POINTS * TYMPAN_TILES * (2u * channels_in + 8u));
}

/* u = G g, each `apart` apart, both. */
static void transform_kernel(const int32_t *g, int32_t *u, unsigned apart) {
    const int32_t a = g[0], b = g[apart], c = g[2 * apart];
    u[0] = 6 * a;
    u[apart] = a + b + c;
    u[2 * apart] = a - b + c;
    u[3 * apart] = a + 2 * b + 4 * c;
    u[4 * apart] = 2 * b - a - 4 * c;
    u[5 * apart] = -6 * c;
}

void tympan_winograd_prepare(const tympan_model *model, const tympan_operator *op) {
    const tympan_value *in = &model->values[op->source];
    const unsigned channels_in = in->channels;
    tympan_tiled *to = (tympan_tiled *)(void *)(model->prepared + op->own.prepared);
    int16_t *u = (int16_t *)(void *)(to + op->channels);
    tympan_weights w = tympan_first_weight(model, op);
    for (unsigned c = 0; c < op->channels; c++) {
        const unsigned n = (c | 1u) < op->channels ? 2 : 1; /* channels beside each other */
        int16_t *put = u + (c & ~1u) * TYMPAN_POINTS * channels_in + (c & 1);
        const uint32_t mult = tympan_mults(model, op)[c];
        uint32_t sum = 0;
        int16_t *at = put;
        for (unsigned left = 9 * channels_in; left > 0; left--, at += n) { /* [3][3][channels in], as they come */
            const int32_t weight = tympan_next_weight(&w);
            *at = (int16_t)weight;
            sum += (uint32_t)weight;
        }
        for (unsigned i = 0; i < channels_in; i++) { /* of each its [3][3] becomes [6][6] */
            int32_t g[TYMPAN_POINTS]; /* the kernel in its corner first */
            for (unsigned k = 0; k < 9; k++) {
                g[k / 3 * 6 + k % 3] = put[(k * channels_in + i) * n];
            }
            for (unsigned k = 0; k < 3; k++) {
                transform_kernel(g + k, g + k, 6);
            }
            for (unsigned k = 0; k < 6; k++) {
                transform_kernel(g + 6 * k, g + 6 * k, 1);
            }
            for (unsigned k = 0; k < TYMPAN_POINTS; k++) {
                put[(k * channels_in + i) * n] = (int16_t)g[k];
            }
        }
        sum = (uint32_t)(tympan_biases(model, op)[c] * (INT32_C(1) << op->bias_shift)) - sum * in->zero;
        to[c].start = sum * mult + (uint32_t)tympan_rounding(op);
        to[c].factor = mult * INVERSE_OF_9;
    }
}
