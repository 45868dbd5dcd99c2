"""The integer functions lie where their formulas say."""

import ctypes

import numpy as np
import pytest

from host.engines.native import library
from host.integers import tables


@pytest.mark.parametrize("period", [7, 160, 480, 512])
def test_cosine_is_within_5e_9(period):
    p = np.arange(-2 * period, 2 * period)
    assert np.abs(tables.cos30(p, period) / tables.Q30 - np.cos(2 * np.pi * p / period)).max() < 5e-9


def test_cosine_is_exact_at_quarter_turns():
    assert tables.cos30(np.arange(4), 4).tolist() == [tables.Q30, 0, -tables.Q30, 0]


def test_log2_is_within_two_thousandths():
    x = np.unique(np.geomspace(1, 2**32 - 1, 20000).astype(np.int64))
    assert np.abs(tables.log2_q10(x) / 1024 - np.log2(x)).max() < 0.002
    assert tables.log2_q10(2 ** np.arange(32)).tolist() == [1024 * n for n in range(32)]


def test_exp2_falls_steadily_to_zero():
    y = np.arange(17 * 1024)
    found = tables.exp2_neg_q15(y)
    assert np.abs(found / 32768 - 2.0 ** (-y / 1024)).max() < 1e-4
    assert (np.diff(found) <= 0).all() and found[0] == 32768 and found[-1] == 0


def test_sigmoid_is_rounded_and_symmetric():
    s = tables.sigmoid_table()
    x = (np.arange(256) - 128) / 16
    exact = 256 / (1 + np.exp(-x))
    assert np.abs(s - np.minimum(exact, 255)).max() <= 0.51
    upper = s[:128:-1]
    assert (s[1:128] + upper)[upper < 255].tolist() == [256] * int((upper < 255).sum())
    assert s[128] == 128 and s[255] == 255


@pytest.mark.parametrize("period", [7, 80, 480, 512, 65536])
def test_the_core_has_the_same_cosines(period):
    p = range(min(period, 2000)) if period < 65536 else range(0, period, 7)
    assert [library().tympan_cos(i, period) for i in p] == tables.cos30(np.array(p), period).tolist()


def test_the_core_has_the_same_powers_and_sigmoid():
    y = range(0, 17 * 1024, 3)
    assert [library().tympan_exp2_neg(i) for i in y] == tables.exp2_neg_q15(np.array(y)).tolist()
    found = np.zeros(256, np.uint8)
    library().tympan_sigmoid_table(found.ctypes.data_as(ctypes.c_void_p))
    assert found.tolist() == tables.sigmoid_table().tolist()
