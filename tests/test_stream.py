"""The C core's stream: a microphone's blocks to the window that the network sees, and their level."""

import ctypes
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host.engines.native import library
from host.features.frontends import log_mel
from host.format.file import frontend_section
from host.format.program import FrontEnd
from host.reference import frontend as reference
from tests.programs import hard_signals, random_frontend

SMALL = replace(log_mel(5), frame=64, hop=32)


class _Config(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_uint16) for name in ("rate", "frame", "hop", "frames")),
        *((name, ctypes.c_uint8) for name in ("bands", "coefficients", "shift", "zero")),
        *((name, ctypes.c_int32) for name in ("log_gain", "log_offset")),
        *((name, ctypes.c_void_p) for name in ("offsets", "edges", "gains")),
    ]


class _FrontEnd(ctypes.Structure):
    _fields_ = [
        ("config", _Config),
        ("memory", ctypes.c_void_p),
        ("dct", ctypes.c_void_p),
        ("frames", ctypes.c_uint32),
        ("filled", ctypes.c_uint16),
        ("headroom", ctypes.c_uint8),
    ]


class _Capture(ctypes.Structure):
    _fields_ = [("dc", ctypes.c_int32), ("shift", ctypes.c_uint8), ("started", ctypes.c_uint8)]


class _Stream(ctypes.Structure):
    _fields_ = [
        ("frontend", _FrontEnd),
        ("capture", _Capture),
        ("window", ctypes.c_void_p),
        ("energy", ctypes.c_uint64),
        ("counted", ctypes.c_uint32),
    ]


class Stream:
    """tympan_stream of native/core/tympan.h."""

    def __init__(self, config: FrontEnd, gain: int = 0):
        self.lib, self.config, self.is_ = library(), config, _Stream()
        data = frontend_section(config)
        self.section, read = np.frombuffer(data + bytes(4), np.int32, len(data) // 4 + 1), _Config()
        assert (
            self.lib.tympan_frontend_read(ctypes.byref(read), ctypes.c_void_p(self.section.ctypes.data), len(data)) == 0
        )
        self.bytes = self.lib.tympan_stream_bytes(ctypes.byref(read))
        self.memory = np.full(self.bytes // 4 + 8, 0x55555555, np.int32)
        self.lib.tympan_stream_open(self.pointer, ctypes.byref(read), ctypes.c_void_p(self.memory.ctypes.data), gain)

    @property
    def pointer(self):
        return ctypes.byref(self.is_)

    def samples(self, samples) -> int:
        kept = np.ascontiguousarray(samples, np.int16)
        return self.lib.tympan_stream_samples(self.pointer, ctypes.c_void_p(kept.ctypes.data), len(kept))

    def slots(self, slots, stride: int = 1) -> int:
        kept = np.ascontiguousarray(slots, np.int32)
        at = ctypes.c_void_p(kept.ctypes.data)
        return self.lib.tympan_stream_slots(self.pointer, at, stride, len(kept) // stride)

    def level(self) -> int:
        return self.lib.tympan_stream_level(self.pointer)

    def stays_within_its_memory(self) -> bool:
        return bool((self.memory.view(np.uint8)[self.bytes :] == 0x55).all())

    def reset(self) -> None:
        self.lib.tympan_stream_reset(self.pointer)

    @property
    def window(self) -> np.ndarray:
        c = self.config
        return self.memory.view(np.uint8)[: c.frames * c.width].reshape(c.frames, c.width)


def window(samples, config: FrontEnd) -> np.ndarray:
    """The window behind a stream: its last frames, and before its first those of digital silence."""
    levels = reference.log_mel(reference.split_frames(np.asarray(samples, np.int16), config), config)
    levels = np.concatenate([np.zeros((config.frames, config.bands), np.uint8), levels])[-config.frames :]
    return reference.features(levels, config)


def level(samples) -> int:
    squares = [int(x) ** 2 for x in samples]
    return math.isqrt(sum(squares) // len(squares)) if squares else 0


@settings(max_examples=60)
@given(st.integers(0, 10**6), st.lists(st.integers(0, 700), max_size=8))
def test_the_window_holds_the_last_frames_whatever_the_blocks(seed, sizes):
    config = random_frontend(np.random.default_rng(seed), frames=4, width=5)
    signal = hard_signals(9, sum(sizes) + 1, seed)[8][: sum(sizes)]
    stream, completed = Stream(config), 0
    assert np.array_equal(stream.window, window([], config))
    for block in np.split(signal, np.cumsum(sizes)):
        completed += stream.samples(block)
    assert np.array_equal(stream.window, window(signal, config))
    assert completed == reference.frame_count(len(signal), config) == stream.is_.frontend.frames
    assert stream.level() == level(signal) and stream.stays_within_its_memory()


@pytest.mark.parametrize("count", [63, 64, 65, 159, 160, 161, 192, 1000])
def test_blocks_longer_than_a_window_go_through_it(count):
    """A window of 5 frames every 32 samples is 160."""
    signal = hard_signals(9, count)[8]
    stream = Stream(SMALL)
    assert stream.samples(signal) == reference.frame_count(count, SMALL)
    assert np.array_equal(stream.window, window(signal, SMALL)) and stream.level() == level(signal)


@settings(max_examples=60)
@given(
    st.integers(0, 10), st.integers(1, 3), st.lists(st.integers(0, 200), min_size=1, max_size=6), st.integers(0, 10**6)
)
def test_slots_are_captured_once_each_in_blocks_of_any_size(gain, stride, sizes, seed):
    """One of several slots beside each other is taken; gains beyond 8 are 8."""
    rng = np.random.default_rng(seed)
    slots = (rng.integers(-(2**31), 2**31, (sum(sizes), stride)) >> int(rng.integers(0, 16))).astype(np.int32)
    samples, dc = reference.capture(slots[:, 0], min(gain, 8))
    stream = Stream(SMALL, gain)
    for block in np.split(slots, np.cumsum(sizes)[:-1]):
        stream.slots(block.reshape(-1), stride)
    assert np.array_equal(stream.window, window(samples, SMALL)) and stream.level() == level(samples)
    assert len(samples) == 0 or stream.is_.capture.dc == dc


def test_no_slots_are_no_beginning():
    """The first slot is the estimate of the offset, also behind a block of none."""
    slots, found = np.array([0, 2**30, 2**30, 2**30 + 2**20], np.int32), np.empty(3, np.int16)
    capture, lib = _Capture(), library()
    lib.tympan_capture_reset(ctypes.byref(capture), 8)
    for skipped, count in ((0, 0), (1, 3)):
        at = ctypes.c_void_p(slots.ctypes.data + 4 * skipped)
        lib.tympan_capture_run(ctypes.byref(capture), at, 1, ctypes.c_void_p(found.ctypes.data), count)
    assert found.tolist() == reference.capture(slots[1:], 8)[0].tolist()


def test_a_stream_that_is_reset_owes_nothing_to_what_was_before():
    loud, soft = np.full(777, 2**30, np.int32), np.arange(-300, 300).astype(np.int32) << 16
    stream, fresh = Stream(SMALL, 5), Stream(SMALL, 5)
    stream.slots(loud)
    stream.reset()
    assert np.array_equal(stream.window, window([], SMALL)) and stream.level() == 0
    assert stream.slots(soft) == fresh.slots(soft)
    assert np.array_equal(stream.window, fresh.window) and stream.level() == fresh.level() > 0


@pytest.mark.parametrize(
    "samples, expected",
    [
        ([], 0), ([0], 0), ([1], 1), ([-1], 1), ([2], 2), ([3], 3), ([-32768], 32768), ([32767], 32767),
        ([1, 0], 0), ([1, 1], 1), ([1, 1, 0], 0), ([0, 0, 5], 2), ([5, 0, 0], 2), ([0, 5, 0], 2), ([7, -7, 7], 7),
        ([3, 4], 3), ([4, 4, 3], 3), ([-32768] * 3, 32768), ([-32768] * 64 + [32767], 32767), ([99] * 65, 99),
        ([100] * 127, 100),        ([0] * 64 + [65], 8), ([0] * 63 + [64], 8), ([0] * 63 + [63], 7),
    ],
)  # fmt: skip
def test_the_level_is_the_root_of_the_mean_both_rounded_down(samples, expected):
    stream = Stream(SMALL)
    stream.samples(samples)
    assert stream.level() == expected == level(samples)


def test_the_level_is_of_what_came_since_it_was_asked_for():
    stream = Stream(SMALL)
    stream.samples([100] * 70)
    stream.samples([0] * 30)
    assert stream.level() == 83  # of 7000
    stream.samples([10] * 3)
    assert stream.level() == 10 and stream.level() == 0


def test_the_level_outlasts_a_day_without_being_asked_for():
    """Beyond 2^30 samples, 18 hours, sum and count are halved: both stay within their bits."""
    stream = Stream(SMALL)
    most = 1 << 30
    stream.is_.energy, stream.is_.counted = most * 32768**2, most - 1
    stream.samples([-32768])
    assert (stream.is_.energy, stream.is_.counted) == ((most + 1) * 32768**2, most)
    stream.samples([-32768])
    assert (stream.is_.energy, stream.is_.counted) == ((most + 2) * 32768**2 // 2, (most + 1) // 2)
    assert stream.level() == 32768
