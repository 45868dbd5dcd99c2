/* Winograd's minimal filtering F(4x4, 3x3) (Lavin and Gray, arXiv 1509.09308, section 4.3) on integers, exactly.
 *
 * A tile of 4 x 4 sums S needs 6 x 6 inputs d. With the kernel g, S = A'((G g G') . (B' d B))A takes 36 products where the
 * definition takes 144. The fractions of G are moved to A, which then gives 24 S in each direction:
 *
 *         | 4  0 -5  0  1  0 |        | 6  0  0 |
 *         | 0  4  4 -1 -1  0 |        | 1  1  1 |        | 1  4  4  1  1  0 |
 *    B' = | 0 -4  4  1 -1  0 |    G = | 1 -1  1 |   A' = | 0  4 -4  2 -2  0 |
 *         | 0 -2 -1  2  1  0 |        | 1  2  4 |        | 0  4  4  4  4  0 |
 *         | 0 -2  1  2 -1  0 |        |-1  2 -4 |        | 0  4 -4  8 -8  4 |
 *         | 0 -4  0  5  0 -1 |        | 0  0 -6 |
 *
 * What comes out is T = 576 S modulo 2^32. Where |T| < 2^31 whatever the input, T >> 6 is 9 S, and the inverse of 9 modulo
 * 2^32 is part of the channel's multiplier. The transformed weights fit 16 bits (|.| <= 49 * 128), the transformed inputs,
 * of which the zero point is not subtracted, too (|.| <= 100 * 255). */
#ifndef TYMPAN_WINOGRAD_H
#define TYMPAN_WINOGRAD_H

#include "blocks.h"

enum {
    TYMPAN_TILE = 4, /* frames, and bands, that are computed at least */
    TYMPAN_TILES = 3, /* beside each other */
    TYMPAN_POINTS = 36,
};

/* An output channel. The table holds those of all channels, then their weights in pairs of channels, int16
 * [pairs][POINTS][channels in][2]; of a last one that is alone, [POINTS][channels in]. */
typedef struct {
    uint32_t start;  /* bias, rounding, and what the zero point contributes */
    uint32_t factor; /* multiplier / 9 */
} tympan_tiled;

/* Whether the convolution can be computed so, for any input. Such a choice is made from shape and weights alone. */
bool tympan_winograd_fits(const tympan_model *model, const tympan_operator *op, unsigned bands_in, unsigned channels_in);
/* Adds what it takes. */
void tympan_winograd_needs(const tympan_operator *op, unsigned channels_in, tympan_needs *needs);
void tympan_winograd_prepare(const tympan_model *model, const tympan_operator *op);
/* As tympan_conv2d_run, of at least TYMPAN_TILE frames. */
void tympan_winograd(const tympan_model *model, const tympan_operator *op, const tympan_pass *pass);

#endif
