"""Integer constants of real-valued layers: near them, as fine as can be, and never a sum beyond 32 bits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.operators.constants import (
    QuantizationError,
    affine_constants,
    linear_constants,
    pool_constants,
    round_half_up,
    small_bias,
)

INT32_MAX = 2**31 - 1


def wide(rng, low: float, high: float) -> float:
    """Of any magnitude between these powers of ten."""
    return float(10 ** rng.uniform(low, high))


def rounding(zero: int, shift: int) -> int:
    return zero * 2**shift + 2 ** (shift - 1)


def test_halves_are_rounded_up():
    assert round_half_up([-1.5, -0.5, 0.5, 1.5, 1.499]).tolist() == [-1, 0, 1, 2, 1]


@pytest.mark.parametrize(
    "bias, small, shift",
    [
        ([0.4, -0.5], [0, 0], 0),
        ([32767.4, -32767.4], [32767, -32767], 0),
        ([32767.5], [16384], 1),
        ([-32768, 3], [-16384, 2], 1),
        ([65535, -1], [16384, 0], 2),
        ([65534, -1], [32767, 0], 1),
        ([], [], 0),
    ],
)
def test_a_bias_takes_the_least_shift_with_which_it_fits_16_bits(bias, small, shift):
    found = small_bias(np.array(bias, np.float64))
    assert found[0].dtype == np.int16 and (found[0].tolist(), found[1]) == (small, shift)


@given(st.integers(0, 10**6))
def test_weights_lie_on_the_finest_grid_whose_sums_fit(seed):
    rng = np.random.default_rng(seed)
    weight = rng.standard_normal((3, int(rng.choice([1, 4, 300])))) * wide(rng, -3, 1) * rng.uniform(0.01, 1, (3, 1))
    bias = rng.standard_normal(3) * wide(rng, -3, 3)
    scale_in, scale_out = wide(rng, -3, 0), wide(rng, -3, 0)
    zero_in, zero_out = (int(z) for z in rng.choice([0, 40, 128, 255], 2))
    try:
        c = linear_constants(weight, bias, scale_in, zero_in, scale_out, zero_out)
    except QuantizationError:  # a multiplier of 255 is too small even with a shift by 1; or the bias alone too large
        steps = np.abs(weight).max() / 127 * scale_in / scale_out
        assert steps * 2 > 255 or np.abs(bias).max() / scale_out > 2**31 / 2**2
        return
    assert np.array_equal(c.scale, c.mult / 2.0**c.shift * scale_out / scale_in)
    assert (np.abs(c.weight * c.scale[:, None] - weight) <= 0.5001 * c.scale[:, None]).all()
    assert (
        np.abs(c.bias * 2.0**c.bias_shift * scale_in * c.scale - bias) <= 0.5001 * 2**c.bias_shift * scale_in * c.scale
    ).all()
    assert np.abs(c.weight.astype(int)).max() <= 127 and 1 <= c.shift <= 22
    reach = np.abs(c.weight.astype(int)).sum(1) * max(zero_in, 255 - zero_in)
    sums = (reach + np.abs(c.bias.astype(int)) * 2**c.bias_shift) * c.mult.astype(int)
    assert sums.max() + rounding(zero_out, c.shift) <= INT32_MAX
    finer = (np.abs(weight).max() / 127 * scale_in / scale_out) * 2 ** (c.shift + 1)
    # one shift more would double multipliers and sums
    assert c.shift == 22 or finer > 255 or 2 * (sums.max() + rounding(zero_out, c.shift)) > 0.98 * 2**31


@given(st.integers(0, 10**6))
def test_factors_are_as_fine_as_their_sums_allow(seed):
    rng = np.random.default_rng(seed)
    factors = rng.standard_normal((2, 3)) * wide(rng, -3, 2)
    bias, scale_out = rng.standard_normal(3) * wide(rng, -3, 3), wide(rng, -2, 0)
    scales, residual_scale = [wide(rng, -2, 0), wide(rng, -2, 0)], float(rng.choice([0, wide(rng, -2, 0)]))
    zero = int(rng.choice([0, 128, 255]))
    c = affine_constants(factors, bias, scales, scale_out, zero, residual_scale)
    one = 2.0**c.shift / scale_out
    assert np.abs(c.factors - factors * np.array(scales)[:, None] * one).max() <= 0.5001
    assert abs(c.residual - residual_scale * one) <= 0.5001
    assert (np.abs(c.bias * 2.0**c.bias_shift - bias * one) <= 0.5001 * 2**c.bias_shift).all()
    magnitudes = np.abs(c.factors.astype(int)).sum(0)
    sums = 255 * (magnitudes + 1 + c.residual) + np.abs(c.bias.astype(int)) * 2**c.bias_shift
    assert sums.max() + rounding(zero, c.shift) <= INT32_MAX
    most = max(magnitudes.max(), c.residual)
    finer = 2 * (sums.max() + rounding(zero, c.shift))
    assert most <= 32769 and 1 <= c.shift <= 22 and (c.shift == 22 or 2 * most >= 32764 or finer > 0.98 * 2**31)


@given(st.integers(0, 10**6))
def test_a_mean_is_as_fine_as_its_sum_allows(seed):
    rng = np.random.default_rng(seed)
    count, zero = int(rng.choice([1, 10, 1000, 40000])), int(rng.choice([0, 128, 255]))
    scale_in, scale_out = wide(rng, -3, 0), wide(rng, -3, 0)
    mult, shift = pool_constants(count, scale_in, scale_out, zero)
    exact = scale_in / scale_out / count * 2**shift
    total = count * 255 * mult + rounding(zero, shift)
    assert abs(mult - exact) <= 0.5001 and mult <= 65535 and total <= INT32_MAX and 1 <= shift <= 22
    assert shift == 22 or 2 * exact > 65534 or 2 * total > 0.98 * 2**31


def test_what_no_constants_can_be_is_said_with_its_name():
    one = np.ones((1, 1))
    for sentence, make in {
        "stem: no shift keeps its accumulator": lambda: linear_constants(one, [1e12], 0.1, 0, 0.1, 0, "stem"),
        "stem: no shift keeps its accumulator within": lambda: linear_constants(1e9 * one, [0], 0.1, 0, 0.1, 0, "stem"),
        "stem: weights are not finite": lambda: linear_constants(one, [np.inf], 0.1, 0, 0.1, 0, "stem"),
        "cell: parameters are not finite": lambda: affine_constants([[np.nan]], [0], [0.1], 0.1, 0, 0, "cell"),
        "cell: parameters are not": lambda: affine_constants([[1]], [np.nan], [0.1], 0.1, 0, 0, "cell"),
        "cell: no shift keeps its sum": lambda: affine_constants([[1]], [1e12], [0.1], 0.1, 0, 0, "cell"),
        "cell: no shift keeps": lambda: affine_constants([[17000]], [0], [0.1], 0.1, 0, 0, "cell"),
        "mean: a mean over 1 values does not": lambda: pool_constants(1, 33000, 1, 0, "mean"),
    }.items():
        with pytest.raises(QuantizationError, match=sentence):
            make()
    assert affine_constants([[16383]], [0], [0.1], 0.1, 0).shift == 1 == pool_constants(1, 32767, 1, 0)[1]


@pytest.mark.parametrize("units, shift", [(32735, 22), (32736, 21)])
def test_rounding_counts_in_what_must_fit(units, shift):
    """With a shift by 22 it is 2^21, and with a bias of 32736 * 2^16 the sum is exactly 2^31: one too many."""
    bias = [units * 2**16 / 2**22]
    assert linear_constants([[0.0]], bias, 1, 0, 1, 0).shift == shift
    assert affine_constants([[0.0]], bias, [1], 1, 0).shift == shift


@pytest.mark.parametrize("zero, shift", [(3, 22), (4, 21), (255, 21)])
def test_zero_points_count_in_what_must_fit(zero, shift):
    """With a shift by 22 each takes 2^22, and the bias leaves 2^24 of 31 bits."""
    bias = [(2**31 - 2**24) / 2**22]
    assert linear_constants([[0.0]], bias, 1, 0, 1, zero).shift == shift
    assert affine_constants([[0.0]], bias, [1], 1, zero).shift == shift
