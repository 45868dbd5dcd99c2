"""A worker's search from its beginning to its report."""

from collections.abc import Callable
from pathlib import Path

import torch

from host.data.dataset import Dataset
from host.exploration import report, study
from host.exploration.explore import Problem, Worker


def search(
    problem: Problem, data: Dataset, folder: Path, storage: str | None, trials: int, seconds: float | None = None,
    quiet: bool = False, say: Callable[[str], None] = print,
) -> list[report.Found]:  # fmt: skip
    """Join the search that is called like its folder, or begin it, and work on it; the designs that no other beats.

    storage: a database's URL, by default a journal in the folder. trials: designs to train, by all workers together;
    seconds: no training begins after so many. What was found is written into the folder also where it is interrupted.
    """
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    shared = study.open_study(
        storage or folder / "journal.log", folder.absolute().name, problem.config(data), problem.seed
    )
    say(f"search {shared.study_name} in {folder}: {study.trained(shared)} of {trials} designs trained")
    worker = Worker(shared, problem, data, quiet, say)
    try:
        worker.run(trials, seconds)
    finally:
        best = report.write(shared, problem, folder)
    return best
