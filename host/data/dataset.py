"""Clips as log-mel levels with a class and a split each: what training reads, whatever the recordings came from."""

from dataclasses import dataclass, field

import numpy as np

from host.base.errors import DataError
from host.data.findings import Finding
from host.data.names import near

WORDS = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go")
UNKNOWN, SILENCE = "_unknown_", "_silence_"
NOISE_FOLDER = "_background_noise_"
TRAINING, VALIDATION, TESTING = "training", "validation", "testing"


def class_labels(classes: int, words: tuple[str, ...] = WORDS) -> tuple[str, ...]:
    """The labels of a network: 10 for its words alone, 12 for unknown and silence too, however many the words are."""
    return words if classes == 10 else (*words, UNKNOWN, SILENCE)


def command_words(labels: tuple[str, ...]) -> tuple[str, ...]:
    """The labels that are words to be obeyed: all but unknown and silence."""
    return tuple(w for w in labels if w not in (UNKNOWN, SILENCE))


def word_class(word: str, labels: tuple[str, ...]) -> int:
    """The class of a word as its folder is called, -1 where it has none: noise is silence, other words are unknown."""
    meant = near(word, (*labels, NOISE_FOLDER, SILENCE))
    if meant not in labels:
        meant = SILENCE if meant in (NOISE_FOLDER, SILENCE) else UNKNOWN
    return labels.index(meant) if meant in labels else -1


@dataclass(frozen=True)
class Part:
    """What one source holds: levels uint8 [clips, frames, bands]; words and split: str [clips].

    names: what each clip is called in messages, str [clips]. facts: audio.FACTS [clips] of recordings, None of others.
    """

    levels: np.ndarray
    words: np.ndarray
    split: np.ndarray
    names: np.ndarray
    facts: np.ndarray | None = None
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True)
class Dataset:
    """levels: uint8 [clips, frames, bands]; target: int64 [clips], indices of labels; split: str [clips].

    sources: what it was read from; origin: uint8 [clips], which of them. noise: uint8 [clips, frames, bands], clips of
    noise for training to mix with, whether or not silence is a class; noise_source: the folder they are from, None
    where the sources held them.
    """

    levels: np.ndarray
    target: np.ndarray
    split: np.ndarray
    labels: tuple[str, ...]
    sources: tuple[str, ...]
    origin: np.ndarray
    noise: np.ndarray
    noise_source: str | None = None

    @property
    def source(self) -> str:
        """What it was read from, for messages."""
        return " and ".join(self.sources)

    def rows(self, split: str) -> np.ndarray:
        return np.flatnonzero(self.split == split)

    def counts(self, split: str) -> dict[str, int]:
        found = np.bincount(self.target[self.rows(split)], minlength=len(self.labels))
        return dict(zip(self.labels, found.tolist(), strict=True))


def assemble(
    levels, words, split, labels: tuple[str, ...], sources: tuple[str, ...], rule="auto", origin=None, noise_source=None
) -> Dataset:
    """Keep the clips that have a class, and refuse a training or validation split that lacks one.

    rule: how the clips were split, for the message. origin: which source each clip is from, where there are several.
    """
    classes = {w: word_class(w, labels) for w in np.unique(words)}
    target = np.array([classes[w] for w in words], np.int64)
    keep, noise = target >= 0, levels[(words == NOISE_FOLDER) & (split == TRAINING)]
    origin = np.zeros(len(target), np.uint8) if origin is None else origin
    data = Dataset(
        levels if keep.all() else levels[keep], target[keep], split[keep], labels, sources, origin[keep], noise,
        noise_source,
    )  # fmt: skip
    for part in (TRAINING, VALIDATION):
        missing = [w for w, n in data.counts(part).items() if not n]
        if missing:
            noise = f" call the folder of noise {NOISE_FOLDER}, or name one with --noise;" if SILENCE in missing else ""
            raise DataError(
                f"{data.source}: no {part} clips of {', '.join(missing)} by --split {rule};{noise} "
                "add recordings, or take another --split or --no-unknown"
            )
    return data


def random_split(target: np.ndarray, seed: int) -> np.ndarray:
    """80 / 10 / 10 of each class by a seeded permutation, as the article split its clips; one clip of each at least."""
    rng = np.random.default_rng(seed)
    split = np.full(len(target), TRAINING, dtype="<U10")
    for label in np.unique(target):
        order = rng.permutation(np.flatnonzero(target == label))
        tenth = max(1, round(len(order) / 10))
        split[order[:tenth]] = VALIDATION
        split[order[tenth : 2 * tenth]] = TESTING
    return split
