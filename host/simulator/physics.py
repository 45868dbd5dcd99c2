"""Where the simulated robot goes: from the PWM of its four motor pins to a path on the floor.

The constants are this robot's own. The device's program has another set, in its settings: perturb these and the
program's distances and angles come out wrong, as they would on a robot with worn wheels.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

FULL = 65535  # a duty of the whole battery voltage


@dataclass(frozen=True)
class Physics:
    """The robot as it is built. The difference of its two pins drives a motor; both high brake it, both low coast."""

    wheel_mm: float = 33.5  # diameter
    track_mm: float = 77.5  # between the two points where the wheels touch the floor
    rpm_per_volt: float = 20.3
    battery_mv: float = 4000.0
    left_gain: float = 1.0  # of the motor's speed
    right_gain: float = 1.0
    dead_share: float = 0.05  # of the battery's voltage: less does not turn a wheel
    lag_ms: float = 20.0  # time constant of a driven wheel's speed
    brake_ms: float = 5.0  # the same with both pins high
    coast_ms: float = 80.0  # and with both low
    left_pins: tuple[int, int] = (35, 37)  # BIN1, BIN2; forward drives the second
    right_pins: tuple[int, int] = (36, 38)  # AIN1, AIN2

    @property
    def top_speed(self) -> float:
        """mm/s of a wheel with the whole battery on its motor."""
        return self.rpm_per_volt * self.battery_mv / 1000 / 60 * math.pi * self.wheel_mm


@dataclass(frozen=True)
class PinChange:
    """A pin's new duty (0 to 65535) at a time in microseconds."""

    us: int
    pin: int
    duty: int


COLUMNS = ("s", "x_mm", "y_mm", "heading_rad", "left_mm_s", "right_mm_s")


@dataclass(frozen=True)
class Path:
    """Rows of COLUMNS. x is ahead of the start, y left of it; the heading counts from x towards y, without wrapping."""

    rows: np.ndarray

    def column(self, name: str) -> np.ndarray:
        return self.rows[:, COLUMNS.index(name)]

    @property
    def pose(self) -> dict[str, float]:
        """Where the robot stands at the end: x and y in mm, heading in degrees, a left turn positive."""
        _, x, y, heading, _, _ = self.rows[-1]
        return {"x_mm": float(x), "y_mm": float(y), "heading_degrees": math.degrees(heading)}

    @property
    def driven_mm(self) -> float:
        """Length of the way of the point between the wheels."""
        return float(np.hypot(np.diff(self.column("x_mm")), np.diff(self.column("y_mm"))).sum())


class _Wheel:
    """One wheel's speed; it tends to what its pins ask for."""

    def __init__(self, physics: Physics, pins: tuple[int, int], gain: float):
        self.physics, self.pins, self.gain = physics, pins, gain
        self.speed = 0.0  # mm/s

    def target(self, duty: dict[int, int]) -> tuple[float, float]:
        """(speed in mm/s, time constant in s) that these duties lead to."""
        back, ahead = (duty.get(p, 0) for p in self.pins)
        share = (ahead - back) / FULL
        if abs(share) > self.physics.dead_share:
            return share * self.gain * self.physics.top_speed, self.physics.lag_ms / 1000
        return 0.0, (self.physics.brake_ms if min(back, ahead) > FULL / 2 else self.physics.coast_ms) / 1000

    def advance(self, duty: dict[int, int], s: float) -> float:
        """The way in mm that it rolls in `s` seconds; exact for duties that stay."""
        target, lag = self.target(duty)
        decay = math.exp(-s / lag) if lag > 0 else 0.0
        way = target * s + (self.speed - target) * lag * (1 - decay)
        self.speed = target + (self.speed - target) * decay
        return way

    def resting(self, duty: dict[int, int]) -> bool:
        return abs(self.speed) < 1e-3 and self.target(duty)[0] == 0


def drive(changes: Iterable[PinChange], end_us: int, physics: Physics | None = None, step_ms: float = 2.0) -> Path:
    """The path from the start, at rest and facing along x, to `end_us`. Pins that are no motor's do nothing.

    Between changes it goes in steps of at most `step_ms`, each an exact arc of the wheels' exact ways; a robot at rest
    takes the time to the next change in one step.
    """
    physics = physics or Physics()
    left = _Wheel(physics, physics.left_pins, physics.left_gain)
    right = _Wheel(physics, physics.right_pins, physics.right_gain)
    motor_pins = {*left.pins, *right.pins}
    events = sorted((c for c in changes if c.pin in motor_pins and c.us <= end_us), key=lambda c: c.us)
    duty: dict[int, int] = {}
    s = x = y = heading = 0.0
    rows = [(s, x, y, heading, 0.0, 0.0)]
    for change in [*events, None]:
        until = (change.us if change else end_us) / 1e6
        while until - s > 1e-9:
            resting = left.resting(duty) and right.resting(duty)
            h = until - s if resting else min(step_ms / 1000, until - s)
            rolled_left, rolled_right = left.advance(duty, h), right.advance(duty, h)
            way, turn = (rolled_left + rolled_right) / 2, (rolled_right - rolled_left) / physics.track_mm
            chord = way * (math.sin(turn / 2) / (turn / 2) if abs(turn) > 1e-9 else 1.0)
            x += chord * math.cos(heading + turn / 2)
            y += chord * math.sin(heading + turn / 2)
            heading += turn
            s += h
            rows.append((s, x, y, heading, left.speed, right.speed))
        if change:
            duty[change.pin] = change.duty
    return Path(np.array(rows))


@dataclass(frozen=True)
class Movement:
    """A stretch of the path of one kind: forward, backward, left or right. degrees: positive to the left."""

    start_s: float
    end_s: float
    kind: str
    mm: float
    degrees: float


STILL_MM_S = 5.0  # a wheel slower than this stands
SHORTEST_S = 0.04  # a shorter stretch is the passage between two


def movements(path: Path) -> list[Movement]:
    """What the robot did, as somebody who watches it would say."""
    s, heading, left, right = (path.column(c) for c in ("s", "heading_rad", "left_mm_s", "right_mm_s"))
    kinds = np.where(right > left, "left", "right")
    straight = np.abs(right - left) < 0.5 * np.maximum(np.abs(left), np.abs(right))
    kinds = np.where(straight, np.where(left > 0, "forward", "backward"), kinds)
    kinds = np.where(np.maximum(np.abs(left), np.abs(right)) < STILL_MM_S, "", kinds)
    way = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(path.column("x_mm")), np.diff(path.column("y_mm"))))])
    bounds = np.flatnonzero(np.concatenate([[True], kinds[1:] != kinds[:-1], [True]]))
    found = []
    for first, behind in pairwise(bounds.tolist()):
        start, end = max(0, first - 1), behind - 1  # a row tells the speed at the end of its step
        if kinds[first] and s[end] - s[start] >= SHORTEST_S:
            degrees = math.degrees(heading[end] - heading[start])
            times = float(s[start]), float(s[end])
            found.append(Movement(*times, str(kinds[first]), float(way[end] - way[start]), degrees))
    return found
