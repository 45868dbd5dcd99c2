"""model.bin: what is written is read back, and every kind of broken file is refused by its name."""

import json
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host.compiler import lowering
from host.compiler.lowering import Builder, Node
from host.compiler.plan import plan
from host.engines.native import ModelError, NativeModel
from host.evaluation import reference_features
from host.format.file import HEADER, FormatError, read, with_checksum, write
from host.format.program import Program
from host.models.frontends import log_mel
from host.reference import operators
from tests.conftest import ROOT
from tests.programs import golden_windows, random_program

GOLDEN = ROOT / "tests" / "golden"
PROGRAM = random_program(5)
FILE = write(PROGRAM, plan(PROGRAM))


def section(tag: str) -> int:
    """Where a section's payload begins in FILE."""
    at = HEADER
    while FILE[at : at + 4] != tag.encode():
        at += 8 + (struct.unpack("<I", FILE[at + 4 : at + 8])[0] + 3) // 4 * 4
    return at + 8


def changed(at: int, data: bytes) -> bytes:
    return with_checksum(FILE[:at] + data + FILE[at + len(data) :])


def reason(file: bytes) -> str:
    try:
        NativeModel(file)
    except ModelError as error:
        return error.reason
    return "OK"


@given(st.integers(0, 10**6))
def test_reading_gives_back_what_was_written(seed):
    program = random_program(seed)
    file = write(program, plan(program))
    again, memory = read(file)
    assert write(again, memory) == file
    assert (again.frontend, again.labels, again.listening, again.name) == (
        program.frontend,
        program.labels,
        program.listening,
        program.name,
    )
    assert again.shapes() == program.shapes() and again.zeros() == program.zeros()


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.json")), ids=lambda p: p.stem)
def test_files_of_released_versions_compute_what_they_did(path):
    golden = json.loads(path.read_text())
    file = path.with_suffix(".bin").read_bytes()
    program, _ = read(file)
    c = program.frontend
    samples = (c.frames - 1) * c.hop + c.frame
    expected = np.array(golden["probabilities"])
    features = reference_features(program, golden_windows(len(expected), samples))
    assert np.array_equal(operators.run(program, features)[-1].reshape(expected.shape), expected)
    model = NativeModel(file, c.frames, c.width, len(program.labels))
    assert np.array_equal(model.run(features), expected)


def test_there_is_a_golden_file_of_this_version():
    assert any(p.read_bytes()[4:6] == FILE[4:6] for p in GOLDEN.glob("*.bin"))


@pytest.mark.parametrize("size", [0, 3, 4, 15, 16, 100, len(FILE) - 1])
def test_a_truncated_file_is_refused(size):
    assert reason(FILE[:size]) == "TRUNCATED"
    with pytest.raises(FormatError):
        read(FILE[:size])


def test_an_oversized_file_is_refused():
    assert reason(FILE + b"\0") == "OVERSIZED"
    with pytest.raises(FormatError, match="header says"):
        read(FILE + b"\0")


def test_another_file_is_refused():
    assert reason(b"\x89PNG" + bytes(200)) == "MAGIC"
    with pytest.raises(FormatError, match="not a tympan model"):
        read(b"\x89PNG" + bytes(200))


def test_another_major_version_is_refused_and_a_newer_minor_one_read():
    newer = with_checksum(FILE[:4] + bytes([2, 0]) + FILE[6:])
    assert reason(newer) == "VERSION"
    with pytest.raises(FormatError, match="format version 2"):
        read(newer)
    minor = with_checksum(FILE[:4] + bytes([1, 7]) + FILE[6:] + b"soon" + struct.pack("<I", 3) + b"abc\0")
    assert reason(minor) == "OK"
    assert read(minor)[0].labels == PROGRAM.labels


@given(st.integers(0, len(FILE) * 8 - 1))
def test_any_flipped_bit_is_noticed(bit):
    broken = bytearray(FILE)
    broken[bit // 8] ^= 1 << bit % 8
    assert reason(bytes(broken)) != "OK"
    with pytest.raises(FormatError):
        read(bytes(broken))


def test_sections_missing_doubled_or_unknown_are_refused():
    at = section("LSTN") - 8
    assert reason(changed(at, b"lstn")) == "CHUNK"  # ours is gone
    assert reason(changed(at, b"LABL")) == "CHUNK"  # doubled
    assert reason(with_checksum(FILE + b"NEWS" + struct.pack("<I", 0))) == "CHUNK"
    assert reason(with_checksum(FILE + b"news" + struct.pack("<I", 1))) == "CHUNK"  # runs past the end
    assert reason(with_checksum(FILE + b"ne")) == "CHUNK"


FRONTEND = {
    "rate": (0, "<H", 8000),
    "frame of nothing": (2, "<H", 0),
    "frame longer than the transform": (2, "<H", 513),
    "hop of nothing": (4, "<H", 0),
    "hop of half a millisecond": (4, "<H", 168),
    "no window": (6, "<H", 0),
    "a very long window": (6, "<H", 1001),
    "more coefficients than bands": (9, "<B", 255),
    "steep log": (12, "<i", 1 << 20),
    "edges that descend": (20 + 6 * len(PROGRAM.frontend.gains), "<H", 60000),
}


@pytest.mark.parametrize("name", FRONTEND)
def test_front_ends_out_of_range_are_refused(name):
    at, layout, value = FRONTEND[name]
    assert reason(changed(section("FRNT") + at, struct.pack(layout, value))) == "FRONTEND"


@pytest.mark.parametrize("at, value", [(0, 5), (8, 0), (9, 0), (9, 200)], ids=["hop", "history", "votes", "more votes"])
def test_listening_defaults_out_of_range_are_refused(at, value):
    data = struct.pack("<H", value) if at == 0 else bytes([value])
    assert reason(changed(section("LSTN") + at, data)) == "LISTENING"


def test_labels_must_match_the_outputs():
    at = section("LABL")
    assert reason(changed(at, bytes([len(PROGRAM.labels) - 1]))) == "LABELS"
    assert reason(changed(at, b"\0")) == "LABELS"
    assert reason(changed(at + 1, b"\0")) == "LABELS"


def test_operators_unknown_cut_short_or_dangling_are_refused():
    first = section("OPER") + 8
    assert reason(changed(first, bytes([0]))) == "OPERATOR"
    assert reason(changed(first, bytes([8]))) == "OPERATOR"
    assert reason(changed(first + 1, bytes([1]))) == "GRAPH"  # reads what it writes
    assert reason(changed(first + 1, bytes([200]))) == "GRAPH"
    count = FILE[first - 8]
    assert reason(changed(first - 8, bytes([count + 1]))) == "GRAPH"  # the softmax is not the last
    assert reason(changed(first - 8, bytes([count - 1]))) == "GRAPH"
    assert reason(changed(first + 8, bytes([255]))) == "OPERATOR"  # more channels than there are constants
    assert reason(changed(first - 8, bytes([0]))) == "GRAPH"
    assert reason(changed(first - 6, b"\0\0")) == "PLAN"  # strips of nothing
    assert reason(changed(first - 4, struct.pack("<I", 1 << 30))) == "PLAN"


def with_operator(**changes) -> bytes:
    """FILE with its first convolution changed."""
    from dataclasses import replace

    from host.format.program import Conv2D, Program

    ops = list(PROGRAM.operators)
    i = next(i for i, op in enumerate(ops) if isinstance(op, Conv2D))
    ops[i] = replace(ops[i], **changes)
    program = Program(PROGRAM.frontend, ops, PROGRAM.labels)
    return write(program, plan(PROGRAM))


def test_kernels_that_do_not_fit_are_refused():
    assert reason(with_operator(stride=(0, 1))) == "SHAPE"
    assert reason(with_operator(pad=200)) == "SHAPE"


def test_what_may_be_ignored_may_be_there_twice_and_what_must_be_understood_is_not_ignored():
    note = b"note" + struct.pack("<I", 4) + b"abcd"
    file = with_checksum(FILE + note + note)
    assert reason(file) == "OK" and read(file)
    newer = with_checksum(FILE + b"NEWS" + note[4:])
    assert reason(newer) == "CHUNK"
    with pytest.raises(FormatError, match="newer format"):
        read(newer)


def test_a_network_that_no_robot_could_follow_is_refused():
    """One convolution of 255 to 255 channels over 40 bands and 50 frames: 130 million multiply-adds."""
    builder = Builder(shapes=[(50, 40, 1)])
    x = Node(builder, 0, 1 / 32, 0)
    for inputs in (1, 255):
        x = lowering.conv2d(x, np.ones((255, inputs, 1, 1)), np.zeros(255), 0.1, 0)
    lowering.softmax(lowering.dense(lowering.global_average_pool(x, 0.1, 0), np.ones((2, 255)), np.zeros(2)))
    program = Program(log_mel(50), builder.operators, ("a", "b"))
    assert reason(write(program, plan(program))) == "WORK"


def test_convolutions_that_skip_most_of_what_they_read_are_work_too():
    """Nine of 190,000 multiply-adds each, whose tall kernels with a wide stride pass over 7.6 million values."""
    builder = Builder(shapes=[(1000, 40, 1)])
    for _ in range(9):
        x = lowering.conv2d(Node(builder, 0, 1 / 32, 0), np.ones((1, 1, 255, 1)), np.zeros(1), 0.1, 0, (1, 40))
    lowering.softmax(lowering.dense(lowering.global_average_pool(x, 0.1, 0), np.ones((2, 1)), np.zeros(2)))
    program = Program(log_mel(1000), builder.operators, ("a", "b"))
    assert reason(write(program, plan(program))) == "WORK"


def test_sums_that_could_overflow_are_refused():
    assert reason(with_operator(shift=0)) == "RANGE"
    assert reason(with_operator(shift=23)) == "RANGE"
    assert reason(with_operator(bias_shift=17)) == "RANGE"
    conv = next(op for op in PROGRAM.operators if op.__class__.__name__ == "Conv2D")
    bias, mult = np.full_like(conv.bias, 32767), np.full_like(conv.mult, 255)
    assert reason(with_operator(bias=bias, bias_shift=16, mult=mult)) == "RANGE"


@settings(max_examples=400)
@given(st.integers(HEADER, len(FILE) - 1), st.integers(0, 255))
def test_a_changed_byte_never_divides_the_readers(at, value):
    """Wherever the C core takes a file, Python reads it too, and both compute the same."""
    file = changed(at, bytes([value]))
    if reason(file) != "OK":
        return
    program, _ = read(file)
    c = program.frontend
    features = np.random.default_rng(at).integers(0, 256, (1, c.frames, c.width), dtype=np.uint8)
    expected = operators.run(program, features)[-1].reshape(1, -1)
    assert np.array_equal(NativeModel(file, c.frames, c.width, len(program.labels)).run(features), expected)
