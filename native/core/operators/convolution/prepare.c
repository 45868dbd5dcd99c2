/* How a convolution is computed, and its table. */
#include "../../cold.h"

#include "../kinds.h"
#include "conv2d.h"
#include "winograd.h"

/* Positions that a weight, once unpacked, is multiplied with, from which on unpacking it each time costs little. */
enum { MANY = 40 };

void tympan_conv2d_choose(
    const tympan_model *model, tympan_operator *op, unsigned bands_in, unsigned channels_in, tympan_needs *needs) {
    const bool depthwise = op->groups > 1 && op->groups == channels_in && op->channels == channels_in;
    unsigned channels = op->channels;
    if (depthwise) {
        op->algorithm = TYMPAN_DEPTHWISE;
    } else {
        const bool runs = op->groups == 1 && op->pad == 0 && (op->t == 1 || (op->f == bands_in && tympan_dilation(op) == 1));
        op->algorithm = runs ? TYMPAN_DIRECT : TYMPAN_GATHERED;
        channels /= op->groups;
    }
    op->own.prepared = TYMPAN_AS_IT_RUNS;
    const unsigned length = tympan_kernel_frames(op) * op->f * (channels_in / op->groups);
    tympan_need_scratch(
        needs, tympan_patches_bytes(op, bands_in, channels_in) + tympan_block_bytes(tympan_block(depthwise, channels), length));
    if (model->ahead && model->strip >= TYMPAN_TILE && tympan_winograd_fits(model, op, bands_in, channels_in)) {
        op->algorithm = TYMPAN_WINOGRAD;
        tympan_winograd_needs(op, channels_in, needs);
        return;
    }
    const unsigned bands = tympan_operator_bands(op, bands_in), frames = tympan_strip_at_once(op, bands) ? model->strip : 1;
    if (model->ahead && frames * bands < MANY) {
        for (unsigned left = channels, n; left > 0; left -= n) {
            n = tympan_block(depthwise, left);
            needs->prepared += tympan_block_bytes(n, length) * (depthwise ? 1u : op->groups);
        }
    }
}

void tympan_conv2d_prepare(const tympan_model *model, const tympan_operator *op) {
    if (op->algorithm == TYMPAN_WINOGRAD) {
        tympan_winograd_prepare(model, op);
        return;
    }
    tympan_blocks b = tympan_first_block(model, op, model->values[op->source].channels / op->groups);
    const unsigned channels = b.depthwise ? op->channels : (unsigned)op->channels / op->groups;
    b.table = 0;
    b.scratch = model->prepared + op->own.prepared;
    for (unsigned made = 0; made < op->channels; made += channels) {
        for (unsigned left = channels, n; left > 0; left -= n) {
            n = tympan_block(b.depthwise, left);
            tympan_next_block(&b, n);
            b.scratch += tympan_block_bytes(n, b.length) / 4;
        }
    }
}
