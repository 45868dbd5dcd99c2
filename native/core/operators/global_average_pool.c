/* Mean over frames and bands.
 *
 * x starts with the first frame that has not been added up yet; y is one frame of one band, behind its accumulators. A hop is
 * the frames by which a stream's next window is later: each hop is summed once, and the sum of a window is that of its
 * hops. */
#include "../cold.h"

#include "global_average_pool.h"

#include <string.h>

/* Add frames of the pool's input, from x on, to the sums of the hops that they belong to; `in->step` frames make a hop. */
static void add_to_hops(tympan_hops *h, const tympan_value *in, const uint8_t *x, unsigned frames) {
    while (frames > 0) {
        if (h->filled == in->step) { /* the oldest one's hop has left the window */
            h->filled = 0;
            h->newest = (uint16_t)(h->newest + 1 == h->count ? 0 : h->newest + 1);
            memset(h->sums + h->newest * in->channels, 0, 4u * in->channels);
        }
        const unsigned left = (unsigned)(in->step - h->filled), n = frames < left ? frames : left;
        tympan_global_sum(in, x, h->sums + h->newest * in->channels, n);
        h->filled = (uint16_t)(h->filled + n);
        x += n * tympan_frame_bytes(in);
        frames -= n;
    }
}

/* The sums [channels] of all hops of a window. */
static void total_of_hops(const tympan_hops *h, int32_t *sums, unsigned channels) {
    for (unsigned c = 0; c < channels; c++) {
        int32_t sum = 0;
        for (unsigned hop = 0; hop < h->count; hop++) {
            sum += h->sums[hop * channels + c];
        }
        sums[c] = sum;
    }
}

/* Called for every strip; writes once the window's last frame is there. */
void tympan_global_average_pool_run(const tympan_model *model, const tympan_operator *op, const tympan_pass *p) {
    const unsigned summed = p->out->summed, fresh = p->in->produced - summed;
    int32_t *sums = (int32_t *)(void *)p->y - op->channels;
    if (model->hops) {
        add_to_hops(model->hops, p->in, p->x, fresh);
    } else {
        if (summed == 0) {
            memset(sums, 0, 4u * op->channels);
        }
        tympan_global_sum(p->in, p->x, sums, fresh);
    }
    if (p->frames == 0) {
        return;
    }
    if (model->hops) {
        total_of_hops(model->hops, sums, op->channels);
    }
    const int32_t rounding = tympan_rounding(op), mult = tympan_mean_mult(model, op);
    for (unsigned c = 0; c < op->channels; c++) {
        p->y[c] = tympan_clamp8((sums[c] * mult + rounding) >> op->shift);
    }
}
