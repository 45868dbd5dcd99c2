"""What chooses among models: validation clips and validation noise alone, and nothing that the test is made of."""

import json
from pathlib import Path

import numpy as np
import pytest

from host.base.errors import DataError
from host.cards.text import chosen_by
from host.data import audio, synthetic
from host.data.dataset import SILENCE, TESTING, VALIDATION, class_labels
from host.data.languages import FRENCH
from host.data.speech_commands import HELD_OUT
from host.evaluate import main as evaluate
from host.evaluation import robustness, validation
from host.evaluation.clips import read_clips
from host.evaluation.model import Model
from host.evaluation.validation import Source, read_noise
from tests.conftest import MODEL, recorded, sentence, speakers

TWELVE = MODEL.with_name("small.bin")


def test_only_validation_clips_are_measured(voices, noises):
    model = Model.open(TWELVE)
    source = Source.open([voices], noises)
    clips = source.clips(model, model.program.labels, quiet=True)
    spoken = [name for name in clips.names if not name.startswith(SILENCE)]
    assert spoken == [f"{w}/{n}" for w in ("bed", "no", "yes") for n in speakers(VALIDATION, 4)]
    found = source.measure(model, quiet=True)
    assert found["on"] == [voices.name] and found["noise"] == noises.name and found["recordings_of_noise"] == 4
    labels = class_labels(12)
    assert found["per_class"] == {w: 4 if w in ("yes", "no", *labels[10:]) else 0 for w in labels}
    assert found["clips"] == 16 and list(found["robustness"]["snr"]) == [str(db) for db in robustness.SNRS]
    rows = [row["accuracy"] for kind in found["robustness"].values() for row in kind.values()]
    assert validation.mean(found) == pytest.approx(sum(rows) / 10) and len(rows) == 10


def test_a_folder_s_own_lists_decide_where_it_has_them(voices, noises, tmp_path):
    recorded(tmp_path / "yes" / "a.wav", 0)
    (tmp_path / "yes" / speakers(VALIDATION, 1)[0]).write_bytes(b"training, by the lists")
    (tmp_path / "validation_list.txt").write_text("yes/a.wav\n")
    model = Model.open(MODEL)
    both = Source.open([tmp_path, voices], noises).clips(model, model.program.labels, quiet=True)
    assert both.names[0] == "yes/a.wav" and len(both.names) == len(both.windows) == len(both.target) == 9
    assert both.missing == list(class_labels(10)[2:])


def test_a_test_set_is_no_validation_set(noises, tmp_path):
    recorded(tmp_path / "yes" / speakers(TESTING, 1)[0], 0)
    model = Model.open(MODEL)
    with pytest.raises(DataError, match="no clip of validation"):
        Source.open([tmp_path], noises).clips(model, model.program.labels, quiet=True)


def test_the_test_s_noise_does_not_choose(noises, tmp_path):
    assert len(read_noise(noises)) == 4 and len(read_noise(noises / "rain")) == 2
    for name in HELD_OUT:
        recorded(tmp_path / f"{name}.wav", 0, 2)
    with pytest.raises(DataError, match="none of its 0 recordings to validation"):
        read_noise(tmp_path)
    with pytest.raises(DataError, match="no such folder"):
        read_noise(tmp_path / "nowhere")


def test_silence_is_cut_from_validation_noise_unless_it_is_there(voices, noises, tmp_path):
    model = Model.open(TWELVE)
    labels, recordings = model.program.labels, read_noise(noises)
    clips = Source.open([voices], noises).clips(model, labels, quiet=True)
    silent = clips.target == labels.index(SILENCE)
    assert silent.sum() == 4 and SILENCE not in clips.missing
    mixed_in = robustness.pieces(clips.names, recordings, clips.windows.shape[1])
    for window, other in zip(clips.windows[silent], mixed_in[silent], strict=True):
        assert any(bytes(window) in bytes(r) for r in recordings) and not np.array_equal(window, other)
    name = speakers(VALIDATION, 1)[0]
    recorded(tmp_path / SILENCE / name, 7)
    own = Source.open([voices, tmp_path], noises).clips(model, labels, quiet=True)
    (window,) = own.windows[own.target == labels.index(SILENCE)]
    assert np.array_equal(window, audio.centred(audio.read(tmp_path / SILENCE / name), len(window)))


def test_the_command_measures_validation(voices, noises, capsys, tmp_path):
    arguments = [str(TWELVE), "--data", str(voices), "--picture", str(tmp_path / "c.png")]
    chosen = ["--validation", "--noise", str(noises)]
    assert evaluate([*arguments, *chosen, "--robustness", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    expected = Source.open([voices], noises).measure(Model.open(TWELVE), quiet=True)
    assert {k: found[k] for k in ("clips", "accuracy", "robustness")} == {
        k: expected[k] for k in ("clips", "accuracy", "robustness")
    }
    assert "18 recordings" in sentence(capsys, evaluate, *arguments)  # all clips, as of a test set
    for wrong in (["--validation"], ["--data", str(voices), str(voices)], [*chosen, "--download"]):
        with pytest.raises(SystemExit, match="2"):
            evaluate([*arguments, *wrong])


def test_a_language_s_validation_clips_are_those_of_its_training(monkeypatch):
    said = []
    monkeypatch.setattr(
        synthetic, "_spoken", lambda what, jobs, workers, quiet: said.append(jobs) or np.zeros(len(jobs))
    )
    synthetic.make(0, 5, FRENCH)
    _, words = synthetic.validation_clips(FRENCH, 5)
    assert said[1] == [job for job in said[0] if job.split == VALIDATION] and len(said[1]) == len(words) == 14

    one = np.ones((1, 16000), np.int16), np.array(["oui"])
    monkeypatch.setattr(synthetic, "validation_clips", lambda language, quiet: one)
    program = Model.open(MODEL.with_name("robot-fr.bin")).program
    clips = read_clips(Path(FRENCH.source), program, program.labels, True, split=VALIDATION)
    assert clips.names == ["oui/0"] and clips.windows.all()


def figures(mean: float) -> dict:
    """A measurement whose tables have this mean."""
    row = {"accuracy": mean, "without_silence": mean, "words_alone": mean}
    tables = {"level": {str(db): row for db in robustness.LEVELS}, "snr": {str(db): row for db in robustness.SNRS}}
    counts = {"per_class": {"yes": 3}, "on": ["voices"], "noise": "noises", "recordings_of_noise": 4}
    return {"robustness": tables, **counts}


def test_what_chose_is_said_as_it_was():
    labels = class_labels(10)
    assert "ahead" not in (alone := chosen_by(labels, figures(0.9), {})) and "| **mean** | 90.00 % |" in alone
    assert "this file is ahead" in chosen_by(labels, figures(0.9), {"old": figures(0.8)})
    other = chosen_by(labels, figures(0.8), {"one": figures(0.7), "two": figures(0.9)})
    assert "`two` is ahead, and was replaced all the same" in other
    assert "| **mean** | 80.00 % | 70.00 % | 90.00 % |" in other and "all clips, `one` |" in other
    assert "no validation compared them" in chosen_by(labels, None, {"old": None})
    assert "replaced" not in chosen_by(labels, None, {})
