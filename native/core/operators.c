/* Records of the operator section, unpacked. The layout of a record is drawn in model.c. */
#include "cold.h"

#include "operators.h"

uint32_t tympan_operator_unpack(tympan_operator *op, const tympan_model *model, uint32_t at, unsigned channels_in) {
    static const uint8_t head_bytes[] = {0, 16, 12, 16, 12, 12, 12, 8};
    const uint8_t *p = model->records + at;
    const uint32_t left = model->records_bytes - at;
    if (left < 8 || p[0] < TYMPAN_CONV2D || p[0] > TYMPAN_SOFTMAX || left < head_bytes[p[0]]) {
        return 0;
    }
    op->kind = p[0];
    op->source = p[1];
    op->zero = p[2];
    op->shift = p[3];
    op->other = op->residual = TYMPAN_NONE;
    op->t = op->f = op->stride_t = op->stride_f = op->groups = 1;
    op->pad = op->bias_shift = 0;
    op->lag = 0;
    op->channels = (uint8_t)channels_in;
    uint32_t shorts = 0, mults = 0, weights = 0; /* how many follow */
    switch (op->kind) {
        case TYMPAN_CONV2D:
            op->channels = p[8];
            op->t = p[9];
            op->f = p[10];
            op->pad = p[11];
            op->stride_t = p[12];
            op->stride_f = p[13];
            op->groups = p[14];
            op->bias_shift = p[15];
            if (op->groups == 0) {
                return 0;
            }
            shorts = mults = op->channels;
            weights = (uint32_t)op->channels * op->t * op->f * (channels_in / op->groups);
            break;
        case TYMPAN_MAX_POOL:
            op->t = p[8];
            op->f = p[9];
            break;
        case TYMPAN_GATE:
            op->other = p[8];
            op->residual = p[9];
            op->t = p[10];
            op->f = p[11];
            op->bias_shift = p[14];
            shorts = 3 * channels_in;
            break;
        case TYMPAN_ADD:
            op->other = p[8];
            op->t = p[9];
            op->f = p[10];
            op->bias_shift = p[11];
            shorts = 3 * channels_in;
            break;
        case TYMPAN_DENSE:
            op->channels = p[8];
            op->bias_shift = p[9];
            shorts = mults = op->channels;
            weights = (uint32_t)op->channels * channels_in;
            break;
        default:
            break;
    }
    op->constants = (uint16_t)((at + head_bytes[op->kind]) / 4);
    op->algorithm = TYMPAN_DIRECT;
    op->prepared = TYMPAN_AS_IT_RUNS;
    const uint32_t bytes = head_bytes[op->kind] + ((2 * shorts + mults + weights + 3) & ~UINT32_C(3));
    return bytes > left ? 0 : at + bytes;
}
