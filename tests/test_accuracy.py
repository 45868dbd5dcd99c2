"""The committed accuracies are of the models that are here, and the README shows them."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bench import accuracy
from host.base.text import percent
from host.cards.text import robustness
from host.compiler.plan import planned
from host.data.dataset import NOISE_FOLDER, SILENCE
from host.data.languages import FRENCH, LANGUAGES
from host.data.speech_commands import HELD_OUT
from host.evaluation.model import Model
from host.evaluation.validation import Source, mean
from host.format.file import write
from tests.conftest import MODEL, recorded, sentence


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
        found, card = committed[path.stem], path.with_suffix(".md").read_text()
        assert f"**{percent(found['accuracy'], 2)}** of" in card
        labels, chosen = Model.open(path).program.labels, found["validation"]
        lines = robustness(found["robustness"], labels) + robustness(chosen["robustness"], labels)
        lines.append(("**mean**", percent(mean(chosen), 2)))
        assert all("\n| " + " | ".join(line) + " |" in card for line in lines)
        assert SILENCE not in labels or "knew; of the clips" in card or found["tested_on"] == "synthetic-fr"


def test_what_ships_is_what_validation_prefers():
    for path in accuracy.models():
        assert "replaced all the same" not in path.with_suffix(".md").read_text()


def test_no_test_clip_and_no_noise_of_the_test_chose(committed):
    for found in committed.values():
        assert found["tested_on"] not in found["validation"]["on"] or found["tested_on"] in LANGUAGES
        assert found["validation"]["noise"] != NOISE_FOLDER


def test_a_model_is_tested_in_its_own_language(tmp_path):
    english = Model.open(MODEL)
    french = type("Known", (), {"program": type("Program", (), {"labels": FRENCH.words})})
    assert accuracy.heard(english, [tmp_path]) == [tmp_path]
    assert accuracy.heard(french, [tmp_path]) == [Path("synthetic-fr")]


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


def test_what_chooses_is_written_beside_what_is_tested(elsewhere, spoken, voices, noises):
    folder = elsewhere / NOISE_FOLDER
    for name in HELD_OUT:
        recorded(folder / f"{name}.wav", 0, 2)
    tested = ["--data", str(spoken), "--noise", str(folder)]
    chosen = ["--validation", str(voices), "--validation-noise", str(noises)]
    assert accuracy.main([*tested, *chosen]) == 0
    found, page = json.loads(accuracy.JSON.read_text()), accuracy.MARKDOWN.read_text()
    expected = Source.open([voices], noises).measure(Model.open(MODEL), quiet=True)
    assert found[MODEL.stem]["validation"] == expected and found[MODEL.stem]["clips"] == 30
    assert f"| {percent(mean(expected), 2)} |" in page and f"`{voices.name}`; noise: 4 of `{noises.name}`" in page
    assert percent(mean(expected), 2) not in accuracy.README.read_text()  # a report, of the test alone
    assert accuracy.main(tested) == accuracy.main(chosen) == 0  # each leaves the other's figures
    assert json.loads(accuracy.JSON.read_text()) == found and accuracy.MARKDOWN.read_text() == page
    for half in (chosen[:2], chosen[2:]):
        with pytest.raises(SystemExit, match="2"):
            accuracy.main([*tested, *half])


def test_another_plan_is_the_same_program():
    model = Model.open(MODEL)
    small = replace(model, file=write(model.program, planned(model.program, "small", 1)))
    one, other = accuracy.size(model), accuracy.size(small)
    assert one["sha256"] != other["sha256"] and one["program_sha256"] == other["program_sha256"]
    operators = [*model.program.operators]
    operators[0] = replace(operators[0], bias=operators[0].bias + 1)
    changed = replace(model, program=replace(model.program, operators=tuple(operators)))
    assert accuracy.size(changed)["program_sha256"] != one["program_sha256"]
