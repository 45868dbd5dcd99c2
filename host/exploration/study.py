"""The study that all workers of a search share through its storage, and the generator that draws its designs.

The storage is a journal file, which every file system can share, or the URL of a database. Every trial is in it, so any
worker can go on where another stopped.
"""

import json
import os
import socket
import time
from pathlib import Path

import numpy as np
import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import TrialState

from host.base.errors import Error

STARTUP = 10  # designs drawn at random before the first that learns from them
SILENCE = 3600  # seconds without a sign of life after which a trial is given up; a worker gives one after each epoch
TRIES = 3  # of a design whose worker died
# what a trial keeps beside Optuna's own
CONFIG, DESIGN, MEASUREMENTS, OUTCOME, WHY, WORKER, TRY = (
    "config", "design", "measurements", "outcome", "why", "worker", "try",
)  # fmt: skip
# what becomes of a trial; the second line to Optuna has failed
WAITING, RUNNING, MEASURED, STOPPED = "waiting", "running", "measured", "stopped early"
REFUSED, TWIN, DIVERGED, INTERRUPTED = "refused", "twin", "diverged", "interrupted"
TRAINED = (RUNNING, MEASURED, STOPPED, DIVERGED)

optuna.logging.set_verbosity(optuna.logging.WARNING)


class StudyError(Error):
    """A storage that cannot be used, or a study in it that is another one."""


class Generator(optuna.samplers.BaseSampler):
    """G of equation 21: a trial's number, with the search's seed, is the seed s from which its design is drawn.

    It learns from what is in the study (tree-structured Parzen estimator, TPE) and keeps nothing itself: workers that
    come, go and come again do not repeat each other's draws.
    """

    def __init__(self, seed: int):
        self.seed = seed
        self.tpe = optuna.samplers.TPESampler(seed=seed)

    def before_trial(self, study, trial):
        seed = int(np.random.SeedSequence((self.seed, trial.number)).generate_state(1)[0])
        self.tpe = optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTUP)

    def infer_relative_search_space(self, study, trial):
        return self.tpe.infer_relative_search_space(study, trial)

    def sample_relative(self, study, trial, search_space):
        return self.tpe.sample_relative(study, trial, search_space)

    def sample_independent(self, study, trial, param_name, param_distribution):
        return self.tpe.sample_independent(study, trial, param_name, param_distribution)


def journal(path: Path) -> JournalStorage:
    """The journal in a file, locked by another beside it: as every file system can, that of Windows included."""
    return JournalStorage(JournalFileBackend(str(path), lock_obj=JournalFileOpenLock(str(path))))


def open_study(storage: str | Path, name: str, config: dict, seed: int) -> optuna.Study:
    """Join a study or begin it. storage: a journal's path, or a database's URL. config: what determines the search.

    StudyError where the storage cannot be used, or holds a study of this name with another configuration.
    """
    try:
        if isinstance(storage, Path):
            storage.parent.mkdir(parents=True, exist_ok=True)
        pruner = optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=2)
        study = optuna.create_study(
            storage=journal(storage) if isinstance(storage, Path) else storage, sampler=Generator(seed), pruner=pruner,
            study_name=name, direction="maximize", load_if_exists=True,
        )  # fmt: skip
    except OSError:
        raise
    except Exception as error:  # Optuna, SQLAlchemy, a database's driver and a damaged journal have each their own
        if isinstance(storage, Path):
            raise StudyError(f"{storage} is damaged or no journal of a search; name another --out") from error
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise StudyError(f"--storage {storage.partition(':')[0]}:... cannot be used: {reason}") from error
    wanted = json.loads(json.dumps(config))
    if CONFIG not in study.user_attrs:
        study.set_user_attr(CONFIG, wanted)
    there = study.user_attrs[CONFIG]
    changed = [key for key in wanted | there if wanted.get(key) != there.get(key)]
    if changed:
        raise StudyError(f"search {name} was started with another {', '.join(changed)}; name another --out")
    return study


def alive() -> dict:
    """A sign of life of the worker that runs here."""
    return {"host": socket.gethostname(), "process": os.getpid(), "seen": time.time()}


def _gone(trial) -> bool:
    """Whether the worker of a running trial is there no more."""
    nobody = {"host": None, "seen": trial.datetime_start.timestamp()}  # it was killed before its first sign of life
    worker = trial.user_attrs.get(WORKER, nobody)
    if worker["host"] == socket.gethostname():
        try:
            os.kill(worker["process"], 0)
        except ProcessLookupError:
            return True
        except OSError:  # it is there, and another user's
            pass
    return time.time() - worker["seen"] > SILENCE


def give_up(study: optuna.Study, trial) -> None:
    """Mark a running trial as interrupted and let its design be tried again, by whoever asks next."""
    try:
        study.tell(trial.number, state=TrialState.FAIL)
    except (ValueError, optuna.exceptions.UpdateFinishedTrialError):
        return  # another worker did
    tries = trial.user_attrs.get(TRY, 1)
    if trial.params and tries < TRIES:
        study.enqueue_trial(trial.params, user_attrs={TRY: tries + 1})


def give_up_abandoned(study: optuna.Study) -> None:
    """Give up the trials of workers that are gone. A journal has no heartbeat, so ours serves every storage."""
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        if _gone(trial):
            give_up(study, trial)


def outcome(trial) -> str:
    """What became of a trial."""
    match trial.state:
        case TrialState.FAIL:
            return trial.user_attrs.get(OUTCOME, INTERRUPTED)
        case TrialState.PRUNED:
            return STOPPED
        case TrialState.COMPLETE:
            return MEASURED
        case TrialState.RUNNING:
            return RUNNING
        case _:
            return WAITING


def trained(study: optuna.Study) -> int:
    """Trials that were trained or are in training: what a search's length is counted in."""
    return sum(outcome(t) in TRAINED for t in study.get_trials(deepcopy=False))
