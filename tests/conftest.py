"""What the tests share: real recordings where they are there, small random programs, a folder of synthesized words."""

import multiprocessing
import os
import shutil
import signal
from itertools import count, islice
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import settings

from host import train
from host.base import paths
from host.data import archive
from host.data.audio import to_int16
from host.data.dataset import TESTING, TRAINING, VALIDATION, Dataset, class_labels
from host.data.languages import ENGLISH
from host.data.load import gather
from host.data.speech import TESTING_VOICES, decibels, random_speaker, synthesizer
from host.data.speech_commands import HELD_OUT, hash_split

ROOT = Path(__file__).resolve().parents[1]
MODEL = ROOT / "models" / "tinyspeech-z4.bin"

settings.register_profile("tympan", deadline=None, derandomize=True)
settings.load_profile("tympan")
torch.set_num_threads(1)
# a job in the background ignores Ctrl-C, and so would every program that a test starts and interrupts
if multiprocessing.parent_process() is None:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _cache(tmp_path_factory) -> None:
    """No test finds, or leaves, anything in the repository's cache."""
    paths.CACHE = tmp_path_factory.mktemp("cache")


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """An empty folder that commands are typed in and write to."""
    for name in ("RUNS", "CACHE", "MODELS"):
        monkeypatch.setattr(paths, name, tmp_path / name.lower())
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The folder of unpacked recordings, $TYMPAN_DATA."""
    given = os.environ.get("TYMPAN_DATA")
    if not given:
        pytest.skip("no recordings: set TYMPAN_DATA to their folder")
    return Path(given)


@pytest.fixture(scope="session")
def spoken(tmp_path_factory) -> Path:
    """A folder of one-second synthesized clips, three of each of the ten words, of "bed", and of silence."""
    from host.data.dataset import SILENCE, WORDS

    root = tmp_path_factory.mktemp("spoken")
    for word in (*WORDS, "bed", SILENCE):
        (root / word).mkdir()
        for i in range(3):
            rng = np.random.default_rng(i)
            x = rng.standard_normal(16000) * decibels(-50)
            if word != SILENCE:
                said = synthesizer().say(word, random_speaker(rng, TESTING_VOICES, ENGLISH.accents))[:12000] * 0.5
                x[2000 : 2000 + len(said)] += said
            soundfile.write(root / word / f"{i}.wav", to_int16(x), 16000, subtype="PCM_16")
    return root


def speakers(split: str, many: int) -> list[str]:
    """File names that the rule of Speech Commands gives a split."""
    return list(islice((n for n in (f"{i:08x}_nohash_0.wav" for i in count()) if hash_split(n) == split), many))


def recorded(path: Path, seed: int, seconds: float = 1) -> None:
    """A recording of white noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = np.random.default_rng(seed).standard_normal(int(16000 * seconds)) * 1000
    soundfile.write(path, samples.astype(np.int16), 16000, subtype="PCM_16")


@pytest.fixture(scope="session")
def voices(tmp_path_factory) -> Path:
    """Three words by four speakers of validation; what is of training or testing cannot be read."""
    root = tmp_path_factory.mktemp("voices")
    for w, word in enumerate(("yes", "no", "bed")):
        for i, name in enumerate(speakers(VALIDATION, 4)):
            recorded(root / word / name, 10 * w + i)
        for name in speakers(TRAINING, 3) + speakers(TESTING, 3):
            (root / word / name).write_bytes(b"not for choosing")
    return root


@pytest.fixture(scope="session")
def noises(tmp_path_factory) -> Path:
    """Two kinds of noise, two recordings of validation each; what may not choose cannot be read."""
    root = tmp_path_factory.mktemp("noises")
    for k, kind in enumerate(("rain", "fire")):
        for i, name in enumerate(speakers(VALIDATION, 2)):
            recorded(root / kind / name, 100 + 10 * k + i, 3)
        for name in (*speakers(TRAINING, 1), *(f"{held_out}.wav" for held_out in HELD_OUT)):
            (root / kind / name).write_bytes(b"not for choosing")
    return root


def load(*given, say=lambda finding: None, **options) -> Dataset:
    """One data set of all sources, as `gather` finds it; say: takes the findings."""
    gathered = gather(*given, **options)
    for finding in gathered.findings:
        say(finding)
    return gathered.dataset()


def sentence(capsys, main, *arguments, status: int = 1) -> str:
    """What a command that fails says: one line, whatever it warned of before."""
    capsys.readouterr()
    assert main([str(a) for a in arguments]) == status
    lines = capsys.readouterr().err.strip().splitlines()
    said = "\n".join(line for line in lines if not line.startswith("warning: "))
    assert said.startswith("error: ") and "\n" not in said and "Errno" not in said
    return said


def save_clips(path: Path, classes: int = 10, frames: int = 98) -> Path:
    words = np.repeat(np.array(class_labels(classes)), 4)
    levels = np.random.default_rng(0).integers(0, 256, (len(words), frames, 40), dtype=np.uint8)
    archive.save(path, X=levels, word=words, split=np.tile([TRAINING, TRAINING, TRAINING, VALIDATION], classes))
    return path


@pytest.fixture(scope="session")
def typed(tmp_path_factory) -> list[str]:
    """A training of one epoch, as typed but for its folder."""
    data = save_clips(tmp_path_factory.mktemp("data") / "my words.npz")
    return ["--model", "dsnet-24", "--classes", "10", "--epochs", "2", "--quiet", "--data", str(data), "--out"]


@pytest.fixture(scope="session")
def finished(typed, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("run") / "run"
    assert train.main([*typed, str(folder)]) == 0
    return folder


@pytest.fixture
def run(finished, tmp_path) -> Path:
    return shutil.copytree(finished, tmp_path / "run")


@pytest.fixture
def robot(tmp_path):
    """A simulated robot with the article's model; see tests/robots.py."""
    from tests.robots import Robot

    return Robot(tmp_path)
