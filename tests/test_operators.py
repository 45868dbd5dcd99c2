"""Each operator by hand where a hand can, and all executions of random programs against each other."""

import re
import shutil
import subprocess
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from host.compiler.plan import plan
from host.engines import pytorch
from host.engines.native import NativeModel
from host.format.file import write
from host.operators import (
    KINDS,
    Add,
    AveragePool,
    Builder,
    Conv2D,
    Dense,
    DilatedConv2D,
    Gate,
    GlobalAveragePool,
    LoweringError,
    MaxPool,
    Node,
    Operator,
    Softmax,
)  # fmt: skip
from host.operators.operator import register
from host.reference import specification
from tests.conftest import ROOT
from tests.programs import kinds, random_program

OPERATORS = ROOT / "native" / "core" / "operators"


def i16(*values):
    return np.array(values, np.int16)


def u8(*values):
    return np.array(values, np.uint8)


def value(rows):
    """[frames, bands] -> [1, frames, bands, 1]."""
    return np.array(rows, np.int64)[None, ..., None]


def test_conv2d_by_hand():
    weight = np.array([[[1], [2], [3]]], np.int8)[None]  # one frame, three bands
    op = Conv2D(0, weight.reshape(1, 1, 3, 1), i16(4), np.array([2], np.uint8), 2, 10, 1, (1, 1), 1)
    y = op.reference([value([[5, 6, 7]])], [5])
    # centred 0 1 2, padded with zeros: sums 3, 8, 5; plus bias 8; times 2, plus half, over 4, plus 10
    assert y.ravel().tolist() == [10 + (2 * 11 + 2) // 4, 10 + (2 * 16 + 2) // 4, 10 + (2 * 13 + 2) // 4]
    assert op.reference([value([[255, 255, 0]])], [5]).max() == 255


def test_conv2d_sees_nothing_outside_the_window():
    op = Conv2D(0, np.ones((1, 3, 1, 1), np.int8), i16(0), np.array([1], np.uint8), 1, 0)
    y = op.reference([value([[2], [4], [6], [8]])], [0])
    assert y.ravel().tolist() == [6, 9]


def test_a_dilated_kernel_passes_over_frames():
    op = DilatedConv2D(0, np.array([1, 10], np.int8).reshape(1, 2, 1, 1), i16(0), u8(1), 1, 0, dilation=3)
    y = op.reference([value([[2], [4], [6], [8], [10]])], [0])
    assert y.ravel().tolist() == [(2 + 80 + 1) // 2, (4 + 100 + 1) // 2]


def test_a_dilated_kernel_of_too_many_frames_is_refused():
    x = Node(Builder(shapes=[(300, 1, 1)]), 0, 1.0, 0)
    assert Conv2D.lower(x, np.ones((1, 1, 2, 1)), np.zeros(1), 1.0, 0, dilation=254).shape == (46, 1, 1)
    with pytest.raises(LoweringError, match="operator 2, DilatedConv2D: its kernel spans 256 frames, over 255"):
        Conv2D.lower(x, np.ones((1, 1, 2, 1)), np.zeros(1), 1.0, 0, dilation=255)


def test_max_pool_drops_the_incomplete_cell():
    y = MaxPool(0, (2, 2), 0).reference([value([[1, 9, 3], [2, 4, 5], [7, 7, 7]])], [0])
    assert y.ravel().tolist() == [9]


def test_average_pool_by_hand():
    op = AveragePool(0, (2, 2), 3, 3, 100)  # sums, less the zero point 5 of four values, times 3 / 8
    y = op.reference([value([[5, 9, 3], [6, 4, 5], [7, 7, 7]])], [5])
    assert y.ravel().tolist() == [100 + (4 * 3 + 4) // 8]
    assert op.reference([value([[255] * 2] * 2)], [0]).item() == 255
    assert op.reference([value([[0] * 2] * 2)], [255]).item() == 0


def test_gate_by_hand():
    op = Gate(0, 1, i16(64), i16(128), i16(3), 6, 100, 2, (1, 2), None)
    v, a = value([[110, 90]]), value([[128]])  # sigmoid 128 / 256
    # gain 64 + 64 = 128: doubles; bias 12 / 64
    assert op.reference([v, a], [100, 128]).ravel().tolist() == [120, 80]
    closed = op.reference([v, value([[0]])], [100, 128])
    assert closed.ravel().tolist() == [110, 90]


def test_gate_adds_its_residual():
    op = Gate(0, 1, i16(64), i16(0), i16(0), 6, 0, 0, (1, 1), 2, 32)
    y = op.reference([value([[30]]), value([[0]]), value([[60]])], [10, 128, 20])
    assert y.item() == 20 + 20


def test_add_by_hand():
    op = Add(0, 1, i16(4), i16(-2), i16(0), 2, 50, 0, (2, 1))
    y = op.reference([value([[10], [30]]), value([[8]])], [0, 4])
    assert y.ravel().tolist() == [50 + 8, 50 + 28]


def test_add_takes_the_middle_of_what_is_longer():
    op = Add(0, 1, i16(1), i16(1), i16(0), 1, 0, 0, (1, 1))
    y = op.reference([value([[2], [4]]), value([[100], [10], [20], [100]])], [0, 0])
    assert y.ravel().tolist() == [6, 12]
    op = Add(
        0, 1, i16(1), i16(1), i16(0), 1, 0, 0, (3, 1)
    )  # cells of three frames, of which the first and last are left
    y = op.reference([value([[0]] * 4), value([[10], [20]])], [0, 0])
    assert y.ravel().tolist() == [5, 5, 10, 10]


def test_mean_is_exact_over_the_whole_window():
    op = GlobalAveragePool(0, 1 << 14, 16, 0)
    assert op.reference([value([[10, 20], [30, 40]])], [0]).item() == 25


def test_dense_saturates_to_int16():
    op = Dense(0, np.array([[127], [-127]], np.int8), i16(0, 0), np.array([255, 255], np.uint8), 1)
    y = op.reference([np.array([[[[200]]]])], [0])
    assert y.ravel().tolist() == [32767, -32768]


def test_softmax_is_the_softmax():
    logits = np.array([[[[256, 0, -256, 1000]]]])
    exact = np.exp(logits / 256) / np.exp(logits / 256).sum()
    assert np.abs(Softmax(0).reference([logits], [0]) / 65535 - exact).max() < 2e-4
    far = Softmax(0).reference([np.array([[[[32767, -32768]]]])], [0])
    assert far.ravel().tolist() == [65535, 0]


def listed() -> list[tuple[str, str]]:
    """(NAME, room) of each kind in the C core's list, in the order of their numbers."""
    text = (OPERATORS / "list.h").read_text()
    return re.findall(r"^    X\((\w+), (\w+),", text, re.MULTILINE)


def test_each_operator_is_found_in_the_four_places_of_the_readme():
    """And both sides give the kinds the same numbers."""
    rooms = {path.name for path in OPERATORS.rglob("*")}
    assert set(KINDS) == {*range(1, len(listed()) + 1), 129}
    for number, kind in sorted(KINDS.items()):
        name, room = listed()[number % 128 - 1]  # a dilated kind shares the room of the other
        assert kind.__module__ == f"host.operators.{room}"
        name, kind = ("DILATED_" if number > 128 else "") + name, kind.__name__
        assert kind.lower() == name.replace("_", "").lower()
        assert {f"{room}.h", f"{room}.c"} <= rooms
        assert f"| `{kind}` |" in (ROOT / "docs" / "semantics.md").read_text()
        assert re.search(rf"\b{number} {name}\b", (OPERATORS.parent / "file" / "model.c").read_text())
        for test in ("test_operators.py", "programs.py", "test_kernels.py"):
            drawn = "dilation" if number > 128 else kind
            assert re.search(rf"\b{drawn}\b", (ROOT / "tests" / test).read_text()), (kind, test)


def test_no_other_place_tells_kinds_apart():
    """Networks are made of them; nothing else names one, on either side."""
    names = "|".join(kind.__name__ for kind in KINDS.values())
    for path in (ROOT / "host").rglob("*.py"):
        if path.parent.name not in ("operators", "models"):
            assert not re.search(rf"case ({names})\b|isinstance\([^)]*\b({names})\b", path.read_text()), path
    rooms = "|".join(name for name, _ in listed())
    for path in (ROOT / "native" / "core").rglob("*.[ch]"):
        if "operators" not in path.parts and path.parent.name != "plain":
            code = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
            assert not re.search(rf"\bTYMPAN_({rooms})\b|->kind\b|\.kind\b", code), path
        assert not re.search(r"\bdefault:(?!\s*(ELEMENT|v \+=))", path.read_text()), path


def test_a_kind_without_a_room_does_not_build(tmp_path):
    """One more line in the C core's list, and the compiler names every function that it lacks."""
    shutil.copytree(OPERATORS.parent, tmp_path / "core")
    changed = tmp_path / "core" / "operators" / "list.h"
    line = "    X(AVERAGE_POOL, average_pool, 12, 0)\n"
    changed.write_text(changed.read_text().replace(line, line.replace("\n", " \\\n    X(HALVED, halved, 8, 0)\n")))
    kinds = changed.with_name("kinds.c")
    done = subprocess.run(["cc", "-std=c99", "-Wall", "-fsyntax-only", kinds], capture_output=True, text=True)
    missing = set(re.findall(r"implicit declaration of function .tympan_halved_(\w+)", done.stderr))
    assert missing == {"unpack", "shape", "work", "range", "choose", "prepare", "run"}


def test_an_operator_that_lacks_a_method_is_refused_at_import():
    kind = KINDS[1].KIND

    @dataclass(frozen=True)
    class Halved(Operator):
        KIND = 99
        source: int = 0
        zero: int = 0

    with pytest.raises(TypeError, match=r"Halved lacks .*record.*reference"):
        register(Halved)
    with pytest.raises(TypeError, match=f"Conv2D and Conv2D are both of kind {kind}"):
        register(KINDS[1])
    assert 99 not in KINDS


def test_random_programs_cover_every_operator():
    seen = {type(op) for seed in range(60) for op in random_program(seed).operators}
    assert seen == set(KINDS.values())


@settings(max_examples=150)
@given(st.integers(0, 10**6), st.integers(1, 9))
def test_executions_agree_on_random_programs(seed, strip):
    program = random_program(seed)
    rng = np.random.default_rng(seed)
    c = program.frontend
    features = rng.integers(0, 256, (3, c.frames, c.width), dtype=np.uint8)
    features[0] = rng.choice([0, 255])
    expected = specification.run(program, features)
    for a, b in zip(pytorch.run(program, torch.from_numpy(features)), expected, strict=True):
        assert np.array_equal(a.permute(0, 2, 3, 1).numpy(), b)
    model = NativeModel(write(program, plan(program, strip)), c.frames, c.width, len(program.labels))
    shapes = program.shapes()[1:]
    for i in range(len(features)):
        for a, b in zip(model.trace(features[i], shapes, kinds(program)), expected[1:], strict=True):
            assert np.array_equal(a, b[i])
    assert np.array_equal(model.run(features), expected[-1].reshape(3, -1))
