"""`--data`: synthetic speech, a folder of recordings or an archive of log-mels, as a `Dataset`."""

import hashlib
from contextlib import suppress
from pathlib import Path

import numpy as np

from host.data import archive, speech_commands, synthetic
from host.data.dataset import NOISE_FOLDER, WORDS, DataError, Dataset, assemble, class_labels, random_split, word_class
from host.data.languages import Language, spoken_by

CACHE = Path("cache")


def load(
    sources: list[str], classes: int, split="auto", seed=0, noise: Path | None = None, quiet=False,
    words: tuple[str, ...] = (),
) -> Dataset:  # fmt: skip
    """One data set of all `sources`: a language's name, a folder of <word>/*.wav, or an .npz archive, each.

    words: to be obeyed; where none are given those of the language, English where none is named. classes: 10 for these
    words alone, 12 for unknown and silence too. split: see speech_commands.SPLITS. noise: a folder of long recordings,
    in place of the noise that the sources have. Of longer clips the middle is taken, as long as the shortest source's.
    DataError where a source cannot be used, or they do not fit together.
    """
    obeyed = {words} if words else {language.words for language in map(spoken_by, sources) if language} or {WORDS}
    if len(obeyed) > 1:
        raise DataError(f"{' and '.join(sources)}: two languages; name the words to be obeyed with --words")
    labels = class_labels(classes, obeyed.pop())
    parts = [_read(source, split, seed, quiet) for source in sources]
    frames = min(levels.shape[1] for levels, _, _ in parts)
    parts = [(_middle(levels, frames), words, splits) for levels, words, splits in parts]
    if noise:
        parts = [tuple(a[words != NOISE_FOLDER] for a in (levels, words, s)) for levels, words, s in parts]
        parts.append(speech_commands.read_noise(noise, frames, CACHE, quiet))
    levels, words, splits = (np.concatenate(a) if len(a) > 1 else a[0] for a in zip(*parts, strict=True))
    if split == "random":
        target = np.array([word_class(str(w), labels) for w in words])
        splits[target >= 0] = random_split(target[target >= 0], seed)
    names = tuple(str(Path(source)) for source in sources)
    origin = np.repeat(np.arange(len(parts), dtype=np.uint8), [len(words) for _, words, _ in parts])
    return assemble(levels, words, splits, labels, names, split, origin, str(noise) if noise else None)


def _middle(levels: np.ndarray, frames: int) -> np.ndarray:
    """The middle frames of each clip."""
    start = (levels.shape[1] - frames) // 2
    return levels[:, start : start + frames]


def _read(source: str, split: str, seed: int, quiet: bool):
    """(levels, words, split) of one source."""
    path, language = Path(source), spoken_by(source)
    folder = not language and (path.suffix.lower() != ".npz" or path.is_dir())
    if not folder and split in ("lists", "hash"):
        raise DataError(f"{source} has a split of its own; use --split auto or random, not {split}")
    if language:
        return _synthetic(language, seed, quiet)
    return speech_commands.read(path, split, CACHE, quiet) if folder else archive.read(path)


def _synthetic(language: Language, seed: int, quiet: bool):
    """Synthetic speech, kept under `cache` once made, for as long as what it was made of stays the same."""
    made_of = hashlib.sha256(synthetic.made_of(language).encode()).hexdigest()[:16]
    cached = CACHE / f"{language.source}-{seed}-{made_of}.npz"
    with suppress(DataError):  # it is not there, or damaged
        return archive.read(cached)
    levels, words, splits = synthetic.make(seed, language=language, quiet=quiet)
    archive.keep(cached, X=levels, word=words, split=splits)
    return levels, words, splits
