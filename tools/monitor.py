"""Watch the robot listen:  python -m tools.monitor [--port PATH]

Starts the program that the robot's settings name and shows the level, the probabilities of each window and what the
robot hears and does, live. Ctrl-C stops the robot, its motors too, and leaves its REPL free.
"""

import argparse
import math
import shutil
import sys
import time
from collections import deque
from dataclasses import dataclass, field

from host.base.errors import Error
from host.cli.arguments import seconds
from host.cli.guard import guard
from tools.board_link import Link, find_port

START = "from tympan_robot import launcher\nlauncher.start(report=True)\n"
SURE = 65535  # a probability of one
FULL_SCALE = 32768
QUIETEST_DB = -80
BAR, ASCII_BAR = "█·", "#."  # what is full, what is empty
CLEAR, HOME, REST, HIDE, SHOW = "\x1b[2J", "\x1b[H", "\x1b[K", "\x1b[?25l", "\x1b[?25h"


NO_PACKAGE = "ImportError: no module named 'tympan_robot"
CRASHED = "the robot's program ended with an error"
OLD = "what is on the robot is older than this monitor; bring it up to date: python -m tools.deploy"


class MonitorError(Error):
    """The robot's program failed."""


@dataclass
class State:
    """What the robot has told so far."""

    labels: list[str] = field(default_factory=list)
    ms: int = 0  # of the stream
    level: int = 0  # RMS of int16
    probabilities: list[int] = field(default_factory=list)
    windows: int = 0
    events: deque[str] = field(default_factory=lambda: deque(maxlen=200))
    crashed: bool = False

    def take(self, line: str) -> str | None:
        """Read a line; what it says as an event, None where it is a figure. Lines that make no sense are text."""
        try:
            event = self._read(line.split())
        except (ValueError, IndexError):
            event = line
        if event:
            self.events.append(event)
        return event

    def _read(self, words: list[str]) -> str | None:
        match words:
            case []:
                return None
            case ["@labels", *labels] if labels:
                self.labels = labels
                return None
            case ["@window", ms, level, *probabilities]:
                values = [whole(p) for p in probabilities]
                if (self.labels and len(values) != len(self.labels)) or not all(0 <= p <= SURE for p in values):
                    raise ValueError("a window that is none")
                self.ms, self.level = whole(ms), max(0, whole(level))
                self.probabilities = values
                self.windows += 1
                return None
            case ["@level", level]:
                self.level = max(0, whole(level))
                return None
            case ["@heard", word, confidence, ms]:
                return f"{whole(ms) / 1000:7.2f} s  heard {word}, {100 * whole(confidence) // SURE} % sure"
            case ["@move", name]:
                return f"{self.ms / 1000:7.2f} s  {name}"
            case ["@lost", ms]:
                return f"{self.ms / 1000:7.2f} s  {whole(ms)} ms of sound lost"
            case ["@stall", count]:
                return f"{self.ms / 1000:7.2f} s  no sound from the microphone, {whole(count)} times so far"
            case ["@crash", name]:
                self.crashed = True
                return f"{self.ms / 1000:7.2f} s  the program ended with {name}"
        return " ".join(words)


def whole(text: str) -> int:
    """A number as the robot prints them; ValueError for what is none, or has more digits than any of its figures."""
    if len(text) > 12:
        raise ValueError("not a figure of the robot")
    return int(text)


def decibels(rms: int) -> float:
    return 20 * math.log10(max(rms, 1) / FULL_SCALE)


def glyphs(encoding: str) -> str:
    """What bars are made of where text has this encoding."""
    try:
        BAR.encode(encoding)
        return BAR
    except UnicodeEncodeError:
        return ASCII_BAR


def bar(share: float, width: int, of: str = BAR) -> str:
    full = round(max(0.0, min(1.0, share)) * width)
    return of[0] * full + of[1] * (width - full)


def draw(state: State, width: int = 80, height: int = 24, of: str = BAR) -> list[str]:
    """The picture as lines, none wider than the terminal or more than it holds."""
    room = max(10, width - 24)
    db = decibels(state.level)
    lines = [
        f"{state.ms / 1000:8.1f} s   {state.windows} windows   Ctrl-C stops the robot",
        f"{'level':>10} {bar((db - QUIETEST_DB) / -QUIETEST_DB, room, of)} {db:4.0f} dBFS",
        "",
    ]
    labels = state.labels or [str(i) for i in range(len(state.probabilities))]
    best = max(state.probabilities, default=0)
    for label, p in zip(labels, state.probabilities, strict=False):
        mark = "<" if p == best else ""
        lines.append(f"{label[:10]:>10} {bar(p / SURE, room, of)} {100 * p // SURE:3d} % {mark}")
    lines.append("")
    left = max(0, height - len(lines) - 1)
    lines += list(state.events)[-left:] if left else []
    return [line[:width] for line in lines]


def watch(link: Link, seconds: float | None, picture: bool) -> State:
    """Until the program ends, Ctrl-C, or the time is over; then the robot's program is stopped."""
    state = State()
    until = None if seconds is None else time.monotonic() + seconds
    running = link.run(START)
    try:
        while not running.ended and (until is None or time.monotonic() < until):
            for line in running.lines(0.1):
                event = state.take(line)
                if event and not picture:
                    print(event, flush=True)
            if picture:
                size = shutil.get_terminal_size()
                lines = draw(state, size.columns, size.lines, glyphs(sys.stdout.encoding))
                print(HOME + "".join(line + REST + "\n" for line in lines) + "\x1b[J", end="", flush=True)
    except KeyboardInterrupt:
        pass
    finally:
        rest = running.stop()
    for line in [*rest, *running.error.splitlines()]:
        event = state.take(line)
        if event and not picture:
            print(event, flush=True)
    if running.error:
        state.crashed = True
    return state


@guard
def main(arguments: list[str] | None = None) -> int:
    p = argparse.ArgumentParser(prog="python -m tools.monitor", description=__doc__)
    p.add_argument("--port", default="auto", help="the robot's serial port (default: the only one on USB)")
    p.add_argument("--seconds", type=seconds, help="stop after so long (default: at Ctrl-C)")
    p.add_argument("--plain", action="store_true", help="print events as lines instead of drawing")
    args = p.parse_args(arguments)
    picture = sys.stdout.isatty() and not args.plain
    try:
        with Link(find_port(args.port)) as link:
            if picture:
                print(HIDE + CLEAR, end="")
            try:
                state = watch(link, args.seconds, picture)
            finally:
                if picture:
                    print(SHOW, end="")
    except KeyboardInterrupt:
        raise KeyboardInterrupt("reset the robot") from None
    if state.crashed:
        if picture:
            print(*list(state.events)[-12:], sep="\n", file=sys.stderr)
        raise MonitorError(OLD if any(NO_PACKAGE in event for event in state.events) else CRASHED)
    print(f"the robot's program has ended after {state.windows} windows; its REPL is free")
    return 0


if __name__ == "__main__":
    sys.exit(main())
