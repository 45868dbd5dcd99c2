"""A robot to test: the device's files, a scene and a program in a folder, run by MicroPython on stand-in hardware."""

import json
import os
import platform
import subprocess
from pathlib import Path

import numpy as np
import pytest

from host.engines.micropython import executable
from host.simulator.run import STANDIN, prepare, slots
from tests.conftest import MODEL

BITS = [64, pytest.param(32, marks=pytest.mark.skipif(platform.machine() != "x86_64", reason="no 32-bit compiler"))]
START = "from tympan_robot import launcher; launcher.start()"
MOTORS = (35, 36, 37, 38)
# drives for ever, as a program might that forgot to stop
DRIVE = """
def run(robot):
    robot.motors.drive(60, 60)
    while True:
        robot.listen()
"""


class Robot:
    """A robot's folder; `play` starts its program and returns the lines it prints."""

    def __init__(self, folder: Path, model: bytes | None = None):
        self.folder = folder / "robot"
        self.scene: dict = {"log": True}
        prepare(self.folder, MODEL.read_bytes() if model is None else model, {})

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def settings(self, **changes) -> None:
        path = self.folder / "settings.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

    def hears(self, samples: np.ndarray) -> None:
        self.receives(np.frombuffer(slots(samples), "<i4"))

    def receives(self, words: np.ndarray) -> None:
        """The microphone gives these 32-bit words."""
        (self.folder / "audio.slots").write_bytes(words.astype("<i4").tobytes())
        self.scene["audio"] = "audio.slots"

    def play(self, code: str = START, bits: int = 64, timeout: float = 300) -> list[str]:
        (self.folder / "scene.json").write_text(json.dumps(self.scene))
        done = subprocess.run(
            [str(executable(bits)), "-c", code], cwd=self.folder, env={**os.environ, "MICROPYPATH": str(STANDIN)},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout,
        )  # fmt: skip
        return (done.stdout + done.stderr).splitlines()


def duties(lines: list[str]) -> dict[int, int]:
    """The last duty of each pin."""
    return {int(words[2]): int(words[3]) for words in map(str.split, lines) if words[:1] == ["@pin"]}


def stopped(lines: list[str]) -> bool:
    """Whether both motors are braked at the end of what was printed."""
    last = duties(lines)
    return all(last.get(pin) == 65535 for pin in MOTORS)


def pin_times(lines: list[str], pin: int) -> list[tuple[int, int]]:
    """(microseconds, duty) of each change of a pin."""
    changes = [words for words in map(str.split, lines) if words[:1] == ["@pin"] and int(words[2]) == pin]
    return [(int(words[1]), int(words[3])) for words in changes]


def lights(lines: list[str]) -> list[tuple[int, int, int, int]]:
    """(microseconds, red, green, blue) of each change of the light."""
    return [tuple(map(int, words[1:])) for words in map(str.split, lines) if words[:1] == ["@light"]]


def driven(lines: list[str], start_s: float = 0, end_s: float = 1e9) -> bool:
    """Whether a motor had power at any time in between."""
    for pin in MOTORS:
        changes = pin_times(lines, pin)
        ends = [us for us, _ in changes[1:]] + [1e15]
        for (us, duty), end in zip(changes, ends, strict=True):
            if 0 < duty < 65535 and us < end_s * 1e6 and end > start_s * 1e6:
                return True
    return False


def seconds(n: float, rng: np.random.Generator | None = None) -> np.ndarray:
    """So much quiet noise, int16."""
    rng = rng or np.random.default_rng(0)
    return rng.integers(-200, 200, round(n * 16000)).astype(np.int16)


def program(robot: Robot, text: str, audio_s: float = 4) -> None:
    """Give it this program, and so much sound."""
    robot.write("programs/test.py", text)
    robot.settings(program="test")
    robot.hears(seconds(audio_s))


def said(lines: list[str], words: str) -> bool:
    return any(words in line for line in lines)
