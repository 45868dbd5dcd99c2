"""A model.bin opened for evaluation, and what each of its executions makes of windows of sound."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from host.base.errors import naming
from host.engines import micropython, native
from host.format.file import read
from host.format.program import Program
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
    def of(file: bytes, path: Path) -> "Model":
        """Error where it cannot be read or the C core refuses it: before that, nothing it says is relied on.

        path: what it is called in messages.
        """
        with naming(path):
            program = read(file)[0]
            native.NativeModel(file)
            return Model(path, file, program)

    @staticmethod
    def open(path: Path) -> "Model":
        """The same of a file."""
        return Model.of(path.read_bytes(), path)


def window_samples(program: Program) -> int:
    """Samples that one window of the network covers."""
    return (program.frontend.frames - 1) * program.frontend.hop + program.frontend.frame


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
