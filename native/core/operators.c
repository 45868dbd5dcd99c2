/* Records of the operator section, unpacked. The layout of a record is drawn in model.c. */
#include "operators.h"

static uint16_t u16(const uint8_t *p) {
    return (uint16_t)(p[0] | p[1] << 8);
}

/* The file is aligned to 4 bytes and so is every record: what is read in place is aligned too. */
static const int16_t *i16_at(const uint8_t *p) {
    return (const int16_t *)(const void *)p;
}

const uint8_t *tympan_operator_unpack(tympan_operator *op, const uint8_t *p, const uint8_t *end, unsigned channels_in) {
    static const uint8_t head_bytes[] = {0, 16, 12, 16, 12, 12, 12, 8};
    if (end - p < 8 || p[0] < TYMPAN_CONV2D || p[0] > TYMPAN_SOFTMAX || end - p < head_bytes[p[0]]) {
        return 0;
    }
    op->kind = p[0];
    op->source = p[1];
    op->zero = p[2];
    op->shift = p[3];
    op->columns = u16(p + 4);
    op->offset = u16(p + 6);
    op->other = op->residual = TYMPAN_NONE;
    op->t = op->f = op->stride_t = op->stride_f = op->groups = 1;
    op->pad = op->bias_shift = 0;
    op->mult = 0;
    op->channels = (uint8_t)channels_in;
    const uint8_t *data = p + head_bytes[op->kind];
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
            op->mult = (int16_t)u16(p + 12);
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
        case TYMPAN_GLOBAL_AVERAGE_POOL:
            op->mult = u16(p + 8);
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
    uint32_t bytes = (2 * shorts + mults + weights + 3) & ~UINT32_C(3);
    if (bytes > (uint32_t)(end - data)) {
        return 0;
    }
    op->bias = i16_at(data);
    op->start = 0;
    op->scratch = 0;
    return data + bytes;
}
