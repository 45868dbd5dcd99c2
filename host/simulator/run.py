"""The device's unchanged program in MicroPython's unix port, on the stand-in hardware of host/simulator/standin.

A folder becomes the robot's file system: the files of device/, model.bin, settings.json, and scene.json, which tells
the stand-in what there is to hear and to meet. What the program prints comes back as a Log, and its PWM as a path.
"""

import json
import os
import shutil
import subprocess
import tempfile
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from host.base.paths import DEVICE
from host.base.text import printable
from host.engines.micropython import executable
from host.features.frontends import RATE
from host.simulator import physics

STANDIN = Path(__file__).with_name("standin")
NOT_COPIED = ("__pycache__",)
READ = (
    "@heard",
    "@move",
    "@pin",
    "@light",
    "@listen",
    "@lost",
    "@stall",
    "@sleep",
    "@crash",
    "@end",
)  # others are counted
KEPT_LINES = 2000  # of a program that never stops printing
SURE = 65535  # a confidence of one
GAIN = 4  # the settings' gain (steps of 6 dB) at which the robot hears a recording's own numbers
OFFSET = 1 << 26  # of the microphone, as real ones have it; a slot is full at 1 << 31
ROLL_OUT_US = 300_000  # the robot is watched for so long after the end


@dataclass(frozen=True)
class Heard:
    """A command that the robot heard; s: seconds of sound up to the window that completed it."""

    s: float
    word: str
    confidence: float


@dataclass(frozen=True)
class Announced:
    """What the program says of a movement: the action of a word, or arrived, obstacle, deadman."""

    s: float
    name: str


@dataclass
class Log:
    """What a robot printed, in order, and what was in it for a machine to read."""

    heard: list[Heard] = field(default_factory=list)
    announced: list[Announced] = field(default_factory=list)
    pins: list[physics.PinChange] = field(default_factory=list)
    counts: Counter = field(default_factory=Counter)  # of all lines with an "@", by name
    lost_ms: int = 0  # sound that the program was too late for
    text: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_LINES))  # everything else
    us: int = 0  # virtual time of the last line that told it
    start_us: int | None = None  # when the microphone was first opened: the sound's own time counts from there
    stream_s: float = 0.0  # when the program began its stream of sound, anew after a stall or a sleep
    end_us: int | None = None  # of the recording and the silence behind it; None: the program did not get there
    crash: str | None = None  # the exception that the launcher caught
    timed_out: bool = False
    status: int = 0  # of the process

    def sound_s(self, us: int) -> float:
        """Seconds of sound at a virtual time."""
        return max(0, us - (self.start_us or 0)) / 1e6

    def take(self, line: str) -> Heard | Announced | str | None:
        """Read a line; what there is to show of it, None for what is for machines only. Garbage is text."""
        try:
            return self._machine(line.split())
        except (ValueError, IndexError):
            self.text.append(line)
            return line

    def _machine(self, words: list[str]) -> Heard | Announced | None:
        found: Heard | Announced | None = None
        match words:
            case ["@heard", *word, confidence, ms] if word:
                found = heard = Heard(self.stream_s + int(ms) / 1000, " ".join(word), int(confidence) / SURE)
                self.heard.append(heard)
            case ["@move", *name] if name:
                found = announced = Announced(self.sound_s(self.us), " ".join(name))
                self.announced.append(announced)
            case ["@pin", us, gpio, duty]:
                change = physics.PinChange(int(us), int(gpio), int(duty))
                self.pins.append(change)
                self.us = change.us
            case ["@light", us, _, _, _]:
                self.us = int(us)
            case ["@listen", us]:
                self.us = int(us)
                self.start_us = self.us if self.start_us is None else self.start_us
            case ["@stall", _]:
                self.stream_s = self.sound_s(self.us)
            case ["@sleep", us, ms]:
                self.us = int(us) + 1000 * int(ms)
                self.stream_s = self.sound_s(self.us)
            case ["@crash", name]:
                self.crash = name
            case ["@lost", ms]:
                self.lost_ms += int(ms)
            case ["@end", us]:
                self.end_us = self.us = int(us)
            case [name, *_] if name[1:].isidentifier() and name[0] == "@" and name not in READ:
                pass
            case _:
                raise ValueError("not for a machine")
        self.counts[words[0][1:]] += 1
        return found


@dataclass(frozen=True)
class Simulation:
    """A run: the sound, what was printed, the way driven; problem: a sentence where the program did not end well."""

    samples: np.ndarray
    log: Log
    path: physics.Path
    problem: str | None


def prepare(folder: Path, model: bytes | None, scene: dict, settings: bytes | dict | None = None) -> None:
    """Fill a new folder with what lies on a robot, and its scene.

    settings: what stands in its settings.json instead of the shipped one; the robot's own reader makes sense of it.
    """
    shutil.copytree(DEVICE, folder, ignore=shutil.ignore_patterns(*NOT_COPIED))
    if model is not None:
        (folder / "model.bin").write_bytes(model)
    if settings is not None:
        given = json.dumps(settings).encode() if isinstance(settings, dict) else settings
        (folder / "settings.json").write_bytes(given)
    (folder / "scene.json").write_text(json.dumps(scene))


def slots(samples: np.ndarray, first: int = 0) -> bytes:
    """What the microphone gives for int16 samples, the first of them that number in the stream.

    32-bit slots with an offset, little-endian. The lowest of the 24 bits never rests, even where the samples are zero:
    the robot takes a microphone whose words do not change for a dead one.
    """
    noise = ((first + np.arange(len(samples))) & 1) << 8
    return ((samples.astype("<i4") << (16 - GAIN)) + OFFSET + noise).astype("<i4").tobytes()


def run(
    folder: Path,
    code: str = "from tympan_robot import launcher; launcher.start()",
    sound: Iterable[bytes] | None = None,
    timeout: float | None = 300,
    show: Callable[[Heard | Announced | str], None] = lambda item: None,
) -> Log:
    """Start `code` in a prepared folder and read what it prints, to its end or for `timeout` seconds.

    sound: blocks of slots for a scene whose audio is "-"; the program hears them as they come, and an interrupt
    (Ctrl-C) ends the sound, not the program.
    """
    log = Log()
    command = [str(executable()), "-c", code]
    environment = {**os.environ, "MICROPYPATH": str(STANDIN)}  # the unix port puts the current folder before it
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0,
        stdin=subprocess.DEVNULL if sound is None else subprocess.PIPE, start_new_session=True,
    ) as process:  # fmt: skip
        timer = threading.Timer(timeout or 0, _give_up, (process, log))
        if timeout:
            timer.start()
        if sound is not None:
            threading.Thread(target=_feed, args=(process.stdin, sound), daemon=True).start()
        try:
            try:
                _read(process, log, show)
            except KeyboardInterrupt:
                if process.stdin is None:
                    raise
                process.stdin.close()
                _read(process, log, show)
        except BaseException:
            process.kill()
            raise
        finally:
            timer.cancel()
    log.status = process.returncode
    return log


def _give_up(process: subprocess.Popen, log: Log) -> None:
    log.timed_out = True
    process.kill()


def _feed(pipe, sound: Iterable[bytes]) -> None:
    try:
        with pipe:
            for block in sound:
                pipe.write(block)
    except (OSError, ValueError):
        pass  # the program ended, or the pipe was closed to end it


def _read(process: subprocess.Popen, log: Log, show) -> None:
    assert process.stdout, "it is a pipe"
    with open(process.stdout.fileno(), "rb", closefd=False) as output:
        while line := output.readline(1 << 16):
            item = log.take(printable(line.decode(errors="replace").rstrip("\r\n"), "\t"))
            if item is not None:
                show(item)


def simulate(
    model: bytes | None,
    samples: np.ndarray | Iterable[np.ndarray],
    program: str | None = None,
    settings: bytes | dict | None = None,
    robot: physics.Physics | None = None,
    scene: dict | None = None,
    code: str | None = None,
    timeout: float | None = None,
    show: Callable[[Heard | Announced | str], None] = lambda item: None,
) -> Simulation:
    """Let the robot hear int16 samples, or blocks of them as they come, and go where its program takes it.

    program: the name of one in programs/ instead of the settings' own; settings: as of prepare(); scene: further keys
    of standin/scene.py, times in ms; code: what to run instead of the launcher.
    """
    robot = robot or physics.Physics()
    code = code or f"from tympan_robot import launcher; launcher.start({'' if program is None else repr(program)})"
    recorded = samples if isinstance(samples, np.ndarray) else None
    if timeout is None and recorded is not None:
        timeout = 60 + len(recorded) / RATE
    heard: list[np.ndarray] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "robot"
        audio = "-" if recorded is None else "audio.raw"
        prepare(
            folder,
            model,
            {"audio": audio, "battery_mv": round(robot.battery_mv), "log": True, **(scene or {})},
            settings,
        )
        if recorded is not None:
            (folder / audio).write_bytes(slots(recorded))
        log = run(folder, code, _slots_of(samples, heard) if recorded is None else None, timeout, show)
    if recorded is None:
        recorded = np.concatenate([*heard, np.zeros(0, np.int16)])
    end = max(log.us, log.end_us or 0) + ROLL_OUT_US
    return Simulation(recorded, log, physics.drive(log.pins, end, robot), problem(log, timeout))


def _slots_of(blocks: Iterable[np.ndarray], heard: list[np.ndarray]) -> Iterable[bytes]:
    count = 0
    for block in blocks:
        heard.append(block)
        yield slots(block, count)
        count += len(block)


def problem(log: Log, timeout: float | None) -> str | None:
    """What went wrong, in a sentence. A program that has done its work before the recording's end is none."""
    at = f"{log.us / 1e6:.1f} s into the simulation"
    if log.timed_out:
        return f"the program did not end within {timeout:g} s and was stopped, {at}"
    if log.crash is None and log.status == 0:
        return None
    lines = [line.strip() for line in log.text if line.strip()]
    last = lines[-1] if lines else f"exit status {log.status}"
    if log.crash == "Unready":  # a sentence for the owner, then the launcher's own
        last = lines[-2] if len(lines) > 1 else last
    elif log.crash:  # its traceback ends with the error, and the launcher has more to say
        last = next((line for line in reversed(lines) if line.startswith(log.crash)), log.crash)
    return f"the program failed, {at}: {last}"
