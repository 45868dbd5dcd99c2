"""Instructions that a window will take, estimated from the operators alone: nothing needs to be compiled for a chip.

Each kind of operator costs so much for each unit of its work; what a unit costs is fitted, by least squares, to counts
of the networks of host/models in bench/estimate.json. So the estimate follows the kernels: `make bench-xtensa` renews
it. docs/search.md says how far it lies from the count of a network that it was not fitted to.
"""

import json
import math
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import numpy as np

from host.format.program import Conv2D, Dense, GlobalAveragePool, MaxPool, Operator, Plan, Program, Softmax
from host.inspect import multiply_adds

ROOT = Path(__file__).resolve().parents[2]
COUNTS = ROOT / "bench" / "estimate.json"

# the kind whose work a function of the C core does, by the beginning of its name, the longest first;
# any other function belongs to the strips: who is ready, what moves, what is called
FUNCTIONS = {
    "tympan_multiply_four": "depthwise",
    "tympan_multiply": "convolution",
    "tympan_conv2d": "convolution",
    "tympan_first_block": "convolution",
    "tympan_next_block": "convolution",
    "tympan_gather": "convolution",
    "make_block": "convolution",
    "tympan_winograd": "tiles",
    "tile_": "tiles",
    "products_of": "tiles",
    "tympan_prepare_affine": "gate",
    "tympan_gate": "gate",
    "gate": "gate",
    "tympan_add": "gate",
    "tympan_max_pool": "pool",
    "pool": "pool",
    "tympan_global": "mean",
    "tympan_dense": "dense",
}
STRIPS = "strips"
# as native/core has them: outputs of a tile each way, and positions from which on weights are not unpacked ahead
TILE, MANY = 4, 40
# unpacking a weight takes as long as so many multiply-adds; transforming a value of a tile as so many of its sums'
UNPACKING, TILED = 5, 28


def kind(function: str) -> str:
    """The kind of work that a function of the core does."""
    return next((k for start, k in FUNCTIONS.items() if function.startswith(start)), STRIPS)


def in_pairs(shape, strips: int) -> float:
    """What the positions (frames x bands) of a convolution grow by because each strip computes them two at a time."""
    positions = shape[0] * shape[1] / min(strips, shape[0])  # of one strip
    return 2 * math.ceil(positions / 2) / positions


def in_tiles(op: Conv2D, plan: Plan, bands: int) -> bool:
    """Whether a convolution that writes so many bands is computed in tiles (native/core/operators/winograd.h)."""
    square = op.weight.shape[1:3] == (3, 3) and op.stride == (1, 1) and op.groups == 1 and len(op.weight) > 1
    return plan.ahead and plan.strip >= TILE and square and bands >= TILE


def unpackings(op: Conv2D, plan: Plan, read_bands: int, shape, strips: int) -> int:
    """How often a window unpacks a convolution's weights: each strip or, where patches are gathered, each frame, unless
    that was done ahead (native/core/prepare.c)."""
    frames, kernel = plan.strip, op.weight.shape[1:3]
    gathered = op.groups > 1 or op.pad or (kernel[0] > 1 and kernel[1] < read_bands)
    if gathered or (shape[1] > 1 and (kernel[1] > 1 or op.stride != (1, 1))):
        frames, strips = 1, shape[0]
    return 0 if plan.ahead and frames * shape[1] < MANY else strips


def work(op: Operator, read_shape, written_shape, plan: Plan, strips: int) -> tuple[str, tuple[float, ...]]:
    """(kind, units of work): multiply-adds, and values where each costs something of its own."""
    macs, values = multiply_adds(op, written_shape), int(np.prod(written_shape))
    match op:
        case Conv2D() if op.groups == read_shape[2] == written_shape[2]:
            return "depthwise", (macs, values)
        case Conv2D() if in_tiles(op, plan, written_shape[1]):
            return "tiles", (values + np.prod(read_shape) + macs / TILED,)
        case Conv2D():
            pairs = in_pairs(written_shape, strips)
            unpacked = op.weight.size * unpackings(op, plan, read_shape[1], written_shape, strips)
            return "convolution", (macs * pairs + UNPACKING * unpacked, values * pairs)
        case Dense():
            return "dense", (macs,)
        case MaxPool():
            return "pool", (values,)
        case GlobalAveragePool():
            return "mean", (int(np.prod(read_shape)),)
        case Softmax():
            return STRIPS, (0,)
        case _:
            return "gate", (values,)


def works(program: Program, plan: Plan) -> dict[str, np.ndarray]:
    """The units of work of each kind in a window."""
    shapes = program.shapes()
    strips = -(-shapes[0][0] // plan.strip)
    total = {STRIPS: np.array([strips * len(program.operators)])}
    for op, written in zip(program.operators, shapes[1:], strict=True):
        name, units = work(op, shapes[op.source], written, plan, strips)
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
