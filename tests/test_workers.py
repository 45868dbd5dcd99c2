"""Several processes train one network, as torchrun starts them (here on the loopback address)."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from host.data import archive
from host.training import workers
from tests.conftest import ROOT
from tests.test_training import data


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def workers_run(count: int, *line) -> list[tuple[int, str, str]]:
    """Python with these arguments in `count` workers, in the environment that torchrun gives them.

    Of each (exit status, standard output, standard error).
    """
    shared = {"WORLD_SIZE": str(count), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    processes = [
        subprocess.Popen(
            [sys.executable, *map(str, line)],
            cwd=ROOT,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | shared | {"RANK": str(i), "PYTHONPATH": str(ROOT)},
        )
        for i in range(count)
    ]
    said = [p.communicate(timeout=120) for p in processes]
    return [(p.returncode, *texts) for p, texts in zip(processes, said, strict=True)]


@pytest.fixture(scope="module")
def recordings(tmp_path_factory) -> Path:
    d = data(10, 8)
    path = tmp_path_factory.mktemp("recordings") / "words.npz"
    archive.save(path, X=d.levels, word=[d.labels[t] for t in d.target], split=d.split)
    return path


def test_two_workers_train_one_network(recordings, tmp_path):
    line = ["-m", "host.train", "--model", "dsnet-24", "--data", recordings, "--classes", 10, "--epochs", 2]
    line += ["--out", tmp_path, "--quiet"]
    (first, printed, errors), (second, nothing, others) = workers_run(2, *line)
    assert (first, second) == (0, 0), errors + others
    assert "epoch   2/2" in printed and not nothing
    assert json.loads((tmp_path / "config.json").read_text())["workers"] == 2
    assert len((tmp_path / "metrics.jsonl").read_text().splitlines()) == 2 and (tmp_path / "model.bin").exists()
    ((alone, _, why),) = workers_run(1, *line, "--resume")
    assert alone == 1 and "workers (2, now 1)" in why


def test_alone_nothing_is_shared(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with workers.together(), workers.first_before_others():
        tensor = torch.arange(3.0)
        workers.average([tensor])
        assert (workers.rank(), workers.count(), tensor.tolist()) == (0, 1, [0.0, 1.0, 2.0])


def test_a_mean_over_workers(tmp_path):
    (tmp_path / "mean.py").write_text(
        "import torch\nfrom host.training import workers\n"
        "with workers.together():\n"
        "    t = [torch.full((2, 2), float(workers.rank())), torch.tensor(3.0 * workers.rank())]\n"
        "    workers.average(t)\n    print(t[0].tolist(), t[1].item())\n"
    )
    said = workers_run(2, tmp_path / "mean.py")
    assert [(status, out) for status, out, _ in said] == [(0, "[[0.5, 0.5], [0.5, 0.5]] 1.5\n")] * 2
