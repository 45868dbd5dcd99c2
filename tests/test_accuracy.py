"""The committed accuracies are of the models that are here, and the README shows them."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from bench import accuracy
from host.compiler.plan import planned
from host.data.dataset import NOISE_FOLDER
from host.data.languages import FRENCH
from host.data.speech_commands import HELD_OUT
from host.evaluate import percent
from host.evaluation import Model
from host.format.file import write
from tests.conftest import MODEL, sentence


@pytest.fixture(scope="module")
def committed() -> dict:
    return json.loads(accuracy.JSON.read_text())


def test_they_are_of_these_files(committed):
    """Sizes and memory too; `python -m bench.accuracy` brings those up to date."""
    assert list(committed) == [p.stem for p in accuracy.models()]
    for path in accuracy.models():
        facts = accuracy.size(Model.open(path))
        assert {k: committed[path.stem][k] for k in facts} == facts, path


def test_the_documents_show_them(committed):
    shown = accuracy.README.read_text()
    assert accuracy.BEGIN + accuracy.table(committed) + "\n" + accuracy.sets(committed) + accuracy.END in shown
    assert accuracy.MARKDOWN.read_text() == accuracy.text(committed)


def test_cards_and_accuracies_agree(committed):
    for path in accuracy.models():
        assert f"**{percent(committed[path.stem]['accuracy'], 2)}** of" in path.with_suffix(".md").read_text()


def test_a_model_is_tested_in_its_own_language(tmp_path):
    english = Model.open(MODEL)
    french = type("Known", (), {"program": type("Program", (), {"labels": FRENCH.words})})
    assert accuracy.test_set(english, tmp_path) == tmp_path
    assert str(accuracy.test_set(french, tmp_path)) == "synthetic-fr"


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A project of one model, whose README has a place for the table."""
    (tmp_path / "models").mkdir()
    shutil.copy(MODEL, tmp_path / "models")
    monkeypatch.setattr(accuracy, "ROOT", tmp_path)
    for name, file in (("JSON", "a.json"), ("MARKDOWN", "a.md"), ("README", "README.md")):
        monkeypatch.setattr(accuracy, name, tmp_path / file)
    accuracy.README.write_text(f"before\n{accuracy.BEGIN}old\n{accuracy.END}after\n")
    return tmp_path


def test_a_measurement_is_written_everywhere_and_kept(elsewhere, spoken, capsys):
    noise = elsewhere / NOISE_FOLDER
    noise.mkdir()
    for name in HELD_OUT:
        soundfile.write(noise / f"{name}.wav", np.random.default_rng(0).standard_normal(20000) / 8, 16000)
    assert "measure it" in sentence(capsys, accuracy.main)
    assert accuracy.main(["--data", str(spoken), "--noise", str(noise)]) == 0
    written = {p: p.read_text() for p in (accuracy.JSON, accuracy.MARKDOWN, accuracy.README)}
    (name, found), *others = json.loads(written[accuracy.JSON]).items()
    assert name == MODEL.stem and found["clips"] == 30 and not others
    shown = written[accuracy.README]
    assert shown.startswith("before\n") and shown.endswith("\nafter\n") and "old" not in shown
    assert f"{percent(found['accuracy'])} of 30" in shown and "](../models/" in written[accuracy.MARKDOWN]

    accuracy.JSON.write_text(json.dumps({name: found | {"file_bytes": 0, "sha256": "of another plan"}}))
    assert accuracy.main([]) == 0  # sizes alone, without recordings
    assert {p: p.read_text() for p in written} == written
    accuracy.JSON.write_text(json.dumps({name: found | {"program_sha256": "of another network"}}))
    assert "measure it" in sentence(capsys, accuracy.main)
    accuracy.README.write_text("no place")
    assert "put them back" in sentence(capsys, accuracy.main, "--data", spoken, "--noise", noise)
    assert json.loads(accuracy.JSON.read_text())[name]["program_sha256"] == "of another network"


def test_another_plan_is_the_same_program():
    model = Model.open(MODEL)
    small = replace(model, file=write(model.program, planned(model.program, "small", 1)))
    one, other = accuracy.size(model), accuracy.size(small)
    assert one["sha256"] != other["sha256"] and one["program_sha256"] == other["program_sha256"]
    operators = [*model.program.operators]
    operators[0] = replace(operators[0], bias=operators[0].bias + 1)
    changed = replace(model, program=replace(model.program, operators=tuple(operators)))
    assert accuracy.size(changed)["program_sha256"] != one["program_sha256"]
