"""A model as C source: a program without MicroPython hears with it what the host hears."""

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.stack import SOURCES
from host import compile as compiler
from host.compiler.build import c_source
from host.compiler.plan import planned
from host.data.audio import to_int16
from host.data.languages import ENGLISH
from host.data.speech import TESTING_VOICES, random_speaker, synthesizer
from host.engines.native import FrontEndEngine, ModelError, NativeListener, NativeModel
from host.format import source
from host.format.file import read, write
from host.format.program import Listening
from tests.conftest import ROOT, sentence
from tests.robots import BITS

ROBOT = ROOT / "models" / "robot.bin"
FLAGS = [
    "-std=c99",
    "-O2",
    "-Wall",
    "-Wextra",
    "-Wconversion",
    "-Wshadow",
    "-Wstrict-prototypes",
    "-pedantic",
    "-Werror",
]


@pytest.fixture(scope="module")
def sound() -> np.ndarray:
    """int16, 8 s of words over weak noise, and a few samples more than whole frames."""
    rng = np.random.default_rng(0)
    x = rng.normal(0, 0.003, 8 * 16000 + 57)
    for i, word in enumerate(("stop", "yes", "left", "go")):
        said = synthesizer().say(word, random_speaker(rng, TESTING_VOICES, ENGLISH.accents))[:16000]
        x[4000 + 30000 * i :][: len(said)] += 0.5 * said
    return to_int16(x)


def built(folder: Path, bits: int) -> Path:
    paths = ["-I", ROOT / "native/core", "-I", folder, ROOT / "native/example/hear.c", folder / "model.c", *SOURCES]
    subprocess.run(["gcc", f"-m{bits}", *FLAGS, *paths, "-o", folder / "hear"], check=True)
    return folder / "hear"


def heard(program: Path, sound: np.ndarray) -> list[tuple[int, str, int]]:
    """(ms, label, probability) of each line."""
    done = subprocess.run([program], input=sound.astype("<i2").tobytes(), capture_output=True, check=True)
    lines = [re.fullmatch(r" *(\d+) ms  (\S+) +(\d+) of 65535", line) for line in done.stdout.decode().splitlines()]
    return [(int(line[1]), line[2], int(line[3])) for line in lines]


def expected(file: bytes, sound: np.ndarray) -> list[tuple[int, str, int]]:
    """The same from the host's engine, each window by itself."""
    program, _ = read(file)
    c = program.frontend
    features = FrontEndEngine(c).push(sound)
    ends = range(c.frames, len(features) + 1, program.hop)
    windows = np.stack([features[end - c.frames : end] for end in ends])
    found = NativeModel(file, c.frames, c.width, len(program.labels)).run(windows)
    leaders = [(program.labels[p.argmax()], int(p.max())) for p in found]
    return [(((end - 1) * c.hop + c.frame) // 16, *leader) for end, leader in zip(ends, leaders, strict=True)]


@pytest.mark.parametrize("bits", BITS)
def test_the_example_hears_what_the_host_hears(bits, sound, tmp_path):
    model = tmp_path / "model.bin"
    assert compiler.main([str(ROBOT), "-o", str(model), "--emit", "c"]) == 0
    found = heard(built(tmp_path, bits), sound)
    assert found == expected(model.read_bytes(), sound)
    hop = read(model.read_bytes())[0].listening.hop
    assert len(found) == 1 + 7000 // hop and len({label for _, label, _ in found}) > 2


def test_a_model_that_takes_whole_windows_is_heard_too(sound, tmp_path):
    """Windows 30 ms apart are no multiple of the network's strides."""
    program, _ = read((ROOT / "models" / "tinyspeech-z4.bin").read_bytes())
    program = replace(program, listening=Listening(hop=30))
    file = write(program, planned(program, "small"))
    with pytest.raises(ModelError, match="HOP"):
        NativeListener(NativeModel(file), program.hop)
    (tmp_path / "model.bin").write_bytes(file)
    for suffix, text in c_source("model", file).items():
        (tmp_path / f"model{suffix}").write_text(text)
    assert "_LISTENER_BYTES 0 " in (tmp_path / "model.h").read_text()
    assert heard(built(tmp_path, 64), sound[:32000]) == expected(file, sound[:32000])


def test_the_source_is_the_file_and_its_memory(tmp_path):
    path = tmp_path / "my-2 words.bin"
    assert compiler.main([str(ROBOT), "-o", str(path), "--plan", "small", "--emit", "c"]) == 0
    file, text = path.read_bytes(), path.with_suffix(".c").read_text()
    assert bytes(int(byte, 16) for byte in re.findall(r"0x(\w\w),", text)) == file
    assert "const uint8_t my_2_words_bin[MY_2_WORDS_BIN_BYTES] __attribute__((aligned(4)))" in text
    defines = dict(re.findall(r"#define MY_2_WORDS_(\w+) (\d+) ", path.with_suffix(".h").read_text()))
    memory, (program, _) = NativeModel(file).memory, read(file)
    assert {name: int(n) for name, n in defines.items()} == {
        "BIN_BYTES": len(file),
        "MEMORY_BYTES": memory["tables"] + memory["arena"],
        "STREAM_BYTES": memory["stream"],
        "LISTENER_BYTES": NativeListener(NativeModel(file), program.hop).memory,
        "HOP": program.hop,
        "LABELS": len(program.labels),
    }


@pytest.mark.parametrize(
    "stem, name", [("model", "model"), ("robot-fr", "robot_fr"), ("2Words", "_2words"), ("é", "_")]
)
def test_names_are_c_identifiers(stem, name):
    assert source.identifier(stem) == name


def test_a_label_cannot_leave_the_comment():
    program, _ = read(ROBOT.read_bytes())
    program = replace(program, labels=("*/ #error", "a\nb", *program.labels[2:]))
    text = source.header("model", b"", program, {"tables": 0, "arena": 0, "stream": 0}, 0)
    assert "0  ?? ?error\n" in text and "1  a?b\n" in text


def test_only_what_it_wrote_is_replaced(tmp_path, capsys):
    (tmp_path / "model.h").write_text("mine")
    said = sentence(capsys, compiler.main, ROBOT, "-o", tmp_path / "model.bin", "--emit", "c")
    assert "model.h is there and is no C source of a model" in said
    assert (tmp_path / "model.h").read_text() == "mine"
    (tmp_path / "broken.bin").write_bytes(ROBOT.read_bytes()[:-1])
    assert "TRUNCATED" in sentence(capsys, compiler.main, tmp_path / "broken.bin", "-o", tmp_path / "x.bin")
    with pytest.raises(SystemExit):
        compiler.main([str(ROBOT)])
    assert "name the output with -o" in capsys.readouterr().err
