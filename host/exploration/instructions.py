"""Instructions that a window will take, estimated from the operators alone: nothing needs to be compiled for a chip.

Each kind of operator costs so much for each unit of its work; what a unit costs is fitted, by least squares, to counts
of the networks of host/models in bench/estimate.json. So the estimate follows the kernels: `make bench-xtensa` renews
it. docs/search.md says how far it lies from the count of a network that it was not fitted to.
"""

import json
from collections.abc import Iterable
from functools import cache

import numpy as np

from host.base.paths import BENCH
from host.format.program import Plan, Program
from host.operators import KINDS
from host.operators.operator import Strips

COUNTS = BENCH / "estimate.json"

STRIPS = "strips"
# by the beginning of a C function's name, the longest first, the work it does; any other function belongs to the
# strips: who is ready, what moves, what is called
FUNCTIONS = dict(
    sorted(((start, work) for op in KINDS.values() for start, work in op.FUNCTIONS.items()), key=lambda f: -len(f[0]))
)


def kind(function: str) -> str:
    """The kind of work that a function of the core does."""
    return next((k for start, k in FUNCTIONS.items() if function.startswith(start)), STRIPS)


def works(program: Program, plan: Plan) -> dict[str, np.ndarray]:
    """The units of work of each kind in a window."""
    shapes = program.shapes()
    strips = Strips(plan.strip, -(-shapes[0][0] // plan.strip), plan.ahead)
    total = {STRIPS: np.array([strips.count * len(program.operators)])}
    for op, written in zip(program.operators, shapes[1:], strict=True):
        name, units = op.work(shapes[op.source], written, strips)
        total[name] = total.get(name, 0) + np.array(units)
    return total


def fit(counts: Iterable[dict[str, dict]]) -> dict[str, np.ndarray]:
    """Instructions for each unit of work of each kind, from {kind: {"units": [...], "counted": n}} of some networks."""
    units: dict[str, list] = {}
    counted: dict[str, list] = {}
    for network in counts:
        for which, entry in network.items():
            units.setdefault(which, []).append(entry["units"])
            counted.setdefault(which, []).append(entry["counted"])
    return {which: _fit(np.array(units[which], float), np.array(counted[which], float)) for which in units}


@cache
def costs() -> dict[str, np.ndarray]:
    """What is fitted to all networks that were counted."""
    return fit(json.loads(COUNTS.read_text("utf-8")).values())


def _fit(units: np.ndarray, counted: np.ndarray) -> np.ndarray:
    """What a unit costs, by least squares of the relative errors: a small model's counts as much as a large one's."""
    scale = 1 / np.maximum(counted, 1)
    return np.linalg.lstsq(units * scale[:, None], counted * scale, rcond=None)[0]


def estimate(program: Program, plan: Plan) -> int:
    """Instructions of a window on the core that bench/estimate.json counts; they are not cycles."""
    return total(works(program, plan), costs())


def total(units: dict[str, np.ndarray], fitted: dict[str, np.ndarray]) -> int:
    """What so much work of each kind costs."""
    return round(sum(float(amount @ fitted[which]) for which, amount in units.items()))
