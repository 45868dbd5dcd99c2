"""`--data`: synthetic speech, a folder of recordings or an archive of log-mels, as a `Dataset`."""

from contextlib import suppress
from pathlib import Path

import numpy as np

from host.data import archive, speech_commands, synthetic
from host.data.dataset import DataError, Dataset, assemble, class_labels, random_split, word_class

CACHE = Path("cache")


def load(source: str, classes: int, split: str = "auto", seed: int = 0, quiet: bool = False) -> Dataset:
    """source: "synthetic", a folder of <word>/*.wav, or an .npz archive. split: see speech_commands.SPLITS.

    DataError where the source cannot be used.
    """
    labels, path = class_labels(classes), Path(source)
    folder = source != "synthetic" and (path.suffix.lower() != ".npz" or path.is_dir())
    if not folder and split in ("lists", "hash"):
        raise DataError(f"{source} has a split of its own; use --split auto or random, not {split}")
    if source == "synthetic":
        levels, words, splits = _synthetic(seed, quiet)
    elif folder:
        levels, words, splits = speech_commands.read(path, split, CACHE, quiet)
    else:
        levels, words, splits = archive.read(path)
    if split == "random":
        target = np.array([word_class(str(w), labels) for w in words])
        splits[target >= 0] = random_split(target[target >= 0], seed)
    return assemble(levels, words, splits, labels, str(path), split)


def _synthetic(seed: int, quiet: bool):
    """Synthetic speech, kept under `cache` once made."""
    cached = CACHE / f"synthetic-{seed}.npz"
    with suppress(DataError):  # it is not there, or damaged
        return archive.read(cached)
    levels, words, splits = synthetic.make(seed, quiet=quiet)
    archive.save(cached, X=levels, word=words, split=splits)
    return levels, words, splits
