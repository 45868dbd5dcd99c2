/* Convolution of 3 x 3 in tiles of 4 x 4 outputs, with a quarter of the multiplications. */
#ifndef TYMPAN_WINOGRAD_H
#define TYMPAN_WINOGRAD_H

#include "../prepare.h"

enum { TYMPAN_TILE = 4 }; /* frames, and bands, that it computes at least */

/* Whether the convolution can be computed so, for any input. Such a choice is made from shape and weights alone. */
bool tympan_winograd_fits(const tympan_model *model, const tympan_operator *op, unsigned bands_in, unsigned channels_in);
/* Bytes it needs. */
tympan_needs tympan_winograd_needs(const tympan_operator *op, unsigned channels_in);
void tympan_winograd_prepare(const tympan_model *model, const tympan_operator *op);
/* As tympan_conv2d, of at least TYMPAN_TILE frames. */
void tympan_winograd(
    const tympan_model *model, const tympan_operator *op, const tympan_value *in, const tympan_value *out,
    const uint8_t *x, uint8_t *y, unsigned frames);

#endif
