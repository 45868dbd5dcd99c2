"""Zero differences: features, every intermediate value and probabilities, in every execution, on the shipped model."""

import platform
import zlib
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from host.data import audio
from host.data.folder import word_folders
from host.engines import micropython, pytorch
from host.engines.native import FrontEndEngine, NativeModel
from host.evaluation.model import reference_features, window_samples
from host.format.file import read
from host.format.program import Program
from host.reference import specification
from tests.conftest import MODEL
from tests.programs import hard_signals, kinds

FILE = MODEL.read_bytes()
BATCH = 200


@dataclass(frozen=True)
class Expected:
    """What the specification computes from windows: CRC-32s as the robot takes them need the bytes in clip order."""

    program: Program
    windows: np.ndarray
    features: np.ndarray
    values: list[np.ndarray]  # uint8 (logits int16, probabilities uint16), operator by operator

    def crcs(self) -> list[int]:
        return [zlib.crc32(self.features.tobytes()), *(zlib.crc32(v.tobytes()) for v in self.values)]


def specify(windows: np.ndarray) -> Expected:
    program, _ = read(FILE)
    types = kinds(program)
    features, values = [], []
    for i in range(0, len(windows), BATCH):
        features.append(reference_features(program, windows[i : i + BATCH]))
        found = specification.run(program, features[-1])[1:]
        values.append([v.astype(t) for v, t in zip(found, types, strict=True)])
    joined = [np.concatenate(parts) for parts in zip(*values, strict=True)]
    return Expected(program, windows, np.concatenate(features), joined)


@pytest.fixture(scope="module")
def random_inputs() -> Expected:
    return specify(hard_signals(60, window_samples(read(FILE)[0])))


@pytest.fixture(scope="module")
def real_clips(recordings) -> Expected:
    """1,100 clips of the canonical test set: every word, silence and other words among them."""
    program, _ = read(FILE)
    files = [p for folder in word_folders(recordings / "speech_commands_v2_test") for p in sorted(folder.glob("*.wav"))]
    some = files[:: len(files) // 1100][:1100]
    return specify(np.stack([audio.centred(audio.read(p), window_samples(program)) for p in some]))


@pytest.fixture(params=["random_inputs", pytest.param("real_clips", marks=pytest.mark.slow)])
def expected(request) -> Expected:
    return request.getfixturevalue(request.param)


def test_the_core_called_from_python(expected):
    program = expected.program
    c = program.frontend
    assert np.array_equal(FrontEndEngine(c).clips(expected.windows), expected.features)
    model = NativeModel(FILE, c.frames, c.width, len(program.labels))
    shapes, types = program.shapes()[1:], kinds(program)
    for i in range(len(expected.windows)):
        for found, wanted in zip(model.trace(expected.features[i], shapes, types), expected.values, strict=True):
            assert np.array_equal(found, wanted[i])
    assert np.array_equal(model.run(expected.features), expected.values[-1].reshape(len(expected.windows), -1))


def test_pytorch_in_evaluation(expected):
    for i in range(0, len(expected.windows), BATCH):
        found = pytorch.run(expected.program, torch.from_numpy(expected.features[i : i + BATCH]))[1:]
        for a, b in zip(found, expected.values, strict=True):
            assert np.array_equal(a.permute(0, 2, 3, 1).numpy(), b[i : i + BATCH])


@pytest.mark.parametrize(
    "bits",
    [64, pytest.param(32, marks=pytest.mark.skipif(platform.machine() != "x86_64", reason="no 32-bit compiler"))],
)
def test_the_core_in_micropython(expected, bits):
    classes = len(expected.program.labels)
    probabilities, crcs = micropython.classify(FILE, expected.windows, classes, bits, trace=True)
    assert np.array_equal(probabilities, expected.values[-1].reshape(-1, classes))
    assert crcs.tolist() == expected.crcs()


@pytest.mark.slow
def test_the_shipped_accuracy_is_the_cards(recordings):
    """The figure that models/tinyspeech-z4.md gives for the canonical test set is what the C core reaches on it."""
    from host.evaluation.clips import read_clips
    from host.evaluation.model import Model
    from host.evaluation.result import judge

    model = Model.open(MODEL)
    labels = model.program.labels
    result = judge(model, labels, read_clips(recordings / "speech_commands_v2_test", model.program, labels, quiet=True))
    assert result.clips == 4074
    card = MODEL.with_suffix(".md").read_text()
    assert f"{100 * result.accuracy:.2f} %" in card
    assert result.accuracy >= 0.80
