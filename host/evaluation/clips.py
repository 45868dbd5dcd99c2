"""The clips that a model is judged on: a window of each recording, and the class that it belongs to."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from host.base.errors import DataError
from host.data import audio, survey, synthetic
from host.data.dataset import SILENCE, VALIDATION, word_class
from host.data.findings import Finding
from host.data.folder import classed, is_noise, layout, others, passed_over, recordings, word_folders
from host.data.languages import spoken_by
from host.data.speech_commands import listen, split_rule
from host.evaluation.model import window_samples
from host.format.program import Program


@dataclass(frozen=True)
class Clips:
    """Windows of recordings: int16 [n, samples], the class each belongs to, and whose it is, as "<word>/<file>".

    missing: the classes of which there is none. findings: what is to be said of the recordings; others: lines on words
    that are none of the classes.
    """

    windows: np.ndarray
    target: np.ndarray
    names: list[str]
    missing: list[str]
    findings: list[Finding] = field(default_factory=list)
    others: list[str] = field(default_factory=list)


def read_clips(
    source: Path, program: Program, labels: tuple[str, ...], quiet: bool = False, resample: bool = False,
    split: str | None = None,
) -> Clips:  # fmt: skip
    """The centred window of every clip that has a class; a word without one is unknown, or left out.

    source: a folder of <word>/*.wav, or a language's name: what that language's testing voices say. resample:
    recordings of any rate and number of channels. split: only the validation clips, by the folder's lists or the data
    set's rule, or by the language's voices of validation. DataError where a recording cannot be used.
    """
    language, count = spoken_by(source), window_samples(program)
    if language:
        said = synthetic.validation_clips if split == VALIDATION else synthetic.testing_clips
        samples, words = said(language, quiet=quiet)
        names = [f"{word}/{i}" for i, word in enumerate(words)]
    else:
        folders = [f for f in word_folders(source) if not is_noise(f)]
        files = [p for f in folders if word_class(f.name, labels) >= 0 for p in recordings(f)]
        if split:
            rule = split_rule(source)
            files = [p for p in files if rule(p.relative_to(source).as_posix()) == split]
            if not files:
                raise DataError(
                    f"{source}: no clip of {split} in it, by its lists or the data set's rule; name another"
                )
        names = [p.relative_to(source).as_posix() for p in files]
    classes = [word_class(name.split("/")[0], labels) for name in names]
    rows, target = [i for i, c in enumerate(classes) if c >= 0], np.array([c for c in classes if c >= 0])
    if not rows:
        what = "" if language else f"; {layout(source)}"
        raise DataError(f"{source}: none of its folders is one of the classes {', '.join(labels)}{what}")
    names, found = [names[i] for i in rows], []
    if language:
        windows = np.stack([audio.centred(samples[i], count) for i in rows])
    else:
        heard = [(audio.centred(x, count), facts) for x, facts in listen(source, files, resample, quiet)]
        windows, facts = np.stack([x for x, _ in heard]), audio.table([f for _, f in heard])
        silence = target == (labels.index(SILENCE) if SILENCE in labels else -1)
        found = passed_over(source) + classed(str(source), [f.name for f in folders], labels)
        found += survey.tested(str(source), np.array(names), windows, facts, silence)
    missing = [w for i, w in enumerate(labels) if i not in target]
    return Clips(windows, target, names, missing, found, [] if language else others([f.name for f in folders], labels))
