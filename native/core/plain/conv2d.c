/* Convolution, valid in frames, zero-padded in bands. */
#include "../operators/convolution/conv2d.h"

void tympan_conv2d_run(const tympan_model *model, const tympan_operator *op, const tympan_pass *p) {
    const tympan_value *in = p->in, *out = p->out;
    const uint8_t *x = p->x;
    uint8_t *y = p->y;
    const unsigned frames = p->frames;
    const unsigned per_group = in->channels / op->groups, step = op->channels / op->groups;
    const unsigned row = (unsigned)in->bands * in->channels;
    const int32_t rounding = tympan_rounding(op);
    for (unsigned t = 0; t < frames; t++, x += op->stride_t * row) {
        for (unsigned band = 0; band < out->bands; band++) {
            tympan_weights w = tympan_first_weight(model, op);
            for (unsigned c = 0; c < op->channels; c++) {
                const unsigned first_channel = c / step * per_group;
                int32_t acc = (int32_t)tympan_biases(model, op)[c] * (INT32_C(1) << op->bias_shift);
                for (unsigned kt = 0; kt < tympan_kernel_frames(op); kt++) {
                    for (unsigned kf = 0; kf < op->f; kf++) {
                        const unsigned at = band * op->stride_f + kf - op->pad; /* wraps below 0, and is then too large */
                        const uint8_t *cell = x + kt * tympan_dilation(op) * row + at * in->channels + first_channel;
                        for (unsigned i = 0; i < per_group; i++) {
                            acc += tympan_next_weight(&w) * (at < in->bands ? (int32_t)cell[i] - in->zero : 0);
                        }
                    }
                }
                *y++ = tympan_clamp8((acc * tympan_mults(model, op)[c] + rounding) >> op->shift);
            }
        }
    }
}
