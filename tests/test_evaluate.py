"""host.evaluate and host.inspect, as typed."""

import json
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from host.compiler.plan import plan
from host.data.dataset import class_labels
from host.engines.native import NativeModel
from host.evaluate import main as evaluate
from host.evaluation.model import ENGINES, classify
from host.format.file import read, write
from host.format.program import Program
from host.inspect import main as inspect
from tests.conftest import MODEL
from tests.programs import hard_signals, random_program


def printed(capsys, *arguments) -> dict:
    assert evaluate([*map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_prints_the_same(engine, spoken, capsys, tmp_path):
    found = printed(capsys, MODEL, "--data", spoken, "--engine", engine, "--picture", tmp_path / "c.png")
    native = printed(capsys, MODEL, "--data", spoken, "--picture", tmp_path / "c.png")
    assert found["confusion"] == native["confusion"] and found["engine"] == engine
    assert found["clips"] == 30 and 0 <= found["accuracy"] <= 1 and found["clips_per_second"] > 0
    assert found["accuracy"] == sum(row["right"] for row in found["per_class"].values()) / 30
    assert set(found["per_class"]) == set(read(MODEL.read_bytes())[0].labels)
    assert (tmp_path / "c.png").read_bytes()[:4] == b"\x89PNG"


def test_twelve_classes_count_other_words_as_unknown(spoken, capsys, tmp_path):
    twelve = next(p for p in map(random_program, range(500)) if len(p.labels) == 12)
    named = Program(twelve.frontend, twelve.operators, class_labels(12))
    path = tmp_path / "twelve.bin"
    path.write_bytes(write(named, plan(named)))
    found = printed(capsys, path, "--data", spoken, "--picture", tmp_path / "c.png")
    assert found["clips"] == 36 and found["missing"] == []
    assert found["per_class"]["_unknown_"]["clips"] == found["per_class"]["_silence_"]["clips"] == 3
    ten = printed(capsys, path, "--data", spoken, "--classes", "10", "--picture", tmp_path / "c.png")
    assert ten["clips"] == 30 and len(ten["per_class"]) == 10
    alone = printed(capsys, path, "--data", spoken, "--no-unknown", "--picture", tmp_path / "c.png")
    assert alone | {"clips_per_second": 0} == ten | {"clips_per_second": 0}


def test_a_class_without_recordings_is_said(spoken, capsys, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "yes").symlink_to(spoken / "yes")
    found = printed(capsys, MODEL, "--data", tmp_path / "data", "--picture", tmp_path / "c.png")
    assert found["clips"] == 3 and "no" in found["missing"] and found["per_class"]["no"]["accuracy"] is None
    assert evaluate([str(MODEL), "--data", str(tmp_path / "data"), "--picture", str(tmp_path / "c.png")]) == 0
    assert "no recordings of no, up" in capsys.readouterr().out


def broken(tmp_path, samples, rate=16000):
    folder = tmp_path / "data" / "yes"
    folder.mkdir(parents=True)
    soundfile.write(folder / "a.wav", samples, rate, subtype="PCM_16")
    return tmp_path / "data"


@pytest.mark.parametrize(
    "samples, rate, words",
    [(np.zeros(100), 8000, "8000 Hz"), (np.zeros((100, 2)), 16000, "2 channels"), (np.zeros(0), 16000, "empty")],
)
def test_recordings_that_do_not_fit_are_errors(samples, rate, words, tmp_path, capsys):
    assert evaluate([str(MODEL), "--data", str(broken(tmp_path, samples, rate))]) == 1
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("samples", [np.zeros(1), np.zeros(16000), np.ones(16000), -np.ones(50000)])
def test_short_silent_and_loud_recordings_have_results(samples, tmp_path, capsys):
    root = broken(tmp_path, samples)
    assert printed(capsys, MODEL, "--data", root, "--picture", tmp_path / "c.png")["clips"] == 1


def test_folders_and_files_that_do_not_fit_are_errors(tmp_path, spoken, capsys):
    for arguments, words in (
        ([MODEL, "--data", tmp_path / "nowhere"], "no such folder"),
        ([MODEL, "--data", tmp_path], "no <word>"),
        ([tmp_path / "no.bin", "--data", spoken], "No such file"),
    ):
        assert evaluate([str(a) for a in arguments]) == 1
        assert words in capsys.readouterr().err
    broken_model = tmp_path / "broken.bin"
    broken_model.write_bytes(MODEL.read_bytes()[:-5])
    assert evaluate([str(broken_model), "--data", str(spoken)]) == 1
    assert "header says" in capsys.readouterr().err


def test_executions_agree_on_hard_signals():
    """Silence, full scale, clicks, noise of all levels: every engine, the same probabilities."""
    file = MODEL.read_bytes()
    program, _ = read(file)
    windows = hard_signals(40, 15360)
    expected = classify(file, program, windows, "reference")
    assert np.array_equal(classify(file, program, windows, "native"), expected)
    assert np.array_equal(classify(file, program, windows, "micropython"), expected)


def test_inspect_prints_what_people_ask(capsys, tmp_path):
    assert inspect([str(MODEL)]) == 0
    out = capsys.readouterr().out
    for words in (
        "tinyspeech-z4",
        "yes, no, up",
        "960 ms",
        "2,823 weights",
        "verified by the C core",
        "GlobalAveragePool",
    ):
        assert words in out
    (tmp_path / "x.bin").write_bytes(b"TYMPnothing")
    assert inspect([str(tmp_path / "x.bin")]) == 1
    assert "error" in capsys.readouterr().err


@pytest.mark.parametrize("change", ["rate", "strip"])
def test_nothing_is_computed_from_a_file_that_the_core_refuses(change, capsys, tmp_path):
    program, chosen = read(MODEL.read_bytes())
    if change == "rate":
        program = replace(program, input=replace(program.frontend, rate=0, frame=65535, hop=65535))
    else:
        chosen = replace(chosen, strip=0)
    path = tmp_path / "x.bin"
    path.write_bytes(write(replace(program, name="x\nverified by\x1b[2J"), chosen))
    assert inspect([str(path)]) == 1
    said = capsys.readouterr().out
    assert "REFUSED" in said and "\nverified" not in said and "\x1b" not in said
    assert evaluate([str(path), "--data", str(tmp_path), "--engine", "reference"]) == 1
    assert f"error: {path}: " in capsys.readouterr().err


def test_features_of_another_shape_are_refused():
    model = NativeModel(MODEL.read_bytes(), 94, 12, 10)
    with pytest.raises(ValueError, match=r"the model takes \(94, 12\)"):
        model.run(np.zeros((1, 98, 12), np.uint8))
