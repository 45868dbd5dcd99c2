"""A stream of sound, heard as the robot hears it: the C core runs the windows, the robot's own lines decide."""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from device.tympan_robot.decision import Decision
from host.engines.native import FrontEndEngine, ModelError, NativeListener, NativeModel
from host.format.program import Program


@dataclass(frozen=True)
class Window:
    """A window that moved over a stream.

    end: samples of the stream up to its end. level: RMS in steps of int16 of the samples since the window before.
    leader: index of its most probable label, -1 where the gate was closed; probabilities: uint16 [labels], then 0.
    command: index of the label that became a command with it, else -1; confidence: of that command, of 65535, else 0.
    """

    end: int
    level: int
    leader: int
    probabilities: np.ndarray
    command: int
    confidence: int


def listen(file: bytes, program: Program, samples: np.ndarray, rule: dict[str, int] | None = None) -> list[Window]:
    """All windows of a stream int16 [n], as the robot's listener hears them; program: what the file says.

    rule: what differs from the listening defaults of the file, by the names of `Listening`. ModelError where the C core
    refuses the file.
    """
    c = program.frontend
    listening = vars(program.listening) | (rule or {})
    listening["votes"] = min(listening["votes"], listening["history"])
    every = max(1, listening["hop"] // (c.hop * 1000 // c.rate))
    features = FrontEndEngine(c).push(samples)
    ends = np.arange(c.frames, len(features) + 1, every)  # in frames
    until = c.frame + (ends - 1) * c.hop  # in samples
    levels = _levels(samples, until)
    heard = np.flatnonzero(np.array(levels, int) >= listening["gate"])
    probabilities = np.zeros((len(ends), len(program.labels)), np.uint16)
    if len(heard):
        probabilities[heard] = _probabilities(file, program, every, features, ends[heard])
    decision, windows = Decision(program.labels, listening), []
    for end, level, row in zip(until.tolist(), levels, probabilities, strict=True):
        leader = int(row.argmax()) if level >= listening["gate"] else -1
        command = decision.update(leader, int(row[leader]) if leader >= 0 else 0)
        windows.append(Window(end, level, leader, row, command, decision.confidence if command >= 0 else 0))
    return windows


def _levels(samples: np.ndarray, until: np.ndarray) -> list[int]:
    """The level of each stretch of samples, the first from the start (docs/semantics.md, section 6)."""
    energy = np.concatenate([[0], np.cumsum(samples.astype(np.int64) ** 2)])
    bounds = [0, *until.tolist()]
    return [math.isqrt(int(energy[b] - energy[a]) // (b - a)) for a, b in pairwise(bounds)]


def _probabilities(file: bytes, program: Program, hop: int, features: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """uint16 [windows, labels] of the windows that end before these frames."""
    model = NativeModel(file, program.frontend.frames, program.frontend.width, len(program.labels))
    try:
        return NativeListener(model, hop).run(features, ends)
    except ModelError:  # the network takes whole windows, as it does on the robot
        return model.run(np.stack([features[end - model.frames : end] for end in ends]))
