/* Convolution as a product of matrices.
 *
 * x starts with the first frame that the kernel covers, y takes a frame for each of its positions in time; both are
 * [frame][band][channel].
 *
 * All that one output position reads, its receptive field in x, is made to lie in one run of bytes, a patch (patches.h).
 * Where the kernel has one frame, or spans all bands, x is made of such runs; else they are gathered into the scratch
 * buffer, a frame of output at a time, with columns of zero points at both edges.
 *
 * Zero point, bias, multiplier and rounding are in the blocks (blocks.c): a sum only has to be shifted and clamped. */
#include "../../cold.h"

#include "conv2d.h"

#include <string.h>

#include "patches.h"
#include "winograd.h"

static void multiply_pairs(tympan_pairs *r, unsigned channels) {
    if (channels == 3) {
        tympan_multiply_pairs3(r);
    } else {
        tympan_multiply_pairs2(r);
    }
}

/* Channels of all positions, their blocks one after the other. */
static void multiply(const tympan_patches *p, tympan_blocks *blocks, unsigned channels, uint8_t *y) {
    const uint8_t *x = p->first;
    for (unsigned n; channels > 0; channels -= n, y += n) {
        n = tympan_block(blocks->depthwise, channels);
        const int32_t *block = tympan_next_block(blocks, n);
        const int16_t *weights = (const int16_t *)(const void *)(block + n);
        if (blocks->depthwise && n == 4) {
            tympan_multiply_four(p, x, block, y);
        } else if (blocks->depthwise || n == 1) {
            for (unsigned c = 0; c < n; c++) {
                tympan_multiply_one(p, blocks->depthwise ? x + c : x, block[c], weights + c, n, y + c);
            }
        } else {
            const unsigned last = p->count - 1, skip = -p->length & 3, length = p->length + skip;
            const uint8_t *i = (const uint8_t *)((uintptr_t)x - skip);
            tympan_pairs r = {i, y, block, block, weights - n * skip, skip, p->count / 2, p->pitch, length, p->shift, 255,
                p->channels, (int32_t)(2 * p->pitch - length)};
            if (r.pairs) {
                multiply_pairs(&r, n);
            }
            if (!(last & 1)) { /* the last one is a pair with itself */
                r.i = i + last * p->pitch;
                r.y = y + last * p->channels;
                r.pairs = 1;
                r.pitch = r.apart = 0;
                multiply_pairs(&r, n);
            }
        }
        x += blocks->depthwise ? n : 0;
    }
}

void tympan_conv2d_run(const tympan_model *model, const tympan_operator *op, const tympan_pass *pass) {
    const tympan_value *in = pass->in, *out = pass->out;
    const uint8_t *x = pass->x;
    uint8_t *y = pass->y;
    unsigned frames = pass->frames;
    if (op->algorithm == TYMPAN_WINOGRAD && frames >= TYMPAN_TILE) {
        tympan_winograd(model, op, pass);
        return;
    }
    const bool depthwise = op->algorithm == TYMPAN_DEPTHWISE, gathers = tympan_gathers(op);
    unsigned groups = op->groups, per_group = in->channels, channels = op->channels;
    if (depthwise) {
        groups = 1;
    } else if (groups > 1) { /* a division takes its time */
        per_group /= groups;
        channels /= groups;
    }
    const tympan_blocks first = tympan_first_block(model, op, depthwise ? 1 : per_group);
    const unsigned row = (unsigned)in->bands * in->channels, next = op->stride_t * row;
    const unsigned column = tympan_kernel_frames(op) * per_group, group_bytes = (in->bands + 2u * op->pad) * column;
    const unsigned apart = gathers ? in->channels : row * tympan_dilation(op); /* of a channel's numbers in a patch */
    tympan_patches p = {x, op->stride_f * (gathers ? column : in->channels), first.length, depthwise ? apart : 1, out->bands,
        op->shift, op->channels};
    if (tympan_strip_at_once(op, out->bands)) {
        p.pitch = out->bands == 1 ? next : p.pitch;
        p.count *= frames;
        frames = 1;
    }
    if (op->pad) { /* only the columns between are written later */
        memset(model->scratch, in->zero, groups * group_bytes);
    }
    for (; frames > 0; frames--, x += next, y += (unsigned)out->bands * op->channels) {
        tympan_blocks blocks = first;
        p.first = x;
        if (gathers) {
            tympan_gather(op, in, x, model->scratch, groups, per_group);
            p.first = model->scratch;
        }
        for (unsigned group = 0; group < groups; group++, p.first += group_bytes) {
            multiply(&p, &blocks, channels, y + group * channels);
        }
    }
}
