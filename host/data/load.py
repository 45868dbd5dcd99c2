"""`--data`: synthetic speech, a folder of recordings or an archive of log-mels, as a `Dataset`."""

from pathlib import Path

from host.data import archive, speech_commands, synthetic
from host.data.dataset import Dataset, assemble, class_labels, random_split, word_class

CACHE = Path("cache")


def load(source: str, classes: int, split: str = "auto", seed: int = 0, quiet: bool = False) -> Dataset:
    """source: "synthetic", a folder of <word>/*.wav, or an .npz archive. split: see speech_commands.SPLITS.

    DataError where the source cannot be used.
    """
    labels = class_labels(classes)
    if source == "synthetic":
        levels, words, splits = _synthetic(seed, quiet)
    elif source.endswith(".npz"):
        levels, words, splits = archive.read(Path(source))
    else:
        levels, words, splits = speech_commands.read(Path(source), split, CACHE, quiet)
    if split == "random":
        kept = [i for i, w in enumerate(words) if word_class(str(w), labels) >= 0]
        splits[kept] = random_split(len(kept), seed)
    return assemble(levels, words, splits, labels, source)


def _synthetic(seed: int, quiet: bool):
    """Synthetic speech, kept under `cache` once made."""
    cached = CACHE / f"synthetic-{seed}.npz"
    if not cached.exists():
        levels, words, splits = synthetic.make(seed, quiet=quiet)
        archive.save(cached, X=levels, word=words, split=splits)
    return archive.read(cached)
