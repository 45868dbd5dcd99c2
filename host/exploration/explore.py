"""A worker of a search: draws designs, refuses those that cannot meet the requirements, trains the others."""

import dataclasses
import time
from dataclasses import dataclass

import optuna
import torch
from optuna.trial import TrialState

from host.base.errors import Error
from host.data.dataset import TRAINING, Dataset
from host.exploration import study as s
from host.exploration.measure import Measurements, Unbuildable, measure
from host.exploration.objective import PERFORMANCE, Requirements, excesses
from host.exploration.space import SPACES, propose
from host.format.program import FrontEnd
from host.models.design import Design, build, design_frontend
from host.operators.constants import QuantizationError
from host.training.config import check_fit
from host.training.loop import make_optimizer, train_epochs
from host.training.recipes import Recipe

UNBUILDABLE = "makes no network"  # stands where a requirement that is missed would
DRAWS = 1000  # in a row without one to train, after which the space is taken to hold no more


class SearchError(Error):
    """A search that cannot find anything."""


@dataclass(frozen=True)
class Problem:
    """Everything that determines a search but its data. performance: a name in PERFORMANCE."""

    networks: tuple[str, ...]
    classes: int
    split: str
    seed: int
    recipe: Recipe
    requirements: Requirements
    performance: str

    def config(self, data: Dataset) -> dict:
        """As a study keeps it; data by what is in it, for it lies elsewhere on another machine."""
        spaces = {name: repr(SPACES[name]) for name in self.networks}
        clips = data.counts(TRAINING) | {"noise": len(data.noise)}
        config = dataclasses.asdict(self) | {"spaces": spaces, "clips": clips}
        if self.recipe.loss == Recipe.loss:  # a search that began before recipes named a loss goes on
            del config["recipe"]["loss"]
        return config


class Worker:
    """One process's share of a search."""

    def __init__(self, study: optuna.Study, problem: Problem, data: Dataset, quiet: bool = False, log=print):
        self.study, self.problem, self.data, self.quiet, self.log = study, problem, data, quiet, log
        self.performance = PERFORMANCE[problem.performance]
        self.frontends: dict[tuple[int, int], FrontEnd] = {}

    def run(self, trials: int, seconds: float | None = None) -> None:
        """Work until `trials` designs were trained by all workers together, or for about so many seconds.

        SearchError where no design of the space meets the requirements.
        """
        started, idle = time.monotonic(), 0
        while self.trained() < trials and (seconds is None or time.monotonic() - started < seconds):
            trial = self.study.ask()
            try:
                idle = 0 if self.work_on(trial) else idle + 1
            except optuna.exceptions.UpdateFinishedTrialError:
                self.log(f"trial {trial.number}: another worker took this one for dead; what it gave is dropped")
            except BaseException:
                s.give_up(self.study, self.study.get_trials(deepcopy=False)[trial.number])
                raise
            if idle == DRAWS:
                if not s.trained(self.study):
                    raise SearchError(f"none of {DRAWS} designs meets the requirements; ask less, or widen the space")
                self.log(f"{DRAWS} draws in a row gave nothing new to train: the space seems to hold no more")
                return

    def trained(self) -> int:
        """Designs trained so far, or being trained by workers that are alive."""
        s.give_up_abandoned(self.study)
        return s.trained(self.study)

    def work_on(self, trial: optuna.Trial) -> bool:
        """One trial, from its draw to its end. Whether it was trained."""
        trial.set_user_attr(s.WORKER, s.alive())
        design, name = propose(trial, self.problem.networks), trial_name(trial.number)
        try:
            measured = measure(name, design, self.frontend(design), self.data.labels)
        except Unbuildable as error:
            return self.end(trial, s.REFUSED, [UNBUILDABLE, str(error)])
        missed = [key for key, excess in excesses(measured, self.problem.requirements).items() if excess > 0]
        if missed:
            return self.end(trial, s.REFUSED, missed)
        twin = self.twin(trial)
        if twin is not None:
            return self.end(trial, s.TWIN, [twin])
        try:
            self.train(trial, name, design, measured)
        except QuantizationError as error:
            self.log(f"trial {trial.number}: {error}")
            self.end(trial, s.DIVERGED, [str(error)])
        return True

    def frontend(self, design: Design) -> FrontEnd:
        """The front end of a design; designs that take the same features share it."""
        check_fit("a design", design, self.data, self.problem.recipe)
        key = design.coefficients, design.frames
        if key not in self.frontends:
            self.frontends[key] = design_frontend(design, self.data.levels[self.data.rows(TRAINING)])
        return self.frontends[key]

    def twin(self, trial: optuna.Trial) -> int | None:
        """An earlier trial of the same design: with the same seed it would end the same."""
        for other in self.study.get_trials(deepcopy=False):
            if other.number < trial.number and other.params == trial.params and s.outcome(other) in s.TRAINED:
                return other.number
        return None

    def train(self, trial: optuna.Trial, name: str, design: Design, measured: Measurements) -> None:
        """Train a design until its end, or until it lags behind what others had reached by then."""
        recipe, seed = self.problem.recipe, self.problem.seed
        trial.set_user_attr(s.DESIGN, design.to_dict())
        torch.manual_seed(seed)
        network = build(name, design, self.frontend(design), self.data.labels)
        started, best = time.monotonic(), 0.0
        for epoch in train_epochs(network, make_optimizer(network, recipe), self.data, recipe, seed, 0, self.quiet):
            reached = dataclasses.replace(measured, accuracy=epoch.validation_accuracy)
            trial.report(self.performance(reached), epoch.epoch)
            trial.set_user_attr(s.WORKER, s.alive())
            if epoch.quantized:
                best = max(best, epoch.validation_accuracy)
            if epoch.epoch < recipe.epochs and trial.should_prune():
                trial.set_user_attr(s.MEASUREMENTS, dataclasses.asdict(reached))
                self.study.tell(trial, state=TrialState.PRUNED)
                self.log(self.line(trial, reached, f"stopped after {epoch.epoch} epochs", started))
                return
        final = dataclasses.replace(measured, accuracy=best)
        trial.set_user_attr(s.MEASUREMENTS, dataclasses.asdict(final))
        missing = excesses(final, self.problem.requirements).get("accuracy")
        if missing is not None:  # only training tells it, so the generator is to learn where it is met
            trial.set_constraint("accuracy", missing)
        self.study.tell(trial, self.performance(final))
        self.log(self.line(trial, final, "measured", started))

    def end(self, trial: optuna.Trial, outcome: str, why: list) -> bool:
        """End a trial without a measurement; why: the requirements it misses, its twin, or an error.

        To Optuna it has failed, so that the generator does not learn from it. It need not: what can be told without
        training is asked of every draw, and a refusal costs nothing.
        """
        trial.set_user_attr(s.OUTCOME, outcome)
        trial.set_user_attr(s.WHY, why)
        self.study.tell(trial, state=TrialState.FAIL)
        return False

    def line(self, trial: optuna.Trial, m: Measurements, what: str, started: float) -> str:
        return (
            f"trial {trial.number:4d}  {what:24}  {100 * m.reached:5.1f} %  {m.parameters:6,} parameters  "
            f"{m.multiply_adds:9,} multiply-adds  {time.monotonic() - started:.0f} s"
        )


def trial_name(number: int) -> str:
    """What the network of a trial goes by, in its file and as the file of its design."""
    return f"trial-{number:04d}"
