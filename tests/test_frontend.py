"""The front end: specification against floating point, C core against specification, streams against clips."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bench import frontend as bench
from host.engines.native import FrontEndEngine, NativeModel, capture
from host.features import frontends
from host.format.file import read
from host.reference import frontend as reference
from tests.conftest import ROOT
from tests.programs import hard_signals, random_frontend

MFCC = frontends.mfcc(
    [536, 63, -1, -8, -7, -6, -8, -6, -9, -7, -6, -7], [283, 78, 53, 41, 35, 27, 24, 21, 20, 18, 17, 16]
)


def specified(samples, config):
    return reference.features(reference.log_mel(reference.split_frames(samples, config), config), config)


def test_levels_are_the_rounded_float_levels():
    config = frontends.log_mel()
    frames = reference.split_frames(hard_signals(48, 4000)[8:].reshape(-1), config)
    exact = reference.float_log_mel(frames, config)
    found = reference.log_mel(frames, config)
    inside = (exact >= 1) & (exact < 255)
    assert inside.sum() > 10000
    assert np.abs(found + 0.5 - exact)[inside].max() < 1.2


def test_a_ratio_is_of_powers():
    exact = np.array([[3.0, 4.0], [30.0, 40.0]])
    assert np.allclose(bench.snr(exact, exact * [[1.1], [0.999]], 1), [20, 60])
    assert np.allclose(bench.snr(exact, exact * 0.9), 20)


def test_transform_and_energies_lie_near_floating_point():
    config = frontends.log_mel()
    frames = reference.split_frames(hard_signals(48, 4000)[8:].reshape(-1), config)
    frames = frames[np.abs(frames).max(1) > 100]
    assert len(frames) > 100
    assert bench.transform(frames, config).min() > 65 and bench.energies(frames, config).min() > 75


@pytest.mark.parametrize("name, bytes_of_tables", [("robot", 2308), ("tinyspeech-z4", 3268)])
def test_tables_take_the_rest_of_the_core_s_memory(name, bytes_of_tables):
    """Beside them are the window that the network sees, the samples of a frame and its transform's 257 points."""
    file = (ROOT / "models" / f"{name}.bin").read_bytes()
    config = read(file)[0].frontend
    tables = sum(bench.tables(config).values())
    assert tables == bytes_of_tables
    state = config.frames * config.width + 2 * 512 + 8 * 257
    assert NativeModel(file).memory["stream"] == tables + state


def test_torchaudio_computes_the_same_levels():
    """The mel bands are the field's: torchaudio's HTK filters, where torchaudio imports."""
    try:
        from torchaudio.transforms import MelSpectrogram
    except (ImportError, OSError) as error:
        pytest.skip(f"torchaudio does not import here ({error})")
    config = frontends.log_mel()
    signal = hard_signals(9, 16000)[8]
    transform = MelSpectrogram(
        16000, 512, 480, 160, 0.0, 4000.0, n_mels=40, center=False, power=2.0, norm=None, mel_scale="htk"
    )
    # torchaudio centres its window in the 512 points and so begins 16 samples earlier
    padded = torch.from_numpy(np.pad(signal, 16) / 32768).float()
    theirs = 10 * torch.log10(transform(padded) + 1e-12).numpy().T * 2.28 + 146
    ours = reference.float_log_mel(reference.split_frames(signal, config), config) - 0.5
    assert np.abs(theirs[: len(ours)] - ours)[ours > 5].max() < 0.5


def test_level_of_a_tone_is_where_the_scale_says():
    t = np.arange(480) / 16000
    tone = np.round(16384 * np.sin(2 * np.pi * 1000 * t)).astype(np.int16)
    levels = reference.log_mel(tone[None], frontends.log_mel())[0]
    exact = reference.float_log_mel(tone[None], frontends.log_mel())[0]
    assert levels.argmax() == exact.argmax()
    half = np.round(8192 * np.sin(2 * np.pi * 1000 * t)).astype(np.int16)
    softer = reference.log_mel(half[None], frontends.log_mel())[0]
    assert abs(int(levels.max()) - int(softer.max()) - 2.28 * 6.02) <= 1


@pytest.mark.parametrize("config", [frontends.log_mel(), MFCC], ids=["log-mel", "mfcc"])
def test_core_computes_the_specification(config):
    signals = hard_signals(60, 8000)
    found = FrontEndEngine(config).clips(signals)
    for x, y in zip(signals, found, strict=True):
        assert np.array_equal(y, specified(x, config))


@given(st.integers(0, 10**6))
def test_core_computes_the_specification_for_any_parameters(seed):
    rng = np.random.default_rng(seed)
    config = random_frontend(rng, frames=10, width=int(rng.integers(2, 30)))
    signals = hard_signals(10, 2000, seed)
    found = FrontEndEngine(config).clips(signals)
    for x, y in zip(signals, found, strict=True):
        assert np.array_equal(y, specified(x, config))


@given(st.lists(st.integers(0, 2000), min_size=1, max_size=12))
def test_blocks_of_any_size_make_the_same_stream(sizes):
    signal = hard_signals(9, sum(sizes) + 1)[8][: sum(sizes)]
    engine = FrontEndEngine(MFCC)
    blocks = [engine.push(b) for b in np.split(signal, np.cumsum(sizes)[:-1])]
    assert np.array_equal(np.concatenate(blocks), specified(signal, MFCC))


def test_nothing_is_looked_ahead():
    signal = hard_signals(9, 4000)[8]
    whole = FrontEndEngine(MFCC).push(signal)
    for end in (479, 480, 639, 640, 3999):
        part = FrontEndEngine(MFCC).push(signal[:end])
        assert len(part) == max(0, (end - 480) // 160 + 1)
        assert np.array_equal(part, whole[: len(part)])


def test_reset_begins_a_new_stream():
    signal = hard_signals(9, 4000)[8]
    engine = FrontEndEngine(MFCC)
    first = engine.push(signal)
    engine.reset()
    assert np.array_equal(engine.push(signal), first)


@given(st.integers(0, 8), st.integers(0, 10**6))
def test_capture_in_c_is_the_specification(shift, seed):
    rng = np.random.default_rng(seed)
    slots = (rng.integers(-(2**31), 2**31, 400) >> int(rng.integers(0, 20))) + int(rng.integers(-(2**30), 2**30))
    slots = np.clip(slots, -(2**31), 2**31 - 1).astype(np.int32)
    assert np.array_equal(capture(slots, shift), reference.capture(slots, shift)[0])


def test_capture_removes_the_offset_and_amplifies():
    t = np.arange(16000)
    slots = ((0.05 + 0.001 * np.sin(2 * np.pi * 440 * t / 16000)) * 2**31).astype(np.int32)
    plain, loud = capture(slots, 0), capture(slots, 5)
    assert abs(int(plain[8000:].astype(int).mean())) <= 1 and abs(int(loud[8000:].astype(int).mean())) <= 2
    assert abs(np.abs(loud[8000:]).max() - 0.001 * 32768 * 32) < 20
    assert np.abs(loud[:10]).max() < 40 * 32  # the first slot is the estimate: no thump at the start


def test_capture_saturates():
    slots = np.array([0] * 100 + [2**31 - 1] * 3 + [-(2**31)] * 3, np.int32)
    found = capture(slots, 8)
    assert found[100] == 32767 and found[103] == -32768


def test_capture_in_blocks_keeps_its_state():
    slots = (hard_signals(9, 1000)[8].astype(np.int32) << 14) + (1 << 28)
    whole, _ = reference.capture(slots, 3)
    first, state = reference.capture(slots[:333], 3)
    second, _ = reference.capture(slots[333:], 3, state)
    assert np.array_equal(np.concatenate([first, second]), whole)
