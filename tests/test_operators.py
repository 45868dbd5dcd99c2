"""Each operator by hand where a hand can, and all executions of random programs against each other."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from host.compiler.plan import plan
from host.engines import pytorch
from host.engines.native import NativeModel
from host.format.file import write
from host.format.program import Add, Conv2D, Dense, Gate, GlobalAveragePool, MaxPool, Softmax
from host.reference import operators
from tests.programs import kinds, random_program


def i16(*values):
    return np.array(values, np.int16)


def value(rows):
    """[frames, bands] -> [1, frames, bands, 1]."""
    return np.array(rows, np.int64)[None, ..., None]


def test_conv2d_by_hand():
    weight = np.array([[[1], [2], [3]]], np.int8)[None]  # one frame, three bands
    op = Conv2D(0, weight.reshape(1, 1, 3, 1), i16(4), np.array([2], np.uint8), 2, 10, 1, (1, 1), 1)
    y = operators.conv2d(op, value([[5, 6, 7]]), zero_in=5)
    # centred 0 1 2, padded with zeros: sums 3, 8, 5; plus bias 8; times 2, plus half, over 4, plus 10
    assert y.ravel().tolist() == [10 + (2 * 11 + 2) // 4, 10 + (2 * 16 + 2) // 4, 10 + (2 * 13 + 2) // 4]
    assert operators.conv2d(op, value([[255, 255, 0]]), 5).max() == 255


def test_conv2d_sees_nothing_outside_the_window():
    op = Conv2D(0, np.ones((1, 3, 1, 1), np.int8), i16(0), np.array([1], np.uint8), 1, 0)
    y = operators.conv2d(op, value([[2], [4], [6], [8]]), 0)
    assert y.ravel().tolist() == [6, 9]


def test_max_pool_drops_the_incomplete_cell():
    y = operators.max_pool(MaxPool(0, (2, 2), 0), value([[1, 9, 3], [2, 4, 5], [7, 7, 7]]))
    assert y.ravel().tolist() == [9]


def test_gate_by_hand():
    op = Gate(0, 1, i16(64), i16(128), i16(3), 6, 100, 2, (1, 2), None)
    v, a = value([[110, 90]]), value([[128]])  # sigmoid 128 / 256
    # gain 64 + 64 = 128: doubles; bias 12 / 64
    assert operators.gate(op, v, a, zero_v=100).ravel().tolist() == [120, 80]
    closed = operators.gate(op, v, value([[0]]), 100)
    assert closed.ravel().tolist() == [110, 90]


def test_gate_adds_its_residual():
    op = Gate(0, 1, i16(64), i16(0), i16(0), 6, 0, 0, (1, 1), 2, 32)
    y = operators.gate(op, value([[30]]), value([[0]]), 10, value([[60]]), 20)
    assert y.item() == 20 + 20


def test_add_by_hand():
    op = Add(0, 1, i16(4), i16(-2), i16(0), 2, 50, 0, (2, 1))
    y = operators.add(op, value([[10], [30]]), value([[8]]), 0, 4)
    assert y.ravel().tolist() == [50 + 8, 50 + 28]


def test_add_takes_the_middle_of_what_is_longer():
    op = Add(0, 1, i16(1), i16(1), i16(0), 1, 0, 0, (1, 1))
    y = operators.add(op, value([[2], [4]]), value([[100], [10], [20], [100]]), 0, 0)
    assert y.ravel().tolist() == [6, 12]
    op = Add(
        0, 1, i16(1), i16(1), i16(0), 1, 0, 0, (3, 1)
    )  # cells of three frames, of which the first and last are left
    y = operators.add(op, value([[0]] * 4), value([[10], [20]]), 0, 0)
    assert y.ravel().tolist() == [5, 5, 10, 10]


def test_mean_is_exact_over_the_whole_window():
    op = GlobalAveragePool(0, 1 << 14, 16, 0)
    assert operators.global_average_pool(op, value([[10, 20], [30, 40]]), 0).item() == 25


def test_dense_saturates_to_int16():
    op = Dense(0, np.array([[127], [-127]], np.int8), i16(0, 0), np.array([255, 255], np.uint8), 1)
    y = operators.dense(op, np.array([[[[200]]]]), 0)
    assert y.ravel().tolist() == [32767, -32768]


def test_softmax_is_the_softmax():
    logits = np.array([[[[256, 0, -256, 1000]]]])
    exact = np.exp(logits / 256) / np.exp(logits / 256).sum()
    assert np.abs(operators.softmax(Softmax(0), logits) / 65535 - exact).max() < 2e-4
    far = operators.softmax(Softmax(0), np.array([[[[32767, -32768]]]]))
    assert far.ravel().tolist() == [65535, 0]


def test_random_programs_cover_every_operator():
    seen = {type(op) for seed in range(60) for op in random_program(seed).operators}
    assert seen == {Conv2D, MaxPool, Gate, Add, GlobalAveragePool, Dense, Softmax}


@settings(max_examples=150)
@given(st.integers(0, 10**6), st.integers(1, 9))
def test_executions_agree_on_random_programs(seed, strip):
    program = random_program(seed)
    rng = np.random.default_rng(seed)
    c = program.frontend
    features = rng.integers(0, 256, (3, c.frames, c.width), dtype=np.uint8)
    features[0] = rng.choice([0, 255])
    expected = operators.run(program, features)
    for a, b in zip(pytorch.run(program, torch.from_numpy(features)), expected, strict=True):
        assert np.array_equal(a.permute(0, 2, 3, 1).numpy(), b)
    model = NativeModel(write(program, plan(program, strip)), c.frames, c.width, len(program.labels))
    shapes = program.shapes()[1:]
    for i in range(len(features)):
        for a, b in zip(model.trace(features[i], shapes, kinds(program)), expected[1:], strict=True):
            assert np.array_equal(a, b[i])
    assert np.array_equal(model.run(features), expected[-1].reshape(3, -1))
