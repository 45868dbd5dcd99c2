"""Commands where little can be taken for granted: the terminal, the folder, the disk, the script that words are in."""

import errno
import json
import os
import shutil
import subprocess
import sys
import unicodedata
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from host import evaluate, simulate, train
from host.base import paths
from host.base.text import is_word, normal, printable
from host.data import archive
from host.data.dataset import UNKNOWN, word_class
from host.evaluation.result import Result
from host.evaluation.robustness import pieces
from host.evaluation.tables import table
from host.format import source
from host.format.file import read
from host.pictures import confusion
from host.simulator import run as simulator
from host.training import run as training
from host.training.config import differences, load_config
from tests.conftest import MODEL, ROOT, sentence

# --- what is printed --------------------------------------------------------------------------------------------------

GUARDED = """
import sys
from host.cli.guard import guard

@guard
def main():
    {}

sys.exit(main())
"""


def command(body: str, stdout, **environment: str) -> tuple[int, str]:
    """The status and the complaints of a command whose output goes there."""
    done = subprocess.run(
        [sys.executable, "-c", GUARDED.format(body)], cwd=ROOT, stdout=stdout, stderr=subprocess.PIPE,
        env={**os.environ, **environment}, encoding="utf-8", timeout=60,
    )  # fmt: skip
    return done.returncode, done.stderr


BUFFERED = pytest.mark.parametrize("unbuffered", ["", "1"])


@BUFFERED
@pytest.mark.parametrize("body", ["print('much ' * 100000)", "print('little')", "print('little'); sys.exit(2)"])
def test_a_reader_that_has_seen_enough_ends_a_command_without_a_word(body, unbuffered):
    theirs, ours = os.pipe()
    os.close(theirs)
    assert command(body, ours, PYTHONUNBUFFERED=unbuffered) == (141, "")
    os.close(ours)


@BUFFERED
def test_output_that_finds_no_room_is_a_sentence(unbuffered):
    with open("/dev/full", "wb") as full:
        said = command("print('little')", full, PYTHONUNBUFFERED=unbuffered)
    assert said == (1, "error: No space left on device\n")


@pytest.mark.parametrize(
    "environment", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}]
)
def test_an_ascii_terminal_shows_what_it_can(environment, tmp_path):
    with open(tmp_path / "out", "w+b") as out:
        body = "print('45\\u00b0 \\u0930 \\udce9 end'); print('\\u00e9', file=sys.stderr)"
        assert command(body, out, **environment) == (0, "?\n")
    assert (tmp_path / "out").read_bytes() == b"45? ? ? end\n"


def test_a_command_without_an_output_runs():
    again = f"[sys.executable, '-c', {GUARDED.format('print(1)')!r}]"
    code = f"import os, sys; os.close(1); os.execv(sys.executable, {again})"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60).returncode == 0


def test_text_of_a_file_reaches_the_terminal_as_text():
    assert printable("go\x1b[2J\u202e\n") == "go�[2J��" and printable("a\tb\n", "\n\t") == "a\tb\n"
    assert printable("\u0915\u094d\u200d\u0930") == "\u0915\u094d\u200d\u0930"
    result = Result(("\x1b[2Jgo",), np.zeros(1, int), np.ones((1, 1)), 1.0, [])
    assert "\x1b" not in table(result) and "�[2Jgo" in table(result)


def test_what_a_simulated_robot_prints_reaches_the_terminal_as_text():
    class Program:
        stdout = None

    reading, writing = os.pipe()
    os.write(writing, b"\x1b]0;owned\x07\tfine\r\n@heard \x1bgo 65535 100\n")
    os.close(writing)
    Program.stdout = os.fdopen(reading, "rb")
    log, shown = simulator.Log(), []
    simulator._read(Program, log, shown.append)
    Program.stdout.close()
    assert list(log.text) == ["�]0;owned�\tfine"] and log.heard[0].word == "�go"


# --- what is written --------------------------------------------------------------------------------------------------


def test_figures_are_printed_where_no_picture_can_be_written(spoken, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(paths, "BUILD", tmp_path / "build")
    (tmp_path / "build").write_text("mine")
    line = [str(MODEL), "--data", str(spoken)]
    assert evaluate.main(line) == 0
    said = capsys.readouterr()
    assert "accuracy " in said.out and "confusion:" not in said.out
    assert said.err == "no picture: build/ cannot be written; name one with --picture\n"
    assert evaluate.main([*line, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["picture"] is None
    assert evaluate.main([*line, "--picture", "build/x.png"]) == 1
    said = capsys.readouterr()
    assert "accuracy " in said.out and said.err == "error: build: File exists\n"
    assert evaluate.main([*line, "--picture", "new/x.png"]) == 0 and Path("new/x.png").exists()
    assert capsys.readouterr().out.endswith("confusion: new/x.png\n")


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_simulation_is_told_where_its_picture_cannot_be_written(options, tmp_path, monkeypatch, capsys):
    from tests.test_simulator import simulation

    (tmp_path / "file").write_text("mine")
    monkeypatch.setattr(simulate, "_simulate", lambda args: simulation())
    typed = ["model.bin", "a.wav", *options, "--plot"]
    assert simulate.main([*typed, str(tmp_path / "file" / "x.png")]) == 1
    said = capsys.readouterr()
    assert ("heard" in said.out) and said.err == f"error: {tmp_path / 'file'}: File exists\n"
    assert simulate.main([*typed, str(tmp_path / "new" / "x.png")]) == 0
    assert (tmp_path / "new" / "x.png").read_bytes()[:4] == b"\x89PNG"
    assert ("picture: " in capsys.readouterr().out) != bool(options)


def test_a_disk_that_is_full_for_the_curves_has_the_model(run, typed, monkeypatch, capsys):
    def full(history):
        raise OSError(errno.ENOSPC, "No space left on device")

    model = (run / "model.bin").read_bytes()
    (run / "model.bin").unlink()
    monkeypatch.setattr(training.curves, "draw", full)
    assert "No space left" in sentence(capsys, train.main, *typed, run, "--resume")
    assert (run / "model.bin").read_bytes() == model


def test_a_file_that_cannot_be_written_goes_by_its_own_name(tmp_path, monkeypatch):
    def fail(path, data):
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(OSError) as failed:
        archive.save(tmp_path / "x.npz", a=np.zeros(1))
    assert failed.value.filename == str(tmp_path / "x.npz")
    archive.keep(tmp_path / "x.npz", a=np.zeros(1))  # a cache is not needed
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "name, goals, fits",
    [
        *((name, ["demo"], False) for name in ("my robot", "it's", "a$b", "a(b)", "a:b", "a#b", 'a"b')),
        ("my robot", [], False),
        ("my robot", ["clean"], True),
        ("Möbel-1_2.3,4+5=6@7~8", ["demo"], True),
    ],
)
def test_make_says_at_once_that_a_path_does_not_fit(name, goals, fits, tmp_path):
    folder = tmp_path / name
    folder.mkdir()
    shutil.copy(ROOT / "Makefile", folder)
    # as typed in a terminal, also where make runs this test
    by_hand = {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    done = subprocess.run(["make", "-n", *goals], cwd=folder, env=by_hand, capture_output=True, encoding="utf-8")
    said = done.stderr.splitlines()[0] if done.stderr else ""
    assert ("This folder's path has a space, a quote or the like" in said) != fits
    assert fits or (done.returncode and not done.stdout and said.endswith(f"move it: {folder}.  Stop."))


# --- a run's sources --------------------------------------------------------------------------------------------------


def test_a_longer_training_is_told_how_to_go_on(run, typed, capsys):
    said = sentence(capsys, train.main, *typed, run, "--resume", "--epochs", "4")
    assert "recipe's epochs (2, now 4)" in said
    assert said.endswith(f"; use another --out; to go on from its weights: --start {run} --out ANOTHER")


def test_a_run_with_other_words_is_not_to_be_started_from(run, typed, capsys, monkeypatch):
    monkeypatch.setattr(training, "differences", lambda old, new: ["labels"])
    assert sentence(capsys, train.main, *typed, run, "--resume").endswith("labels; use another --out")


def test_the_same_folder_by_another_path_is_the_same_data(run, typed, monkeypatch, tmp_path, capsys):
    data = Path(typed[-2])
    monkeypatch.chdir(data.parent)
    (tmp_path / "link").symlink_to(data.parent)
    before = (run / "model.bin").read_bytes()
    for path in (data.name, f"../{data.parent.name}/{data.name}", str(tmp_path / "link" / data.name)):
        (run / "model.bin").unlink()
        assert train.main([*typed[:-2], path, "--out", str(run), "--resume"]) == 0
        assert (run / "model.bin").read_bytes() == before
    monkeypatch.chdir(tmp_path)
    assert "configuration: data (" in sentence(
        capsys, train.main, *typed[:-2], shutil.copy(data, "x.npz"), "--out", run, "--resume"
    )


@pytest.mark.parametrize(
    "field, one, same, other",
    [
        ("data", ("a", "b"), ("./a", "c/../b"), ("b", "a")),
        ("data", ("a",), ("a/",), ("a", "a")),
        ("teachers", ("a",), (os.path.abspath("a"),), ()),
        ("start", "a", "./a", None),
        ("noise", "a", os.path.abspath("a"), "A"),
        ("model", "a", "a", "./a"),
    ],
)
def test_sources_are_compared_as_the_folders_that_they_are(field, one, same, other, finished):
    config = replace(load_config(finished), **{field: one})
    assert differences(config, replace(config, **{field: same})) == []
    for a, b in ((one, other), (other, one)):
        found = differences(replace(config, **{field: a}), replace(config, **{field: b}))
        assert len(found) == 1 and found[0].startswith(f"{field} (")


# --- words ------------------------------------------------------------------------------------------------------------

WORDS = [
    "go",
    "été",
    "demi-tour",
    "a_b",
    "3",
    "ruḥ",
    "अब",
    "रुको",
    "รูป",
    "стой",
    "停",
    "できる",
    "가다",
    "ක්\u200dරියා",
    "x̂",
]


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_word_of_any_script_is_one_word_in_either_form(word, form):
    assert train.word(unicodedata.normalize(form, word)) == unicodedata.normalize("NFC", word)


@pytest.mark.parametrize("label, folder", [("NFC", "NFD"), ("NFD", "NFC")])
def test_a_folder_is_a_label_in_either_form(label, folder):
    labels = (unicodedata.normalize(label, "été"), "go", UNKNOWN)
    assert [word_class(w, labels) for w in (unicodedata.normalize(folder, "été"), "go", "ete")] == [0, 1, 2]


def test_a_clip_meets_the_same_noise_whatever_form_its_folder_is_in():
    noise = [np.arange(5000, dtype=np.int16), -np.arange(5000, dtype=np.int16)]
    names = [unicodedata.normalize(form, "été/1.wav") for form in ("NFC", "NFD")]
    first, second = pieces(names, noise, 100)
    assert np.array_equal(first, second)


@pytest.mark.parametrize("escaped", ["été", "रुको"])
def test_a_name_that_python_could_not_decode_is_the_same_word(escaped):
    assert normal(escaped.encode().decode("ascii", "surrogateescape")) == escaped
    assert normal("caf\udce9") == "caf\udce9"  # Latin-1: no text, and no reason to fail


@pytest.mark.parametrize(
    "text", ["", "Go", "É", "come here", "_go", "-go", "go-", "a--b", "\u0301a", "a/b", "a\n", "\u202eog"]
)
def test_what_is_no_word(text):
    assert not is_word(text)


def test_vowel_signs_stay_in_the_c_header(tmp_path):
    program = replace(read(MODEL.read_bytes())[0], labels=("रुको", "x*/ y", "é-a"))
    text = source.header("m", b"", program, {"tables": 0, "arena": 0, "stream": 0}, 0)
    assert "0  रुको\n" in text and "1  x?? y\n" in text and "2  é-a\n" in text


def test_a_picture_takes_any_label_without_a_warning():
    result = Result(("रुको", "$\\frac{$"), np.array([0, 1]), np.eye(2), 1.0, [])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        png = confusion.draw(result.confusion, result.labels, "my $model$ ${")
    assert png[:4] == b"\x89PNG"
