"""How well a model.bin does on a folder of recordings, by any of its executions."""

import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from host.command import naming
from host.data import audio, survey, synthetic
from host.data.dataset import SILENCE, VALIDATION, DataError, command_words, word_class
from host.data.findings import Finding
from host.data.folder import classed, is_noise, layout, others, passed_over, recordings, word_folders
from host.data.languages import spoken_by
from host.data.speech_commands import listen, split_rule
from host.engines import micropython, native
from host.format.file import read
from host.format.program import Program
from host.models.network import Network
from host.pictures import png, pyplot
from host.reference import frontend, specification

ENGINES = ("native", "reference", "micropython")
BATCH = 256


@dataclass(frozen=True)
class Model:
    """A model.bin: its path, its bytes and what they say."""

    path: Path
    file: bytes
    program: Program

    @staticmethod
    def open(path: Path) -> "Model":
        """FormatError where it cannot be read or the C core refuses it: before that, nothing it says is relied on."""
        file = path.read_bytes()
        with naming(path):
            program = read(file)[0]
            native.NativeModel(file)
            return Model(path, file, program)


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


@dataclass(frozen=True)
class Result:
    """target: int64 [n], indices of labels; probabilities: [n, classes], uint16 of 65535 where the robot's integers."""

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


def window_samples(program: Program) -> int:
    """Samples that one window of the network covers."""
    return (program.frontend.frames - 1) * program.frontend.hop + program.frontend.frame


def evaluated_labels(program: Program, classes: int | None) -> tuple[str, ...]:
    """The classes that count: all of the model's, or its words to be obeyed alone."""
    words = command_words(program.labels)
    if classes is None or classes == len(program.labels):
        return program.labels
    if classes == len(words):
        return words
    raise DataError(f"--classes {classes}: the model has {len(program.labels)}: {', '.join(program.labels)}")


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


def classify(file: bytes, program: Program, windows: np.ndarray, engine: str = "native") -> np.ndarray:
    """int16 [n, samples] -> uint16 [n, classes], every window a stream of its own."""
    classes = len(program.labels)
    if engine == "micropython":
        return micropython.classify(file, windows, classes)
    if engine == "native":
        front = native.FrontEndEngine(program.frontend)
        return native.NativeModel(file, program.frontend.frames, program.frontend.width, classes).run(
            front.clips(windows)
        )
    out = []
    for i in range(0, len(windows), BATCH):
        out.append(specification.run(program, reference_features(program, windows[i : i + BATCH]))[-1])
    return np.concatenate(out).reshape(len(windows), classes).astype(np.uint16)


def reference_features(program: Program, windows: np.ndarray) -> np.ndarray:
    """int16 [n, samples] -> uint8 [n, frames, width] by the specification."""
    config = program.frontend
    frames = np.concatenate([frontend.split_frames(w, config) for w in windows])
    levels = frontend.log_mel(frames, config)
    return frontend.features(levels, config).reshape(len(windows), -1, config.width)


def judge(model: Model, labels: tuple[str, ...], clips: Clips, engine: str = "native") -> Result:
    """What the model makes of the clips; of its classes only `labels` count. FormatError where the core refuses it."""
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
    features = torch.from_numpy(native.FrontEndEngine(network.frontend).clips(clips.windows))
    with network.unquantized(), torch.no_grad():
        logits = torch.cat([network(part) for part in features.split(BATCH)]).numpy()
    return Result(network.labels, clips.target, logits, time.perf_counter() - started, clips.missing)


def confusion_picture(result: Result, title: str) -> bytes:
    """The confusion table as a PNG, in per cent of each true class."""
    n = len(result.labels)
    share = 100 * result.confusion / np.maximum(1, result.confusion.sum(1, keepdims=True))
    figure, axis = pyplot().subplots(figsize=(1.8 + 0.55 * n, 1.4 + 0.5 * n), layout="constrained")
    axis.imshow(share, cmap="Blues", vmin=0, vmax=100)
    axis.set(xlabel="heard", ylabel="said", title=title)
    axis.set_xticks(range(n), result.labels, rotation=45, ha="right")
    axis.set_yticks(range(n), result.labels)
    for i in range(n):
        for j in range(n):
            if share[i, j] >= 0.5:
                color = "white" if share[i, j] > 55 else "black"
                axis.text(j, i, f"{share[i, j]:.0f}", ha="center", va="center", fontsize=8, color=color)
    return png(figure)
