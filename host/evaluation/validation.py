"""Recordings that choose among models, so that a test set does not have to: voices and noise of the validation split.

Words are the validation clips of any folders, by the rule that keeps them out of training; the noise is of recordings
that the same rule gives validation, never of those that the tables of the test are made with. Silence, where the
folders have none, is cut from that noise.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from host.base.errors import DataError
from host.data.dataset import NOISE_FOLDER, SILENCE, VALIDATION
from host.data.folder import recordings
from host.data.speech_commands import HELD_OUT, hash_split, listen
from host.evaluation import robustness
from host.evaluation.clips import Clips, read_clips
from host.evaluation.model import Model
from host.evaluation.result import judge


@dataclass(frozen=True)
class Source:
    """folders: of words, or names of synthesized languages. noise: int16 [samples] each; noise_name: their folder's.

    resample: recordings of any rate and number of channels.
    """

    folders: tuple[Path, ...]
    noise: list[np.ndarray]
    noise_name: str
    resample: bool = False

    @staticmethod
    def open(folders: list[Path], noise: Path, resample: bool = False) -> "Source":
        """DataError where the folder of noise has nothing for validation."""
        return Source(tuple(folders), read_noise(noise, resample), noise.name, resample)

    def clips(self, model: Model, labels: tuple[str, ...], quiet: bool = False) -> Clips:
        """The validation clips of all folders; DataError where one has none."""
        parts = [read_clips(folder, model.program, labels, quiet, self.resample, VALIDATION) for folder in self.folders]
        if SILENCE in labels and all(SILENCE in p.missing for p in parts):
            parts.append(self._silence(labels, [p.target for p in parts], parts[0].windows.shape[1]))
        missing = [w for w in labels if all(w in p.missing for p in parts)]
        windows, target = (np.concatenate([getattr(p, k) for p in parts]) for k in ("windows", "target"))
        names, findings, others = ([x for p in parts for x in getattr(p, k)] for k in ("names", "findings", "others"))
        return Clips(windows, target, names, missing, findings, others)

    def _silence(self, labels: tuple[str, ...], targets: list[np.ndarray], samples: int) -> Clips:
        """As many pieces of the noise as a class has clips on average."""
        spoken = np.concatenate(targets)
        names = [f"{SILENCE}/{i}" for i in range(round(len(spoken) / len(np.unique(spoken))))]
        windows = robustness.pieces(
            [f"{name} alone" for name in names], self.noise, samples
        )  # others than are mixed in
        return Clips(windows, np.full(len(names), labels.index(SILENCE)), names, [w for w in labels if w != SILENCE])

    def measure(self, model: Model, quiet: bool = False) -> dict:
        """What a model makes of all this: counts, `Result.figures` and `robustness.measure`."""
        labels = model.program.labels
        clips = self.clips(model, labels, quiet)
        result = judge(model, labels, clips)
        return {
            "on": [folder.name for folder in self.folders],
            "noise": self.noise_name,
            "recordings_of_noise": len(self.noise),
            "clips": result.clips,
            "per_class": {label: row["clips"] for label, row in result.per_class().items()},
            **result.figures(),
            "robustness": robustness.measure(model, labels, clips, self.noise, quiet=quiet),
        }


def read_noise(folder: Path, resample: bool = False) -> list[np.ndarray]:
    """int16 [samples] of each recording of validation, by the data set's rule, in a folder and the folders in it."""
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; name one of recordings of noise")
    places = [folder, *sorted(p for p in folder.iterdir() if p.is_dir() and p.name[0] != ".")]
    files = [p for place in places for p in recordings(place) if p.stem not in HELD_OUT]
    found = [p for p in files if hash_split(p.name) == VALIDATION]
    if not found:
        raise DataError(
            f"{folder}: the data set's rule gives none of its {len(files)} recordings to validation; give more noise, "
            f"{NOISE_FOLDER} alone is too little"
        )
    return [samples for samples, _ in listen(folder, found, resample, quiet=True)]


def mean(found: dict) -> float:
    """What chooses: the mean of all rows of the tables that `Source.measure` found, over all clips."""
    rows = [row["accuracy"] for kind in found["robustness"].values() for row in kind.values()]
    return float(np.mean(rows))
