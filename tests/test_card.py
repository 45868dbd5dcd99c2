"""Cards: what they say, of which run, and that they replace nothing by half."""

import json
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch

from host import card, train
from host.base.errors import DataError
from host.base.text import percent
from host.cards import ship
from host.cards.text import blob, licence, report
from host.data.dataset import NOISE_FOLDER
from host.data.speech_commands import HELD_OUT
from host.engines.native import FrontEndEngine
from host.evaluation.clips import read_clips
from host.evaluation.model import Model
from host.evaluation.result import judge, judge_float
from host.training.config import load_config
from host.training.run import load_network
from tests.conftest import MODEL, sentence

TWELVE = MODEL.with_name("small.bin")


def test_a_card_says_what_is_known(run, spoken, tmp_path, capsys):
    out = tmp_path / "my cards"
    arguments = [str(run), "--data", str(spoken), "--output", str(out)]
    assert card.main([*arguments, "--name", "robot"]) == 0
    assert {p.name for p in out.iterdir()} == {"robot.bin", "robot.png", "robot.md"}
    text = (out / "robot.md").read_text()
    assert text.startswith("# robot\n") and "](robot.png)" in text
    assert "Speech Commands" not in text and "`my words.npz`, whose licence was not stated" in text
    assert "--data 'my words.npz' --classes 10 --recipe default --epochs 2 --seed 0`" in text
    assert "one core" not in text and f"host.evaluate '{out}/robot.bin'" in text
    assert (out / "robot.bin").read_bytes() == (run / "model.bin").read_bytes()
    assert card.main([*arguments, "--licence", "speech-commands"]) == 0
    assert "Speech Commands v0.02" in (out / "dsnet-24.md").read_text()
    assert card.main([*arguments, "--licence", "Our own voices."]) == 0
    assert "\n\nOur own voices.\n\n" in (out / "dsnet-24.md").read_text()


def test_a_card_of_synthesized_speech_says_whose_noise_is_in_it(run):
    config = replace(load_config(run), data=("synthetic",), noise=None)
    assert "eSpeak NG" in licence(config, None) and "noise" not in licence(config, None)
    assert "`my noise`" in licence(replace(config, noise="/a/my noise"), None)


def test_a_card_replaces_no_model_of_other_words_and_nothing_by_half(run, spoken, tmp_path, capsys, monkeypatch):
    shutil.copy(run / "model.bin", tmp_path / "dsnet-24.bin")
    config = json.loads((run / "config.json").read_text())
    other = {**config, "labels": config["labels"][::-1]}
    arguments = [run, "--data", spoken, "--output", tmp_path]
    (run / "config.json").write_text(json.dumps(other))
    assert "--name" in sentence(capsys, card.main, *arguments)
    (run / "config.json").write_text(json.dumps(config))
    (tmp_path / "file").write_text("mine")
    assert str(tmp_path / "file") in sentence(capsys, card.main, run, "--data", spoken, "--output", tmp_path / "file")

    def fail(*_):
        raise DataError("no text")

    monkeypatch.setattr(ship, "card", fail)
    sentence(capsys, card.main, *arguments, "--name", "new")
    assert not list(tmp_path.glob("new*"))


@pytest.fixture(scope="session")
def another(typed, tmp_path_factory):
    """The run of `finished` with another seed."""
    folder = tmp_path_factory.mktemp("run") / "another"
    assert train.main([*typed, str(folder), "--seed", "1"]) == 0
    return folder


def test_float_is_the_same_network_without_rounding(run, spoken):
    config, network = load_network(run)
    clips = read_clips(spoken, Model.open(run / "model.bin").program, config.labels, quiet=True)
    before = {k: v.clone() for k, v in network.state_dict().items()}
    real = judge_float(network, clips)
    assert all(torch.equal(v, before[k]) for k, v in network.state_dict().items()) and network.quantized
    # what PyTorch alone makes of it: stem, depthwise and pointwise convolutions with batch norm and ReLU
    features = FrontEndEngine(config.frontend).clips(clips.windows)
    x = (torch.from_numpy(features).float() - config.frontend.zero)[:, None] / 32
    for layer in (network.stem, *(half for b in network.blocks for half in (b.depthwise, b.pointwise))):
        x = torch.relu(layer.norm(layer.conv(x)))
    logits = x.mean((2, 3)) @ network.classify.weight.T + network.classify.bias
    assert np.abs(real.probabilities - logits.detach().numpy()).max() < 1e-4
    int8 = judge(Model.open(run / "model.bin"), config.labels, clips)
    assert np.array_equal(int8.target, real.target) and not np.array_equal(int8.probabilities, real.probabilities)


def test_of_several_seeds_the_best_ships_and_all_are_listed(run, another, spoken, tmp_path, capsys):
    best = {
        f: json.loads((f / "metrics.jsonl").read_text().splitlines()[-1])["validation_accuracy"] for f in (run, another)
    }
    assert card.main([str(run), str(another), "--data", str(spoken), "--output", str(tmp_path)]) == 0
    text = (tmp_path / "dsnet-24.md").read_text()
    assert (
        re.search(r"^\| 0 \| .* % \| .* % \| .* % \| [+-]", text, re.M) and "\n| 1 |" in text and "\n| mean |" in text
    )
    shipped = max((run, another), key=best.get)
    assert (tmp_path / "dsnet-24.bin").read_bytes() == (shipped / "model.bin").read_bytes()
    assert f"of seed {[run, another].index(shipped)}, the best of 2" in text


def test_runs_that_are_no_siblings_have_no_common_card(run, another, typed, spoken, tmp_path, capsys):
    arguments = ["--data", spoken, "--output", tmp_path / "cards"]
    copy = shutil.copytree(run, tmp_path / "copy")
    assert "two of these runs have one seed" in sentence(capsys, card.main, run, copy, *arguments)
    assert train.main([*typed, str(tmp_path / "longer"), "--epochs", "3"]) == 0
    assert "more than its seed" in sentence(capsys, card.main, run, tmp_path / "longer", *arguments)
    config = json.loads((another / "config.json").read_text())
    config["design"]["options"]["width"] += 8  # of another search, the same name may be another design's
    wider = tmp_path / "wider"
    wider.mkdir()
    (wider / "config.json").write_text(json.dumps(config))
    assert "more than its seed" in sentence(capsys, card.main, run, wider, *arguments)
    assert not (tmp_path / "cards").exists()


def test_a_card_has_levels_and_where_it_can_noise(run, spoken, tmp_path, capsys):
    arguments = [str(run), "--data", str(spoken), "--output", str(tmp_path)]
    assert card.main(arguments) == 0
    text = (tmp_path / "dsnet-24.md").read_text()
    assert "\n| gain -40 dB |" in text and "Noise was not measured." in text and "SNR" not in text
    assert "--noise" in sentence(capsys, card.main, *arguments, "--noise", tmp_path)
    folder = tmp_path / NOISE_FOLDER
    folder.mkdir()
    for name in HELD_OUT:
        soundfile.write(folder / f"{name}.wav", np.random.default_rng(0).standard_normal(20000) / 8, 16000)
    assert card.main([*arguments, "--noise", str(folder)]) == 0
    text = (tmp_path / "dsnet-24.md").read_text()
    assert "\n| noise, SNR 0 dB |" in text and "The noise is of exercise_bike and running_tap" in text


def test_a_card_says_what_chose_and_what_it_replaced(run, another, spoken, voices, noises, tmp_path, capsys):
    arguments = ["--data", str(spoken), "--output", str(tmp_path)]
    chosen = ["--validation", str(voices), "--validation-noise", str(noises)]
    assert card.main([str(run), *arguments, *chosen]) == 0
    text = (tmp_path / "dsnet-24.md").read_text()
    assert "## What chose" in text and "ahead" not in text and "\n| **mean** | " in text
    assert f"These are the validation clips of `{voices.name}`:\nyes 4, no 4, up 0" in text
    assert f"is of 4 recordings of `{noises.name}`" in text
    first = blob((tmp_path / "dsnet-24.bin").read_bytes())
    assert card.main([str(another), *arguments, *chosen]) == 0
    assert f"{first}, which it replaces" in capsys.readouterr().out
    text = (tmp_path / "dsnet-24.md").read_text()
    assert f"Against what it replaced, `{first}`" in text and f"all clips, `{first}` |" in text
    assert card.main([str(run), *arguments]) == 0  # nothing is claimed that was not measured
    text = (tmp_path / "dsnet-24.md").read_text()
    assert "no validation compared them" in text and "**mean**" not in text
    for half in (chosen[:2], chosen[2:]):
        with pytest.raises(SystemExit, match="2"):
            card.main([str(run), *arguments, *half])


def test_what_is_measured_of_a_shipped_file_is_written_again(run, another, spoken, voices, noises, tmp_path, capsys):
    arguments = ["--data", str(spoken), "--output", str(tmp_path)]
    chosen = ["--validation", str(voices), "--validation-noise", str(noises)]
    assert card.main([str(run), *arguments, *chosen, "--before", str(another / "model.bin")]) == 0
    page, model = tmp_path / "dsnet-24.md", tmp_path / "dsnet-24.bin"
    whole = page.read_text()
    page.write_text(whole.replace("| gain +10 dB |", "| gain? |").replace("# dsnet-24", "# mine"))
    assert card.main([str(model), *arguments, *chosen, "--before", str(another / "model.bin")]) == 0
    assert page.read_text() == whole.replace("# dsnet-24", "# mine")
    assert "hears other words" in sentence(capsys, card.main, model, *arguments, *chosen, "--before", TWELVE)
    page.write_text("no place")
    assert "put its two lines back" in sentence(capsys, card.main, model, *arguments, *chosen)
    assert page.read_text() == "no place"


@pytest.mark.parametrize(
    "name, data, known", [("small", "a", True), ("small", "synthetic", False), ("tinyspeech-z4", "a", False)]
)
def test_a_card_says_that_the_test_s_silence_was_known(name, data, known, spoken, tmp_path):
    model = Model.open(MODEL.with_name(f"{name}.bin"))
    labels = model.program.labels
    result = judge(model, labels, read_clips(spoken, model.program, labels, quiet=True))
    text = report(tmp_path / "a.bin", data, result, {"level": {}, "snr": {}})
    share = percent(result.figures()["without_silence"], 2)
    assert (f"training knew; of the clips without silence\n{share} are right." in text) == ("knew" in text) == known
