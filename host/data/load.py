"""`--data`: synthetic speech, a folder of recordings or an archive of log-mels, as a `Dataset`."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from host.base import paths
from host.base.errors import DataError
from host.data import archive, speech_commands, survey, synthetic
from host.data.audio import FACTS
from host.data.dataset import (
    NOISE_FOLDER,
    TRAINING,
    WORDS,
    Dataset,
    Part,
    assemble,
    class_labels,
    random_split,
    word_class,
)
from host.data.findings import Finding
from host.data.folder import classed, others
from host.data.languages import Language, spoken_by


@dataclass(frozen=True)
class Gathered:
    """All that several sources hold, in one part, before it is a data set.

    target: int64 [clips], -1 of no class; keep: bool [clips], whether a clip may be used; origin: uint8 [clips].
    """

    part: Part
    target: np.ndarray
    keep: np.ndarray
    origin: np.ndarray
    labels: tuple[str, ...]
    sources: tuple[str, ...]
    rule: str
    noise_source: str | None

    @property
    def findings(self) -> list[Finding]:
        return self.part.findings

    @property
    def others(self) -> list[str]:
        """Lines on the words that are none of the labels."""
        return others(np.unique(self.part.words).tolist(), self.labels)

    def table(self) -> str:
        """All of it, a line for each word: for people."""
        return survey.table(self.part, self.target, self.keep, self.labels)

    def dataset(self) -> Dataset:
        """The clips that may be used and have a class. DataError where training or validation lack one."""
        p, k = self.part, self.keep
        levels, words, split = (a if k.all() else a[k] for a in (p.levels, p.words, p.split))
        return assemble(levels, words, split, self.labels, self.sources, self.rule, self.origin[k], self.noise_source)


def gather(
    sources: Sequence[str], classes: int, split="auto", seed=0, noise: Path | None = None, quiet=False,
    words: tuple[str, ...] = (), resample: bool = False,
) -> Gathered:  # fmt: skip
    """All of `sources`: a language's name, a folder of <word>/*.wav, or an .npz archive, each.

    words: to be obeyed; where none are given those of the language, English where none is named. classes: 10 for these
    words alone, 12 for unknown and silence too. split: see speech_commands.SPLITS. noise: a folder of long recordings,
    in place of the noise that the sources have. Of longer clips the middle is taken, as long as the shortest source's.
    resample: recordings of any rate and number of channels. DataError where a source cannot be used, or they do not fit
    together.
    """
    for i, source in enumerate(sources):
        if any(_place(source) == _place(other) for other in sources[:i]):
            raise DataError(f"{source} is named twice; its clips would count twice")
    obeyed = {words} if words else {language.words for language in map(spoken_by, sources) if language} or {WORDS}
    if len(obeyed) > 1:
        raise DataError(f"{' and '.join(sources)}: two languages; name the words to be obeyed with --words")
    labels = class_labels(classes, obeyed.pop())
    parts = [_read(source, split, seed, quiet, resample) for source in sources]
    found = [f for part in parts for f in part.findings]
    found += [f for s, part in zip(sources, parts, strict=True) for f in classed(s, np.unique(part.words), labels)]
    frames = min(part.levels.shape[1] for part in parts)
    parts = [replace(part, levels=_middle(part.levels, frames)) for part in parts]
    if len(parts) > 1:
        parts = [
            replace(part, names=np.array([f"{source}/{name}" for name in part.names]))
            for source, part in zip(sources, parts, strict=True)
        ]
    if noise:
        parts = [_chosen(part, part.words != NOISE_FOLDER) for part in parts]
        parts.append(speech_commands.read_noise(noise, frames, paths.CACHE, quiet, resample))
        found += parts[-1].findings
    part = _joined(parts)
    classes_of = {w: word_class(w, labels) for w in np.unique(part.words)}
    target = np.array([classes_of[w] for w in part.words], np.int64)
    names = tuple(str(Path(source)) for source in sources)
    if split == "random":
        part.split[(target >= 0) & (part.words != NOISE_FOLDER)] = TRAINING
    origin = np.repeat(np.arange(len(parts), dtype=np.uint8), [len(p.words) for p in parts])
    keep, more = survey.kept(" and ".join(names), part, target, origin, split == "random")
    if split == "random":
        # clips of one recording of noise overlap: they stay where they are
        drawn = keep & (target >= 0) & (part.words != NOISE_FOLDER)
        part.split[drawn] = random_split(target[drawn], seed)
    part = replace(part, findings=found + more)
    return Gathered(part, target, keep, origin, labels, names, split, str(noise) if noise else None)


def _place(source: str) -> str:
    """What two names of one source have in common."""
    return source if spoken_by(source) else str(Path(source).resolve())


def _chosen(part: Part, rows: np.ndarray) -> Part:
    facts = None if part.facts is None else part.facts[rows]
    return Part(part.levels[rows], part.words[rows], part.split[rows], part.names[rows], facts, part.findings)


def _joined(parts: list[Part]) -> Part:
    """The clips of all parts; facts that a part does not have are no numbers."""
    if len(parts) == 1:
        return parts[0]
    unknown = np.full(1, np.nan).astype(FACTS)
    facts = [np.repeat(unknown, len(p.words)) if p.facts is None else p.facts for p in parts]
    levels, words, split, names = (
        np.concatenate([getattr(p, name) for p in parts]) for name in ("levels", "words", "split", "names")
    )
    return Part(levels, words, split, names, np.concatenate(facts))


def _middle(levels: np.ndarray, frames: int) -> np.ndarray:
    """The middle frames of each clip."""
    start = (levels.shape[1] - frames) // 2
    return levels[:, start : start + frames]


def _read(source: str, split: str, seed: int, quiet: bool, resample: bool) -> Part:
    """One source."""
    path, language = Path(source), spoken_by(source)
    folder = not language and (path.suffix.lower() != ".npz" or path.is_dir())
    if folder:
        return speech_commands.read(path, split, paths.CACHE, quiet, resample)
    if split in ("lists", "hash"):
        raise DataError(f"{source} has a split of its own; use --split auto or random, not {split}")
    levels, words, splits = _synthetic(language, seed, quiet) if language else archive.read(path)
    return Part(levels, words, splits, np.array([f"clip {i}" for i in range(len(words))]))


def _synthetic(language: Language, seed: int, quiet: bool):
    """Synthetic speech, kept in paths.CACHE once made, for as long as what it was made of stays the same."""
    made_of = hashlib.sha256(synthetic.made_of(language).encode()).hexdigest()[:16]
    cached = paths.CACHE / f"{language.source}-{seed}-{made_of}.npz"
    with suppress(DataError):  # it is not there, or damaged
        return archive.read(cached)
    levels, words, splits = synthetic.make(seed, language=language, quiet=quiet)
    archive.keep(cached, X=levels, word=words, split=splits)
    return levels, words, splits
