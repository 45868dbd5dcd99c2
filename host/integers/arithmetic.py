"""What several operators compute, in NumPy integers (docs/semantics.md, section 5).

Values are int64 [batch, frames, bands, channels]. Every `>>` is an arithmetic shift.
"""

import numpy as np


def requantize(acc, mult, shift: int, zero: int, low: int = 0, high: int = 255):
    """clamp(zero + acc * mult / 2^shift), rounded half up."""
    return np.clip((acc * mult + (zero << shift) + (1 << shift >> 1)) >> shift, low, high)


def expand(x, factor: tuple[int, int]):
    """Nearest-neighbour upsampling of frames and bands."""
    return x.repeat(factor[0], axis=1).repeat(factor[1], axis=2)


def middle(x, frames: int):
    """The middle `frames` frames."""
    lag = (x.shape[1] - frames) // 2
    return x[:, lag : lag + frames]
