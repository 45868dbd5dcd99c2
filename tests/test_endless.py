"""The shipped models on streams of sound: the bits of each window by itself, in the C core and in MicroPython."""

import numpy as np
import pytest

from host.compiler.schedule import steps
from host.data import audio
from host.data.folder import word_folders
from host.engines.micropython import run_script
from host.engines.native import FrontEndEngine, ModelError, NativeListener, NativeModel
from host.format.file import read
from host.reference import specification
from tests.conftest import ROOT
from tests.robots import BITS

MODELS = sorted((ROOT / "models").glob("*.bin"))
SCRIPT = ROOT / "tests" / "micropython_stream.py"
GATE = 10  # leaves out a quarter of the windows of real sound
SHORT, WINDOWS = 320000, 10000
FEWER = 8  # times fewer windows of real sound for models that are not made for streams


@pytest.fixture(scope="module")
def noise() -> np.ndarray:
    """int16, 20 s of bursts of noise with silence between."""
    rng = np.random.default_rng(0)
    levels = 10 ** rng.uniform(0, 4, 40) * rng.integers(0, 2, 40)
    return (rng.standard_normal(SHORT) * np.repeat(levels, SHORT // 40)).clip(-32768, 32767).astype(np.int16)


@pytest.fixture(scope="module")
def real(recordings) -> np.ndarray:
    """int16, 47 minutes of words, each behind a pause with noise of some level or none."""
    rng = np.random.default_rng(0)
    folders = word_folders(recordings / "speech_commands_v2_test")
    files = rng.permutation([str(p) for folder in folders for p in sorted(folder.glob("*.wav"))])
    parts, samples = [], 0
    while samples < WINDOWS * 3200 * 1.4:
        pause = rng.standard_normal(int(rng.integers(1600, 24000))) * 10 ** rng.uniform(0, 3) * (rng.random() < 0.7)
        parts += [pause.astype(np.int16), audio.read(files[len(parts) // 2 % len(files)])]
        samples += len(parts[-1]) + len(parts[-2])
    return np.concatenate(parts)


@pytest.fixture(params=["noise", pytest.param("real", marks=pytest.mark.slow)])
def sound(request) -> np.ndarray:
    return request.getfixturevalue(request.param)


def heard_of(name: str, sound: np.ndarray) -> tuple[np.ndarray, int]:
    """What a model is to hear of the sound, and how many windows that is at least."""
    if len(sound) == SHORT:
        return sound, 30
    return (sound, WINDOWS) if name.startswith("robot") else (sound[: len(sound) // FEWER], WINDOWS // FEWER)


class Shipped:
    """A model and the windows of a stream, each run by itself."""

    def __init__(self, name: str, sound: np.ndarray):
        file = (ROOT / "models" / f"{name}.bin").read_bytes()
        self.program, _ = read(file)
        c = self.program.frontend
        self.native = NativeModel(file, c.frames, c.width, len(self.program.labels))
        self.features = FrontEndEngine(c).push(sound)
        self.ends = np.arange(c.frames, len(self.features) + 1, self.program.hop)

    def windows(self, ends: np.ndarray) -> np.ndarray:
        frames = self.program.frontend.frames
        return np.lib.stride_tricks.sliding_window_view(self.features, frames, 0).transpose(0, 2, 1)[ends - frames]

    def alone(self, ends: np.ndarray) -> np.ndarray:
        parts = np.array_split(ends, len(ends) // 500 + 1)
        return np.concatenate([self.native.run(self.windows(part)) for part in parts])


@pytest.mark.parametrize("name", [path.stem for path in MODELS])
def test_an_owner_may_set_another_hop(name):
    """Up to what windows have in common, any multiple of the strides is taken; the plan was made for 200 ms."""
    model = Shipped(name, np.zeros(16000, np.int16))
    taken = []
    for hop in range(1, 95):
        try:
            NativeListener(model.native, hop)
            taken.append(hop)
        except ModelError as error:
            assert error.reason == "HOP"
    stride = next(hop for hop in range(1, 95) if steps(model.program, hop))
    assert taken == list(range(stride, taken[-1] + 1, stride)) and taken[-1] >= model.program.hop


@pytest.mark.parametrize("name", [path.stem for path in MODELS])
def test_the_core_hears_a_stream_as_its_windows(name, sound):
    sound, least = heard_of(name, sound)
    model = Shipped(name, sound)
    assert len(model.ends) >= least
    alone = model.alone(model.ends)
    assert np.array_equal(NativeListener(model.native, model.program.hop).run(model.features, model.ends), alone)
    some = model.ends[::20]
    specified = [specification.run(model.program, model.windows(part))[-1] for part in np.array_split(some, len(some))]
    assert np.array_equal(np.concatenate(specified).reshape(len(some), -1), alone[::20])
    assert len(set(alone.argmax(1))) > 1  # it does not always hear the same


@pytest.mark.parametrize("name", [path.stem for path in MODELS])
@pytest.mark.parametrize("bits", BITS)
def test_micropython_hears_a_stream_as_its_windows(name, bits, sound, tmp_path):
    """Below the gate windows are left out; each that is run is what it is by itself."""
    sound, least = heard_of(name, sound)
    model = Shipped(name, sound)
    sound.astype("<i2").tofile(tmp_path / "sound")
    arguments = (ROOT / "models" / f"{name}.bin", tmp_path / "sound", model.program.hop, GATE, tmp_path / "found")
    run_script(SCRIPT, *map(str, arguments), bits=bits, timeout=3600)
    row = np.dtype([("end", "<u4"), ("probabilities", "<u2", len(model.program.labels))])
    found = np.fromfile(tmp_path / "found", row)
    assert least <= len(found) < len(model.ends)
    assert np.array_equal(found["probabilities"], model.alone(found["end"].astype(int)))
