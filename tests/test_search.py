"""Design exploration: requirements are judged before training, work is shared and goes on, a winner can be trained."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import optuna
import pytest

from host import search, train
from host.data import archive
from host.data.dataset import TRAINING, VALIDATION, class_labels
from host.exploration import explore, report, study
from host.exploration.objective import (
    RequirementError,
    Requirements,
    parse_requirements,
)
from host.exploration.space import SPACES, OneOf, propose
from host.training.loop import Epoch
from tests.conftest import ROOT
from tests.test_commands import sentence

LABELS = class_labels(10)
QUICK = ["--classes", "10", "--networks", "DSNet", "--require", "none", "--epochs", "1", "--quiet"]


@pytest.fixture(scope="module")
def clips(tmp_path_factory) -> str:
    """An archive of a few random clips."""
    words = np.repeat(np.array(LABELS), 4)
    levels = np.random.default_rng(0).integers(0, 256, (len(words), 98, 40), dtype=np.uint8)
    path = tmp_path_factory.mktemp("data") / "clips.npz"
    archive.save(path, X=levels, word=words, split=np.tile([TRAINING, TRAINING, TRAINING, VALIDATION], 10))
    return str(path)


@pytest.fixture
def pretended(monkeypatch):
    """Trainings that take no time: accuracy grows with the parameters; the names of what was trained."""
    names = []

    def train_epochs(network, optimizer, data, recipe, seed, first, quiet):
        names.append(network.name)
        for epoch in range(1, recipe.epochs + 1):
            reached = network.parameter_count() / 1e5 * epoch / recipe.epochs
            yield Epoch(epoch, 1.0, reached, reached, 0.1, epoch == recipe.epochs, 0.0)

    monkeypatch.setattr(explore, "train_epochs", train_epochs)
    return names


def searched(clips, folder, *arguments) -> optuna.Study:
    """A search as typed, and its study."""
    assert search.main(["--data", clips, *QUICK, "--out", str(folder), *map(str, arguments)]) == 0
    config = json.loads((folder / "pareto.json").read_text())["config"]
    return study.open_study(folder / "journal.log", folder.name, config, 0)


def outcomes(found: optuna.Study) -> list[str]:
    return [study.outcome(t) for t in found.trials]


@pytest.mark.parametrize(
    "word, said",
    [
        ("tiny", "no set of requirements"),
        ("weight=3", "weight cannot be required"),
        ("parameters=many", "no number"),
        ("parameters=0", "more than 0"),
        ("accuracy=90", "at most 1"),
        ("accuracy=nan", "at most 1"),
        ("operators=Conv2D,LSTM", "no operator LSTM"),
    ],
)
def test_requirements_that_cannot_be_understood(word, said, clips, tmp_path, capsys):
    with pytest.raises(RequirementError, match=said):
        parse_requirements([word])
    assert said in sentence(capsys, search.main, "--data", clips, "--require", word, "--out", tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_a_search_that_began_before_recipes_named_a_loss_goes_on(clips, tmp_path, pretended):
    """Its study holds no loss; to it that is the same search."""
    searched(clips, tmp_path / "s", "--trials", 1)
    config = json.loads((tmp_path / "s" / "pareto.json").read_text())["config"]
    assert "loss" not in config["recipe"] and "momentum" in config["recipe"]


def test_infeasible_designs_are_never_trained(clips, tmp_path, pretended):
    found = searched(clips, tmp_path / "s", "--trials", 5, "--require", "parameters=3000")
    refused = [t for t in found.trials if study.outcome(t) == study.REFUSED]
    trained = [t for t in found.trials if study.outcome(t) == study.MEASURED]
    assert len(trained) == 5 == len(pretended) and refused
    assert pretended == [explore.trial_name(t.number) for t in trained]
    for t in refused:
        why = t.user_attrs[study.WHY]
        assert why == ["parameters"] or why[0] == explore.UNBUILDABLE
        assert not t.intermediate_values
    assert all(t.user_attrs[study.MEASUREMENTS]["parameters"] <= 3000 for t in trained)


def test_a_space_without_a_feasible_design_is_said(clips, tmp_path, pretended, monkeypatch, capsys):
    monkeypatch.setattr(explore, "DRAWS", 12)
    arguments = ["--data", clips, *QUICK, "--require", "parameters=50", "--out", tmp_path / "s"]
    assert "none of 12 designs" in sentence(capsys, search.main, *arguments)
    assert pretended == []


def test_an_accuracy_that_is_missed_keeps_a_design_off_the_front(clips, tmp_path, pretended):
    found = searched(clips, tmp_path / "s", "--trials", 6, "--require", "accuracy=0.05")
    designs = report.found(found)
    best = report.front(designs, Requirements(accuracy=0.05))
    missed = [f for f in designs if f.outcome == study.MEASURED and f.measured.accuracy < 0.05]
    assert missed and not {f.number for f in missed} & {f.number for f in best}
    assert all(found.trials[f.number].constraints["accuracy"] > 0 for f in missed)


def test_trainings_that_lag_behind_are_stopped(clips, tmp_path, pretended):
    found = searched(clips, tmp_path / "s", "--trials", 14, "--epochs", 6, "--require", "none")
    stopped = [t for t in found.trials if study.outcome(t) == study.STOPPED]
    assert stopped and all(2 <= max(t.intermediate_values) < 6 for t in stopped)
    done = [t for t in found.trials if study.outcome(t) == study.MEASURED]
    assert all(max(t.intermediate_values) == 6 for t in done)
    assert len(done) + len(stopped) == 14


def test_the_front_holds_what_no_other_beats(clips, tmp_path, pretended):
    searched(clips, tmp_path / "s", "--trials", 8)
    said = json.loads((tmp_path / "s" / "pareto.json").read_text())
    values = {
        t["number"]: (t["measured"]["accuracy"], -t["measured"]["parameters"], -t["measured"]["multiply_adds"])
        for t in said["trials"]
        if t["outcome"] == study.MEASURED
    }

    def beaten(v) -> bool:
        return any(w != v and all(a >= b for a, b in zip(w, v, strict=True)) for w in values.values())

    unbeaten = {n for n, v in values.items() if not beaten(v)}
    assert set(said["pareto"]) == unbeaten and len(unbeaten) > 1
    text = (tmp_path / "s" / "pareto.md").read_text()
    assert all(f"| {n} | {100 * values[n][0]:.2f} % |" in text for n in unbeaten)
    assert (tmp_path / "s" / "pareto.png").read_bytes().startswith(b"\x89PNG")
    assert {p.stem for p in (tmp_path / "s").glob("trial-*.json")} >= {explore.trial_name(n) for n in unbeaten}


def test_the_same_line_goes_on_and_draws_what_an_uninterrupted_search_draws(clips, tmp_path, pretended):
    whole = searched(clips, tmp_path / "whole", "--trials", 6)
    searched(clips, tmp_path / "parts", "--trials", 3)
    parts = searched(clips, tmp_path / "parts", "--trials", 6)
    assert [t.params for t in parts.trials] == [t.params for t in whole.trials]
    assert [t.value for t in parts.trials] == [t.value for t in whole.trials]
    before = len(parts.trials)
    assert len(searched(clips, tmp_path / "parts", "--trials", 6).trials) == before


def test_a_winner_is_trained_by_its_file(clips, tmp_path):
    searched(clips, tmp_path / "s", "--trials", 1)
    path = next((tmp_path / "s").glob("trial-*.json"))
    run = tmp_path / "run"
    assert train.main(["--design", str(path), "--data", clips, *QUICK[:2], *QUICK[6:], "--out", str(run)]) == 0
    kept = json.loads((tmp_path / "s" / "pareto.json").read_text())["trials"][0]
    assert len((run / "model.bin").read_bytes()) == kept["measured"]["file"]
    metrics = json.loads((run / "metrics.jsonl").read_text().splitlines()[0])
    assert metrics["validation_accuracy"] == kept["measured"]["accuracy"]  # the same seed, recipe and design


def test_a_design_is_not_trained_twice(clips, tmp_path, pretended):
    found = searched(clips, tmp_path / "s", "--trials", 1)
    first = next(t for t in found.trials if study.outcome(t) == study.MEASURED)
    number = len(found.trials)
    found.enqueue_trial(first.params)
    twin = searched(clips, tmp_path / "s", "--trials", 2).trials[number]
    assert study.outcome(twin) == study.TWIN and twin.user_attrs[study.WHY] == [first.number]
    assert len(pretended) == 2


def test_ctrl_c_gives_a_design_back_and_the_same_line_goes_on(clips, tmp_path, pretended, monkeypatch, capsys):
    def interrupt(*_):
        raise KeyboardInterrupt

    typed = ["--data", clips, *QUICK, "--trials", "1", "--out", str(tmp_path / "s")]
    with monkeypatch.context() as m:
        m.setattr(explore, "make_optimizer", interrupt)
        assert search.main(typed) == 130
    said = capsys.readouterr().err
    assert "the same line goes on" in said and "Traceback" not in said
    found = searched(clips, tmp_path / "s", "--trials", 1)
    stopped = next(t for t in found.trials if study.outcome(t) == study.INTERRUPTED)
    done = next(t for t in found.trials if study.outcome(t) == study.MEASURED)
    assert done.params == stopped.params and done.number > stopped.number


def test_the_trial_of_a_worker_that_died_is_tried_again_but_not_for_ever(clips, tmp_path, pretended):
    died = subprocess.Popen([sys.executable, "-c", ""])
    died.wait()
    found = searched(clips, tmp_path / "s", "--trials", 1)

    def leave(host: str, seen: float) -> int:
        trial = found.ask()
        propose(trial, ("DSNet",))
        trial.set_user_attr(study.WORKER, {"host": host, "process": died.pid, "seen": seen})
        return trial.number

    for tries in range(study.TRIES):  # the same design each time: it waits to be asked for
        here = leave(study.alive()["host"], time.time())
        assert found.trials[here].user_attrs.get(study.TRY, 1) == tries + 1
        study.give_up_abandoned(found)
        assert study.outcome(found.trials[here]) == study.INTERRUPTED
    assert not [t for t in found.trials if study.outcome(t) == study.WAITING]
    elsewhere = leave("another", time.time() - 60)
    silent = leave("another", time.time() - study.SILENCE - 60)
    study.give_up_abandoned(found)
    assert study.outcome(found.trials[elsewhere]) == study.RUNNING
    assert study.outcome(found.trials[silent]) == study.INTERRUPTED


def test_the_last_trial_of_a_worker_that_died_is_made_up_for(clips, tmp_path, pretended):
    died = subprocess.Popen([sys.executable, "-c", ""])
    died.wait()
    trial = searched(clips, tmp_path / "s", "--trials", 1).ask()
    propose(trial, ("DSNet",))
    trial.set_user_attr(study.WORKER, study.alive() | {"process": died.pid})
    found = searched(clips, tmp_path / "s", "--trials", 2)
    assert study.outcome(found.trials[trial.number]) == study.INTERRUPTED
    assert outcomes(found).count(study.MEASURED) == 2


def test_a_worker_that_was_taken_for_dead_drops_its_result(clips, tmp_path, pretended, monkeypatch, capsys):
    make = explore.make_optimizer

    def doubted(network, recipe):
        other = study.open_study(tmp_path / "s" / "journal.log", "s", config, 0)
        if not pretended:
            study.give_up(other, other.trials[-1])
        return make(network, recipe)

    searched(clips, tmp_path / "s", "--trials", 1)
    config = json.loads((tmp_path / "s" / "pareto.json").read_text())["config"]
    pretended.clear()
    monkeypatch.setattr(explore, "make_optimizer", doubted)
    found = searched(clips, tmp_path / "s", "--trials", 2)
    assert "took this one for dead" in capsys.readouterr().out
    assert outcomes(found).count(study.MEASURED) == 2


def worker(clips: str, folder, trials: int, *more: str) -> subprocess.Popen:
    """A worker in a process of its own."""
    typed = ["--data", clips, *QUICK, "--trials", str(trials), "--out", str(folder), *more]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "host.search", *typed]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.slow
def test_two_workers_share_a_journal(clips, tmp_path):
    workers = [worker(clips, tmp_path / "s", 5) for _ in range(2)]
    for w in workers:
        _, said = w.communicate(timeout=300)
        assert w.returncode == 0, said
    found = searched(clips, tmp_path / "s", "--trials", 5)
    trained = [t for t in found.trials if study.outcome(t) == study.MEASURED]
    assert 5 <= len(trained) <= 6  # the last two may have been begun at once
    assert len({str(t.params) for t in trained}) == len(trained)
    assert study.RUNNING not in outcomes(found)


@pytest.mark.slow
def test_a_worker_that_is_killed_loses_nothing_but_its_trial(clips, tmp_path):
    killed = worker(clips, tmp_path / "s", 1000, "--epochs", "1000")
    journal = tmp_path / "s" / "journal.log"
    deadline = time.monotonic() + 120
    while not (journal.exists() and b'"intermediate_value"' in journal.read_bytes()):
        assert time.monotonic() < deadline and killed.poll() is None
        time.sleep(0.05)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    opened = optuna.load_study(study_name="s", storage=study.journal(journal))
    study.give_up_abandoned(opened)
    states = outcomes(opened)
    assert states.count(study.INTERRUPTED) == 1 and states[-1] == study.WAITING


def test_a_search_of_other_spaces_is_another(clips, tmp_path, pretended, monkeypatch, capsys):
    searched(clips, tmp_path / "s", "--trials", 1)
    wider = dataclasses.replace(SPACES["DSNet"], coefficients=OneOf((0, 12, 13)))
    monkeypatch.setitem(SPACES, "DSNet", wider)
    said = sentence(capsys, search.main, "--data", clips, *QUICK, "--out", tmp_path / "s")
    assert "started with another spaces" in said


def test_a_database_serves_as_well_and_another_configuration_is_named(clips, tmp_path, pretended, capsys):
    typed = [
        "--data",
        clips,
        *QUICK,
        "--out",
        tmp_path / "s",
        "--storage",
        f"sqlite:///{tmp_path}/s.db",
        "--trials",
        "2",
    ]
    assert search.main(list(map(str, typed))) == 0
    assert len(pretended) == 2 and not (tmp_path / "s" / "journal.log").exists()
    said = sentence(capsys, search.main, *typed, "--seed", "1", "--require", "article")
    assert "another seed, requirements" in said and "--out" in said


@pytest.mark.parametrize("url", ["nowhere", "sqlite:////nowhere/at/all.db", "oracle+nothing://x/y", "redis://x"])
def test_a_storage_that_cannot_be_used_is_a_sentence(url, clips, tmp_path, capsys):
    said = sentence(capsys, search.main, "--data", clips, *QUICK, "--out", tmp_path / "s", "--storage", url)
    assert "--storage" in said and "cannot be used" in said


@pytest.mark.parametrize("damage", [b"hello\nworld\n", b"{}\n{}\n"])
def test_a_damaged_journal_is_named(damage, clips, tmp_path, capsys):
    (tmp_path / "journal.log").write_bytes(damage)
    said = sentence(capsys, search.main, "--data", clips, *QUICK, "--out", tmp_path)
    assert f"{tmp_path / 'journal.log'} is damaged" in said


def test_without_optuna_it_says_what_to_install(clips, monkeypatch, capsys):
    import host.exploration

    for name in ("search", "report", "explore", "study"):  # as if they had not been imported yet
        monkeypatch.delitem(sys.modules, f"host.exploration.{name}")
        monkeypatch.delattr(host.exploration, name)
    monkeypatch.setitem(sys.modules, "optuna", None)
    assert "pip install -e '.[search]'" in sentence(capsys, search.main, "--data", clips)


def test_a_training_that_diverges_is_noted_and_the_search_goes_on(clips, tmp_path, monkeypatch):
    from host.operators.constants import QuantizationError

    def diverge(*_):
        raise QuantizationError("weights are not finite")
        yield

    monkeypatch.setattr(explore, "train_epochs", diverge)
    found = searched(clips, tmp_path / "s", "--trials", 2)
    assert outcomes(found).count(study.DIVERGED) == 2
    assert "No design" in (tmp_path / "s" / "pareto.md").read_text()
