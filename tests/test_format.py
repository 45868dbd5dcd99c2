"""model.bin: what is written is read back, and Python refuses the files that the core does (tests/test_loader.py)."""

import json
import struct
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host.compiler.listing import listing
from host.compiler.plan import plan
from host.engines.native import ModelError, NativeModel
from host.format.file import HEADER, MAJOR, MINOR, FormatError, read, with_checksum, write
from host.operators import KINDS
from host.reference import specification
from tests.conftest import MODEL, ROOT
from tests.golden.make import golden_input
from tests.programs import random_program
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
    expected = np.array(golden["probabilities"])
    given = golden_input(program, len(expected))
    assert np.array_equal(specification.run(program, given)[-1].reshape(expected.shape), expected)
    frames, bands, channels = program.input.shape
    model = NativeModel(file, frames, bands * channels, len(program.labels))
    assert np.array_equal(model.run(given), expected)


def test_there_are_golden_files_of_all_that_this_version_has():
    files = {path.stem: read(path.read_bytes())[0] for path in GOLDEN.glob("*.bin")}
    assert f"v{MAJOR}.{MINOR}" in files and not all(program.hears for program in files.values())
    assert {type(op) for program in files.values() for op in program.operators} == set(KINDS.values())


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


def test_a_file_that_needs_a_newer_reader_is_refused_and_says_which():
    for version, said in ([2, 0], "format version 2"), ([1, MINOR + 1], f"needs a reader of version 1.{MINOR + 1}"):
        newer = with_checksum(FILE[:4] + bytes(version) + FILE[6:])
        assert reason(newer) == "VERSION"
        with pytest.raises(FormatError, match=said):
            read(newer)


def test_a_file_states_the_lowest_version_that_reads_it():
    assert MODEL.read_bytes()[4:6] == bytes([MAJOR, 0])
    assert shown_file(1)[4:6] == bytes([MAJOR, 1])
    assert PROGRAM.needs == max(op.SINCE for op in PROGRAM.operators) == FILE[5]


def shown_file(seed: int) -> bytes:
    program = random_program(seed, hears=False)
    return write(program, plan(program))


@given(st.integers(0, 10**6))
def test_a_network_need_not_hear(seed):
    """Its input is of any shape; host and core compute the same, and what only sound has is refused in a sentence."""
    program = random_program(seed, hears=False)
    file = write(program, plan(program))
    again, memory = read(file)
    assert write(again, memory) == file and again.input == program.input and not again.hears
    frames, bands, channels = program.input.shape
    shown = np.random.default_rng(seed).integers(0, 256, (3, frames, bands, channels), dtype=np.uint8)
    expected = specification.run(program, shown)[-1].reshape(3, -1)
    model = NativeModel(file, frames, bands * channels, len(program.labels))
    assert model.memory["stream"] == 0
    assert np.array_equal(model.run(shown), expected)
    with pytest.raises(FormatError, match="does not hear"):
        _ = again.frontend


def test_a_network_that_does_not_hear_is_shown_without_what_sound_has():
    text, sound = listing(shown_file(2), "shown.bin")
    assert sound and "tells      word0" in text and "format 1.1" in text
    assert not any(word in text for word in ("front end", "listening", "in a stream"))


def test_what_a_reader_may_ignore_is_kept():
    program = replace(PROGRAM, notes={"tool": b"abc", "n\xe9w!": b""})
    file = write(program, plan(program))
    assert reason(file) == "OK"
    assert read(file)[0].notes == program.notes and write(*read(file)) == file


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
