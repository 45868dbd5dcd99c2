"""The evaluation of a model, from where the recordings are to figures and tables."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from host.evaluation import robustness
from host.evaluation.clips import Clips, read_clips
from host.evaluation.model import Model
from host.evaluation.result import Result, judge
from host.evaluation.validation import Source


@dataclass(frozen=True)
class Evaluation:
    """robustness: what `robustness.measure` found, None where it was not asked for."""

    engine: str
    result: Result
    robustness: dict[str, dict[str, dict]] | None

    @property
    def rate(self) -> float:
        """Clips per second."""
        return self.result.clips / self.result.seconds

    def to_dict(self) -> dict:
        """As JSON has it, but for `robustness`."""
        r = self.result
        return {
            "engine": self.engine, **r.figures(), "clips": r.clips, "clips_per_second": round(self.rate, 1),
            "per_class": r.per_class(), "confusion": r.confusion.tolist(), "missing": r.missing,
        }  # fmt: skip


def clips_of_test(
    model: Model, labels: tuple[str, ...], data: Path, noise: Path | None, mixed: bool, resample=False, quiet=False
) -> tuple[Clips, list[np.ndarray]]:
    """(clips, held-out recordings of noise) of a test set; without `mixed` no noise is read.

    noise: a folder, by default the one inside or beside the data. DataError where something cannot be used.
    """
    recordings = robustness.held_out_noise(data, noise) if mixed else []
    return read_clips(data, model.program, labels, quiet, resample), recordings


def clips_of_validation(
    model: Model, labels: tuple[str, ...], data: list[Path], noise: Path, resample=False, quiet=False
) -> tuple[Clips, list[np.ndarray]]:
    """The same of validation: the clips of any folders that choose, and the noise that does."""
    source = Source.open(data, noise, resample)
    return source.clips(model, labels, quiet), source.noise


def evaluate(
    model: Model, labels: tuple[str, ...], clips: Clips, noise: list[np.ndarray], engine="native", robust=False,
    quiet=False,
) -> Evaluation:  # fmt: skip
    """What the model makes of the clips; robust: also at other levels, and with the noise in them."""
    result = judge(model, labels, clips, engine)
    found = robustness.measure(model, labels, clips, noise, engine, quiet) if robust else None
    return Evaluation(engine, result, found)
