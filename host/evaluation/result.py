"""How well a model does on clips: by any of its executions, or as the network that it was, in floating point."""

import time
from dataclasses import dataclass

import numpy as np
import torch

from host.base.errors import naming
from host.data.dataset import SILENCE, command_words
from host.engines.native import FrontEndEngine
from host.evaluation.clips import Clips
from host.evaluation.model import BATCH, Model, classify
from host.models.network import Network


@dataclass(frozen=True)
class Result:
    """target: int64 [n], indices of labels; probabilities: [n, classes], uint16 of 65535 where the robot's integers.

    seconds: that it took to compute them. missing: the classes without a clip.
    """

    labels: tuple[str, ...]
    target: np.ndarray
    probabilities: np.ndarray
    seconds: float
    missing: list[str]

    @property
    def clips(self) -> int:
        return len(self.target)

    @property
    def confusion(self) -> np.ndarray:
        """int64 [classes, classes]: clips of the row's class taken for the column's."""
        found = np.zeros((len(self.labels), len(self.labels)), np.int64)
        np.add.at(found, (self.target, self.probabilities.argmax(1)), 1)
        return found

    @property
    def accuracy(self) -> float:
        return float(np.mean(self.probabilities.argmax(1) == self.target))

    def per_class(self) -> dict[str, dict]:
        confusion = self.confusion
        counts = confusion.sum(1)
        return {
            label: {
                "clips": int(counts[i]),
                "right": int(confusion[i, i]),
                "accuracy": float(confusion[i, i] / counts[i]) if counts[i] else None,
            }
            for i, label in enumerate(self.labels)
        }

    def figures(self) -> dict[str, float | None]:
        """Accuracies of 0 to 1, None where no clip is left.

        accuracy: all clips. without_silence: clips of silence left out, though a word may still be taken for it.
        words_alone: clips of words to be obeyed, told from each other alone, by the greatest of their probabilities.
        """
        words = [i for i, w in enumerate(self.labels) if w in command_words(self.labels)]
        spoken = self.target != (self.labels.index(SILENCE) if SILENCE in self.labels else -1)
        mine = np.isin(self.target, words)
        heard = np.array(words)[self.probabilities[mine][:, words].argmax(1)]
        return {
            "accuracy": self.accuracy,
            "without_silence": _share(self.probabilities[spoken].argmax(1) == self.target[spoken]),
            "words_alone": _share(heard == self.target[mine]),
        }


def kinds(labels: tuple[str, ...]) -> dict[str, str]:
    """Which of `Result.figures` differ for these labels, and their titles."""
    words = command_words(labels)
    titles = {"accuracy": "all clips"}
    titles |= {"without_silence": "without silence"} if SILENCE in labels else {}
    return titles | ({"words_alone": "words alone"} if labels != words else {})


def _share(right: np.ndarray) -> float | None:
    return float(right.mean()) if len(right) else None


def judge(model: Model, labels: tuple[str, ...], clips: Clips, engine: str = "native") -> Result:
    """What the model makes of the clips; of its classes only `labels` count. Error where the core refuses it."""
    started = time.perf_counter()
    with naming(model.path):
        probabilities = classify(model.file, model.program, clips.windows, engine)
    seconds = time.perf_counter() - started
    columns = [model.program.labels.index(w) for w in labels]
    return Result(labels, clips.target, probabilities[:, columns], seconds, clips.missing)


def judge_float(network: Network, clips: Clips) -> Result:
    """What the network makes of the clips in floating point, on the robot's features: judge() without rounding.

    The result's `probabilities` are logits, float32.
    """
    started = time.perf_counter()
    network.eval()
    features = torch.from_numpy(FrontEndEngine(network.frontend).clips(clips.windows))
    with network.unquantized(), torch.no_grad():
        logits = torch.cat([network(part) for part in features.split(BATCH)]).numpy()
    return Result(network.labels, clips.target, logits, time.perf_counter() - started, clips.missing)
