"""The commands as typed: an owner's error is one sentence, the exit status is not 0, and nothing is lost."""

import argparse
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
import torch

from bench import frontend as bench_frontend
from host import card, demo, evaluate, inspect, simulate, train
from host import compile as compiler
from host.base import paths
from host.base.errors import DataError, Error
from host.base.files import write_whole
from host.cli.arguments import whole
from host.cli.guard import guard
from host.compiler.build import write_model
from host.data import synthetic
from host.data.dataset import SILENCE, UNKNOWN
from host.data.load import gather
from host.engines import micropython, native
from host.format.file import read
from host.models.design import Design
from host.models.dsnet import DSNet
from host.training import request
from host.training.config import RunConfig, RunError, load_config
from host.training.request import Request
from host.training.run import new_network
from tests.conftest import MODEL, ROOT, sentence


@pytest.mark.parametrize(
    "error, status, said",
    [
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "a.bin"), 1, "error: a.bin: No such file or dir"),
        (FileNotFoundError("x is not built; run 'make core'"), 1, "error: x is not built; run 'make core'"),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), 1, "error: Broken pipe"),
        (DataError("a sentence"), 1, "error: a sentence"),
        (RunError("a sentence"), 1, "error: a sentence"),
        (KeyboardInterrupt(), 130, "stopped\n"),
        (KeyboardInterrupt("go on"), 130, "stopped; go on\n"),
    ],
)
def test_errors_are_sentences(error, status, said, capsys):
    @guard
    def main(arguments=None) -> int:
        raise error

    assert main([]) == status
    assert capsys.readouterr().err.lstrip().startswith(said)


def test_a_bug_is_not_hidden():
    @guard
    def main() -> int:
        raise ValueError("of nobody's")

    with pytest.raises(ValueError):
        main()


@pytest.mark.parametrize(
    "main, arguments, words",
    [
        (train.main, ["--data", "x", "--seed", "-1"], "-1 is no whole number"),
        (train.main, ["--data", "x", "--seed", "99999999999999999999"], "of 0 to 2147483647"),
        (train.main, ["--data", "x", "--threads", "0"], "of 1 to"),
        (train.main, ["--data", "x", "--threads", "100000"], "of 1 to"),
        (train.main, ["--data", "x", "--epochs", "0"], "of 1 to"),
        (train.main, ["--data", "x", "--words", "go", "Stop"], "lower-case"),
        (train.main, ["--data", "x", "--words", "go", "_unknown_"], "'_unknown_' is no word"),
        (train.main, ["--data", "x", "--words", "come here"], "'come here' is no word"),
        (train.main, ["--data", "x", "--words", "go", "stop", "go"], "there twice"),
        (compiler.main, ["x", "--strip", "100000"], "of 1 to 255"),
        (compiler.main, ["x", "--checkpoint", "last.pt"], "unrecognized"),
        (demo.main, ["--seed", "-1"], "-1 is no whole number"),
        (evaluate.main, ["x", "--data", "x", "--picture", "x.txt"], "does not end in .png"),
        (evaluate.main, ["x", "--data", "x", "--picture", "model.bin"], "does not end in .png"),
        (evaluate.main, ["x", "--data", "x", "--classes", "12"], "choose from 10"),
        (simulate.main, ["x", "x", "--plot", "x"], "does not end in .png"),
        (simulate.main, ["x", "x", "--obstacle", "0-1e400"], "expected FROM-TO"),
        (card.main, ["x", "--data", "x", "--name", "../x"], "not a path"),
    ],
)
def test_arguments_that_cannot_be_are_refused(main, arguments, words, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2 and words in capsys.readouterr().err


def full_disk(monkeypatch) -> None:
    write_bytes = Path.write_bytes

    def fail(path, data):
        write_bytes(path, bytes(data)[:10])
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(Path, "write_bytes", fail)


def test_a_full_disk_leaves_what_was_there(run, typed, monkeypatch, capsys, tmp_path):
    before = {p.name: p.read_bytes() for p in run.iterdir()}
    full_disk(monkeypatch)
    with pytest.raises(OSError):
        write_whole(run / "best.pt", b"new" * 100)
    assert "No space left" in sentence(capsys, compiler.main, run)
    assert {p.name: p.read_bytes() for p in run.iterdir()} == before
    assert "config.json" in sentence(capsys, train.main, *typed, tmp_path / "new")
    assert not list((tmp_path / "new").iterdir())


def test_only_a_model_is_replaced_by_a_model(run, tmp_path, capsys):
    (tmp_path / "mine.bin").write_bytes(MODEL.read_bytes())
    assert compiler.main([str(run), "-o", str(tmp_path / "mine.bin")]) == 0
    best = (run / "best.pt").read_bytes()
    assert "is no model" in sentence(capsys, compiler.main, run, "-o", run / "best.pt")
    assert "is no model" in sentence(capsys, compiler.main, run, "-o", tmp_path)
    assert (run / "best.pt").read_bytes() == best
    with pytest.raises(Error, match="is no model"):
        write_model(Path(os.devnull), b"TYMP")
    (run / "model.bin").write_bytes(b"damaged")
    assert compiler.main([str(run)]) == 0  # the run's own


@pytest.mark.parametrize(
    "name, damage",
    [
        *(("config.json", d) for d in (b"", b"{", b"[]", b"{}", b"null", b"\x80\xff", "unknown key", "network foo")),
        *((p, d) for p in ("last.pt", "best.pt") for d in (b"", b"hello", "half", "another net", "swapped")),
    ],
)
def test_a_damaged_run_is_named(name, damage, run, typed, capsys, spoken):
    path = run / name
    data, config = path.read_bytes(), json.loads((run / "config.json").read_text())
    match damage:
        case "unknown key":
            path.write_text(json.dumps({**config, "extra": 1}))
        case "network foo":
            path.write_text(json.dumps({**config, "design": {**config["design"], "network": "foo"}}))
        case "half":
            path.write_bytes(data[: len(data) // 2])
        case "another net":
            state = torch.load(path, weights_only=True)
            torch.save({**state, "network": {"x": torch.zeros(1)}, "history": [], "epoch": 1}, path)
        case "swapped":
            shutil.copy(run / ("best.pt" if name == "last.pt" else "last.pt"), path)
        case _:
            path.write_bytes(damage)
    if name != "best.pt":
        assert f"{path} is damaged" in sentence(capsys, train.main, *typed, run, "--resume")
    if name != "last.pt":
        assert f"{path} is damaged" in sentence(capsys, compiler.main, run)
    assert f"{path} is damaged" in sentence(capsys, card.main, run, "--data", spoken, "--output", run / "cards")
    assert not (run / "cards").exists()


@pytest.mark.parametrize("name", ["config.json", "last.pt", "best.pt"])
def test_a_missing_file_of_a_run_is_named(name, run, typed, capsys):
    (run / name).unlink()
    main = (compiler.main, run) if name == "best.pt" else (train.main, *typed, run, "--resume")
    assert f"no {name}" in sentence(capsys, *main)


def test_a_run_in_floating_point_is_not_compiled(run, capsys):
    config = load_config(run)
    network = new_network(config)
    torch.save({"network": network.state_dict(), "epoch": 1}, run / "best.pt")
    before = (run / "model.bin").read_bytes()
    assert "floating point" in sentence(capsys, compiler.main, run)
    assert (run / "model.bin").read_bytes() == before


@pytest.mark.parametrize("name", ["best.pt", "last.pt", "model.bin", "metrics.jsonl", "config.json"])
def test_training_replaces_nothing(name, typed, tmp_path, capsys):
    (tmp_path / name).write_text("mine")
    sentence(capsys, train.main, *typed, tmp_path)
    assert (tmp_path / name).read_text() == "mine" and len(list(tmp_path.iterdir())) == 1


def test_a_run_that_saved_no_epoch_begins_again(finished, typed, tmp_path, capsys):
    shutil.copy(finished / "config.json", tmp_path)
    assert train.main([*typed, str(tmp_path)]) == 0
    assert (tmp_path / "model.bin").read_bytes() == (finished / "model.bin").read_bytes()
    assert "--resume" in sentence(capsys, train.main, *typed, tmp_path)


def test_what_changed_is_named(run, typed, capsys):
    said = sentence(capsys, train.main, *typed, run, "--resume", "--epochs", "4", "--seed", "1")
    assert "seed (0, now 1), recipe's epochs (2, now 4)" in said and "labels" not in said


def test_a_slash_behind_the_data_changes_nothing(run):
    text = (run / "config.json").read_text()
    slashed = RunConfig.from_json(text.replace("my words.npz", "my words.npz/"))
    assert slashed == RunConfig.from_json(text)


def test_an_interrupted_training_says_how_to_go_on(finished, typed, tmp_path, monkeypatch, capsys):
    def interrupt(epoch, *_):
        raise KeyboardInterrupt

    with monkeypatch.context() as m:
        m.setattr("host.training.run._line", interrupt)
        assert train.main([*typed, str(tmp_path / "run")]) == 130
    said = capsys.readouterr().err
    assert "stopped" in said and "--resume" in said and "Traceback" not in said
    assert train.main([*typed, str(tmp_path / "run"), "--resume"]) == 0
    assert (tmp_path / "run" / "model.bin").read_bytes() == (finished / "model.bin").read_bytes()


def test_folders_that_cannot_be_written_are_errors(typed, tmp_path, capsys):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder" / "config.json").mkdir(parents=True)
    for out in ("file", "file/x", "folder"):
        assert str(tmp_path / out) in sentence(capsys, train.main, *typed, tmp_path / out)
    assert (tmp_path / "file").read_text() == "mine"


def test_runs_of_data_whose_names_differ_after_a_dot_differ(home, monkeypatch, typed):
    monkeypatch.setattr(request, "gather", lambda sources, *rest: gather([typed[-2]], *rest))
    for name in ("words_v0.01", "words_v0.02", "words_v0.03.npz"):
        assert train.main([*typed[:-2], name, "--epochs", "1"]) == 0
        assert Path(f"runs/dsnet-24-{name.removesuffix('.npz')}-10-default-0/model.bin").exists()


def test_a_run_lies_in_one_place_wherever_it_is_typed(home, typed, monkeypatch, capsys):
    (home / "elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    assert train.main(typed[:-1]) == 0
    run = home / "runs" / "dsnet-24-my words-10-default-0"
    assert (run / "model.bin").exists() and not list((home / "elsewhere").iterdir())
    assert f"; run in {run}\n" in capsys.readouterr().out
    monkeypatch.chdir(home)
    assert train.main([*typed[:-1], "--resume"]) == 0
    assert "; run in runs/dsnet-24-my words-10-default-0\n" in capsys.readouterr().out
    assert card.main([str(run), "--data", "nothing"]) == 1 and not (home / "models").exists()


def test_words_of_ones_own_are_trained_and_every_other_is_unknown(spoken, home, capsys):
    shutil.copytree(spoken, "my words")
    Path("my words/yes").rename("my words/demi-tour")
    line = ["--model", "dsnet-24", "--data", "my words", "--split", "random", "--epochs", "2", "--quiet"]
    assert train.main([*line, "--words", "demi-tour", "bed", "--out", "run"]) == 0
    labels = read(Path("run/model.bin").read_bytes())[0].labels
    assert labels == ("demi-tour", "bed", UNKNOWN, SILENCE)
    assert load_config(Path("run")).clips[UNKNOWN] == 21  # the nine other words, but for a tenth to each other split
    assert card.main(["run", "--data", "my words"]) == 0
    assert "--data 'my words' --words demi-tour bed --classes 12" in Path("models/dsnet-24.md").read_text()
    assert train.main(["--start", "run", *line[2:], "--out", "on"]) == 0  # knows its words
    assert read(Path("on/model.bin").read_bytes())[0].labels == labels
    assert "no training clips of banana" in sentence(capsys, train.main, *line, "--words", "bed", "banana")


def test_a_design_in_a_file_trains_and_ships_under_its_name(typed, spoken, home):
    design = Design(DSNet, 12, 94, {"width": 6, "kernels": (5, 3)})
    (home / "my design.json").write_text(json.dumps(design.to_dict()))
    assert train.main(["--design", "my design.json", *typed[2:-1]]) == 0
    run = Path("runs/my design-my words-10-default-0")
    assert load_config(run).design == design
    program, _ = read((run / "model.bin").read_bytes())
    assert program.name == "my design" and program.frontend.width == 12
    assert card.main([str(run), "--data", str(spoken)]) == 0
    text = Path("models/my design.md").read_text()
    assert f"`{json.dumps(design.to_dict())}`" in text and "host.train --design 'my design.json' --data" in text


def stop(*_, **__):
    raise RunError("enough")


def test_the_demo_removes_nothing_but_its_own(run, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(demo, "RUN", run)
    monkeypatch.setattr(demo, "fulfil", stop)
    monkeypatch.setattr(Request, "gather", lambda request: SimpleNamespace(findings=[]))
    before = sorted(run.iterdir())
    assert "move it away" in sentence(capsys, demo.main)
    config = json.loads((run / "config.json").read_text())
    config["recipe"]["name"] = "demo"
    (run / "config.json").write_text(json.dumps(config))
    with monkeypatch.context() as m:
        m.setattr(paths, "BUILD", tmp_path / "nothing")
        assert "make setup" in sentence(capsys, demo.main)
    assert sorted(run.iterdir()) == before
    assert sentence(capsys, demo.main) == "error: enough" and not run.exists()


def test_the_demo_leaves_what_its_last_line_names(run, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(demo, "RUN", tmp_path / "demo-run")
    monkeypatch.setattr(demo, "OUT", tmp_path / "out")
    monkeypatch.setattr(Request, "gather", lambda request: SimpleNamespace(findings=[]))
    monkeypatch.setattr(demo, "fulfil", lambda *_, **__: shutil.copytree(run, demo.RUN))
    monkeypatch.setattr(demo, "conversation", lambda seed: (np.arange(800, dtype=np.int16), []))
    monkeypatch.setattr(demo, "simulate", lambda model, samples: SimpleNamespace(problem="the robot is tired"))
    (tmp_path / "out").mkdir()
    assert demo.main([]) == 1 and "the robot is tired" in capsys.readouterr().out
    assert (tmp_path / "out" / "model.bin").read_bytes() == (run / "model.bin").read_bytes()
    samples, rate = soundfile.read(tmp_path / "out" / "conversation.wav", dtype="int16")
    assert rate == 16000 and samples.tolist() == list(range(800))


def test_a_core_that_is_not_built_is_a_sentence(monkeypatch, tmp_path, capsys):
    noise = []
    monkeypatch.setattr(sys, "unraisablehook", noise.append)
    monkeypatch.setattr(native, "LIBRARY", tmp_path / "none.so")
    for damaged in (False, True):
        if damaged:
            (tmp_path / "none.so").write_bytes(b"hello")
        assert inspect.main([str(MODEL)]) == 1
        assert "not verified: " in capsys.readouterr().out
        with pytest.raises(OSError):
            native.FrontEndEngine(None)
    assert noise == []


def test_errors_of_a_model_name_its_file(tmp_path, spoken, capsys):
    path = tmp_path / "x.bin"
    path.write_bytes(MODEL.read_bytes()[:-5])
    wav = next(spoken.glob("yes/*.wav"))
    for main, arguments in ((evaluate.main, ["--data", spoken]), (inspect.main, []), (simulate.main, [wav])):
        assert f"error: {path}: the header says" in sentence(capsys, main, path, *arguments)
    blocked = path / "c.png"
    assert str(path) in sentence(capsys, evaluate.main, MODEL, "--data", spoken, "--picture", blocked)


def test_a_script_that_fails_in_micropython_is_one_line(tmp_path):
    script = tmp_path / "x.py"
    script.write_text("1 / 0")
    with pytest.raises(micropython.MicroPythonError, match=r"^MicroPython: ZeroDivisionError[^\n]*$"):
        micropython.run_script(script)


def test_the_bench_explains_itself(capsys, tmp_path):
    with pytest.raises(SystemExit) as stop:
        bench_frontend.main(["--help"])
    assert stop.value.code == 0
    assert "no such folder" in sentence(capsys, bench_frontend.main, tmp_path / "nowhere")


def test_the_fetching_script_explains_itself():
    done = subprocess.run(["bash", ROOT / "tools" / "fetch_micropython.sh"], capture_output=True, text=True)
    assert done.returncode and "name the folder" in done.stderr


def deaf(jobs) -> np.ndarray:
    return np.array([signal.getsignal(signal.SIGINT) == signal.SIG_IGN])


def test_ctrl_c_ends_a_synthesis_once_not_in_each_of_its_processes(monkeypatch):
    monkeypatch.setattr(synthetic, "_levels", deaf)
    assert synthetic.make(0, 5, quiet=True)[0].all()


def test_a_whole_number_is_taken_up_to_its_limits():
    assert [whole(2, 4)(text) for text in ("2", "4")] == [2, 4]
    for text in ("1", "5", "3.0", "three"):
        with pytest.raises(argparse.ArgumentTypeError, match="whole number of 2 to 4"):
            whole(2, 4)(text)
