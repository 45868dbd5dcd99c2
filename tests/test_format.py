"""model.bin: what is written is read back, and Python refuses the files that the core does (tests/test_loader.py)."""

import json
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host.compiler.plan import plan
from host.engines.native import ModelError, NativeModel
from host.evaluation import reference_features
from host.format.file import HEADER, FormatError, read, with_checksum, write
from host.reference import specification
from tests.conftest import ROOT
from tests.programs import golden_windows, random_program
from tests.refusals import ENVELOPE, SOUND, conv, file_of, network, patched, records
from tests.refused_networks import GATED

GOLDEN = ROOT / "tests" / "golden"
PROGRAM = random_program(5)
FILE = write(PROGRAM, plan(PROGRAM))


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
    assert np.array_equal(specification.run(program, features)[-1].reshape(expected.shape), expected)
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


def test_what_may_be_ignored_may_be_there_twice_and_what_must_be_understood_is_not_ignored():
    note = b"note" + struct.pack("<I", 4) + b"abcd"
    file = with_checksum(FILE + note + note)
    assert reason(file) == "OK" and read(file)
    newer = with_checksum(FILE + b"NEWS" + note[4:])
    assert reason(newer) == "CHUNK"
    with pytest.raises(FormatError, match="newer format"):
        read(newer)


STRUCTURE = ("TRUNCATED", "MAGIC", "VERSION", "OVERSIZED", "CHECKSUM", "CHUNK", "LABELS")
# what only the core looks at: how many classes there are
PAIRS = {name: pair for name, pair in ENVELOPE.items() if pair[0] in STRUCTURE and not name.endswith("than classes")}


@pytest.mark.parametrize("name", PAIRS)
def test_python_refuses_the_envelopes_and_labels_that_the_core_does(name):
    _, refused, accepted = PAIRS[name]
    read(accepted)
    with pytest.raises(FormatError):
        read(refused)


BROKEN = {
    "which is not there yet": patched(SOUND, 1, 1, b"\2"),
    "value 254, which is not there yet": patched(GATED, 1, 9, b"\xfe"),
    "no channels, kernel, stride or groups": patched(SOUND, 0, 14, b"\0"),
    "of unknown kind 255": patched(SOUND, 1, 0, b"\xff"),
    "a section ends early": file_of(SOUND, OPER=records(SOUND)[:-4]),
    "an array runs past the end": file_of(SOUND, OPER=records(network(conv(channels=4)), 3)[: 8 + 24]),
}


@pytest.mark.parametrize("sentence", BROKEN)
def test_python_says_what_is_wrong_with_an_operator(sentence):
    with pytest.raises(FormatError, match=sentence):
        read(BROKEN[sentence])


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
    expected = specification.run(program, features)[-1].reshape(1, -1)
    assert np.array_equal(NativeModel(file, c.frames, c.width, len(program.labels)).run(features), expected)
