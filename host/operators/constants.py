"""From real-valued parameters to the integers an operator holds.

Real values are `(q - zero) * scale`. Weights take the scale that makes the 8-bit requantisation multiplier exact:
for output channel c, `scale_w = mult / 2^shift * scale_out / scale_in`, so nothing is lost in approximating a ratio.
Training (host/models/layers.py) and lowering (host/operators) both call these functions, so that a network
trains on the grid it will run on.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from host.base.errors import Error

INT32 = 1 << 31


class QuantizationError(Error):
    """Parameters that no choice of integer constants can represent."""


@dataclass(frozen=True)
class LinearConstants:
    """Constants of a convolution or dense layer, and `scale` [out], the step of each row of weights."""

    weight: np.ndarray
    bias: np.ndarray
    bias_shift: int
    mult: np.ndarray
    shift: int
    scale: np.ndarray


@dataclass(frozen=True)
class AffineConstants:
    """Per-channel constants of a gate or an add: `factors` are rows of int16 [channels]."""

    factors: np.ndarray
    residual: int
    bias: np.ndarray
    bias_shift: int
    shift: int


def round_half_up(x):
    return np.floor(np.asarray(x, np.float64) + 0.5).astype(np.int64)


def small_bias(bias: np.ndarray) -> tuple[np.ndarray, int]:
    """An int16 array and a shift whose product is the bias, rounded where 16 bits do not hold it."""
    shift = 0
    while np.abs(round_half_up(bias / (1 << shift))).max(initial=0) > 32767:
        shift += 1
    return round_half_up(bias / (1 << shift)).astype(np.int16), shift


def rounding(zero: int, shift: int) -> int:
    """What is added before the shift: the output's zero point and one half."""
    return (zero << shift) + (1 << shift >> 1)


# rows of weights float [out, n] and the step of each row's grid float [out] -> whole steps, int [out, n] of -127 to 127
WeightRounding = Callable[[np.ndarray, np.ndarray], np.ndarray]


def weight_grid(largest: np.ndarray, scale_in: float, scale_out: float, shift: int):
    """(mult, step), float [out] each: of each row the requantisation multiplier, and the step that makes it exact.

    largest: the greatest magnitude of each row's weights, float [out]. None where one needs a multiplier beyond 255.
    """
    wanted = largest / 127 * scale_in / scale_out * (1 << shift)
    mult = np.clip(np.ceil(wanted), 1, 255)
    return None if (mult < wanted).any() else (mult, mult / (1 << shift) * scale_out / scale_in)


def nearest(rows: np.ndarray, step: np.ndarray) -> np.ndarray:
    """The rounding where no other is named: each weight by itself, to the nearest step."""
    return np.clip(round_half_up(rows / step[:, None]), -127, 127)


def linear_constants(
    weight, bias, scale_in, zero_in, scale_out, zero_out, name="a layer", rounded: WeightRounding = nearest
) -> LinearConstants:
    """weight: float [out, ...]; bias: float [out], in real values. The accumulator is proved to fit 32 bits.

    rounded: puts the weights on their grid; it is asked again for each grid that is tried.
    """
    weight = np.asarray(weight, np.float64)
    bias = np.asarray(bias, np.float64)
    rows = weight.reshape(len(weight), -1)
    if not (np.isfinite(rows).all() and np.isfinite(bias).all()):
        raise QuantizationError(f"{name}: weights are not finite; the training diverged (lower the learning rate)")
    peaks = np.abs(rows).max(1)
    largest = max((peaks / 127 * scale_in / scale_out).max(), 1e-9)
    reach = max(zero_in, 255 - zero_in)
    for shift in range(min(22, int(np.floor(np.log2(255 / largest)))), 0, -1):
        grid = weight_grid(peaks, scale_in, scale_out, shift)
        if grid is None:
            continue
        mult, scale = grid
        q = rounded(rows, scale)
        b, bias_shift = small_bias(bias / (scale_in * scale))
        acc = np.abs(q).sum(1) * reach + np.abs(b.astype(np.int64) << bias_shift)
        if (acc * mult).max() + rounding(zero_out, shift) < INT32:
            q = q.astype(np.int8).reshape(weight.shape)
            return LinearConstants(q, b, bias_shift, mult.astype(np.uint8), shift, scale)
    raise QuantizationError(f"{name}: no shift keeps its accumulator within 32 bits (weights up to {largest:g} steps)")


def affine_constants(factors, bias, scales_in, scale_out, zero_out, residual_scale=0.0, name="gate") -> AffineConstants:
    """Constants of sum_i factors[i][c] * x_i + bias[c] (+ residual), x_i with scale scales_in[i].

    The sum of the factors' magnitudes stays below 2^15, so that one int32 holds any product with a 9-bit value.
    """
    factors = np.stack([np.asarray(f, np.float64) * s / scale_out for f, s in zip(factors, scales_in, strict=True)])
    bias = np.asarray(bias, np.float64) / scale_out
    residual = residual_scale / scale_out
    if not (np.isfinite(factors).all() and np.isfinite(bias).all()):
        raise QuantizationError(f"{name}: parameters are not finite; the training diverged (lower the learning rate)")
    largest = max(np.abs(factors).sum(0).max(), residual, 2.0**-14)
    for shift in range(min(22, int(np.floor(np.log2(32767 / largest)))), 0, -1):
        q, r = round_half_up(factors * (1 << shift)), int(round_half_up(residual * (1 << shift)))
        b, bias_shift = small_bias(bias * (1 << shift))
        reach = 255 * (np.abs(q).sum(0) + len(q) + r) + np.abs(b.astype(np.int64) << bias_shift)
        if reach.max() + rounding(zero_out, shift) < INT32:  # q and r: at most 32767, by the shift
            return AffineConstants(q.astype(np.int16), r, b, bias_shift, shift)
    raise QuantizationError(f"{name}: no shift keeps its sum within 32 bits (factors up to {largest:g} steps)")


def pool_constants(count: int, scale_in: float, scale_out: float, zero_out: int, name="pool") -> tuple[int, int]:
    """(mult, shift) with mult / 2^shift = scale_in / (count * scale_out), mult below 2^16."""
    ratio = scale_in / (count * scale_out)
    for shift in range(min(22, int(np.floor(np.log2(65535 / ratio)))), 0, -1):
        mult = int(round_half_up(ratio * (1 << shift)))
        if count * 255 * mult + rounding(zero_out, shift) < INT32:
            return mult, shift
    raise QuantizationError(f"{name}: a mean over {count} values does not fit 32 bits")
