"""Networks whose sums could be more than 32 bits hold, that are too much work, or whose plans lack a byte, beside twins
that just fit (tests/refusals.py)."""

import numpy as np

from host.format.file import write
from host.format.program import Plan, Program
from host.operators import AveragePool, MaxPool, Operator, Softmax
from tests.refusals import (
    ENVELOPE,
    INT32_MAX,
    SOUND,
    add,
    apart,
    conv,
    dense,
    file_of,
    frontend,
    gate,
    mean,
    network,
    patched,
)
from tests.refused_networks import NETWORKS


def reach(zero: int) -> int:
    """The farthest a byte lies from its zero point."""
    return max(zero, 255 - zero)


def room(zero: int, shift: int) -> int:
    """What is left for a sum beside zero point and rounding."""
    return INT32_MAX - (zero << shift) - (1 << shift >> 1)


def solved(most: int, reached: int, step: int, least: int) -> tuple[int, int]:
    """(factor, bias / step) whose sum is exactly `most`: with a factor of one more it is beyond it."""
    factor = next(n for n in range(least, least + step) if (most - n * reached) % step == 0)
    return factor, (most - factor * reached) // step


def split(total: int, shape: tuple[int, ...]) -> np.ndarray:
    """int8 weights whose magnitudes have this sum: -128, 127, -128 and so on, then less and 0."""
    most = np.resize([128, 127], int(np.prod(shape)))
    found = np.clip(total - np.cumsum(most) + most, 0, most)
    assert found.sum() == total
    found[::2] *= -1
    return found.astype(np.int8).reshape(shape)


def i16(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int16)


def u8(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.uint8)


def convolved(zero: int, more: int, groups: int = 1, sign: int = 1) -> bytes:
    """A convolution whose second channel's sum is as large as there can be one, or larger by `more` weights of 1."""
    shift, zero_out = (22, 100) if zero not in (127, 128) else (1, 0)
    factor, bias = solved(room(zero_out, shift) // 255, reach(zero), 256, 700)
    weight = np.stack([split(0, (2, 4, 1)), split(factor + more, (2, 4, 1))])
    op = conv(
        1,
        weight=weight,
        bias=i16(0, sign * bias),
        bias_shift=8,
        mult=u8(1, 255),
        zero=zero_out,
        shift=shift,
        groups=groups,
    )
    return file_of(network(conv(channels=groups, zero=zero), op, channels=2))


def classified(zero: int, more: int) -> bytes:
    """A dense layer like that."""
    factor, bias = solved(room(0, 1) // 255, reach(zero), 256, 700)
    op = dense(
        2,
        weight=np.stack([split(0, (8,)), split(factor + more, (8,))]),
        bias=i16(0, -bias),
        bias_shift=8,
        mult=u8(1, 255),
        shift=1,
    )
    return file_of(Program(SOUND.frontend, [conv(channels=8), mean(1, zero=zero), op, Softmax(3)], ("a", "b")))


def gated(zero: int, more: int, residual: int | None = None, by: int = 0, sign: int = 1) -> bytes:
    """A gate like that: of its second channel mult, slope, residual and bias are nearly as large as they can be.

    Its residual, if any, is a value of zero point 30.
    """
    left = room(254, 22) - (0 if residual is None else abs(by) * reach(30))
    factor, bias = solved(left, reach(zero), 1 << 15, 32769)
    constants = {"mult": i16(0, -32768), "slope": i16(0, sign * (factor + more - 32769)), "bias": i16(0, sign * bias)}
    op = gate(1, 1, 2, residual=residual, residual_mult=by, bias_shift=15, zero=254, shift=22, **constants)
    return file_of(network(conv(channels=2, zero=zero), conv(channels=2, zero=30), op, channels=2))


def added(zero: int, other: int, mine: int, others: int) -> bytes:
    """An add like that, or beyond it by so much of each factor."""
    factor, bias = solved(room(255, 22) - 20000 * reach(other), reach(zero), 1 << 15, 0)
    constants = {"mult": i16(0, -factor - mine), "other_mult": i16(0, 20000 + others), "bias": i16(0, bias)}
    op = add(1, 2, 2, bias_shift=15, zero=255, shift=22, **constants)
    return file_of(network(conv(channels=2, zero=zero), conv(channels=2, zero=other), op, channels=2))


def averaged(zero: int, more: int, bands: int = 10, zero_out: int = 200, shift: int = 22) -> bytes:
    """A pool of 64 frames whose multiplier is as large as it can be, or larger by `more`."""
    mult = room(zero_out, shift) // (64 * bands * reach(zero)) + more
    op = mean(1, mult=mult, shift=shift, zero=zero_out)
    return file_of(Program(frontend(64, bands), [conv(zero=zero), op, dense(2), Softmax(3)], ("a", "b")))


def celled(zero: int, more: int, shift: int = 22, mult: int | None = None) -> bytes:
    """A mean over cells of 64 x 10, like that."""
    mult = room(200, shift) // (64 * 10 * reach(zero)) + more if mult is None else mult
    return file_of(network(conv(zero=zero), AveragePool(1, (64, 10), mult, shift, 200), heard=frontend(64, 10)))


def shifts(make) -> dict:
    """Shifts of 1 to 22 are accepted, of what `make` makes with one."""
    return {"0": (make(0), make(1)), "23": (make(23), make(22))}


SUMS = {
    "a sum of a gate behind its residual": (gated(0, 1, 2, -32768), gated(0, 0, 2, -32768)),
    "a sum of a gate with a residual": (gated(0, 1, 2, 32767), gated(0, 0, 2, 32767)),
    "a sum of a gate without one": (gated(0, 1, None, 32767), gated(0, 0, None, 32767)),
    "an add's own factor": (added(0, 0, 1, 0), added(0, 0, 0, 0)),
    "an add's other factor": (added(0, 0, 0, 1), added(0, 0, 0, 0)),
    "an add of zero points apart": (added(30, 101, 0, 1), added(30, 101, 0, 0)),
    "an add of zero points apart, the other way": (added(201, 30, 1, 0), added(201, 30, 0, 0)),
    "weights that overflow long before the last": (
        file_of(network(conv(channels=16), conv(1, 16, weight=np.full((1, 8, 4, 16), 127, np.int8), mult=u8(255)))),
        file_of(network(conv(channels=16), conv(1, 16, weight=np.full((1, 8, 4, 16), 127, np.int8), mult=u8(100)))),
    ),
    "a bias that a multiplier of 0 cannot hide": (
        file_of(network(conv(weight=split(258, (1, 2, 2, 1)), bias=i16(32767), bias_shift=16, mult=u8(0)))),
        file_of(network(conv(weight=split(257, (1, 2, 2, 1)), bias=i16(32767), bias_shift=16, mult=u8(0)))),
    ),
    "a sum that its rounding makes too large": (
        file_of(network(conv(weight=split(257, (1, 2, 2, 1)), bias=i16(32767), bias_shift=16, shift=1))),
        file_of(network(conv(weight=split(256, (1, 2, 2, 1)), bias=i16(32767), bias_shift=16, shift=1))),
    ),
    "a bias shifted by 17": (file_of(network(conv(bias_shift=17))), file_of(network(conv(bias_shift=16)))),
    "a gate's bias shifted by 17": (
        file_of(network(conv(), gate(1, 1, bias_shift=17))),
        file_of(network(conv(), gate(1, 1, bias_shift=16))),
    ),
}
for zero in (0, 98, 127, 128, 201, 255):
    SUMS[f"a convolution from zero point {zero}"] = convolved(zero, 1), convolved(zero, 0)
    SUMS[f"a dense layer from zero point {zero}"] = classified(zero, 1), classified(zero, 0)
    SUMS[f"a mean from zero point {zero}"] = averaged(zero, 1), averaged(zero, 0)
    SUMS[f"a mean over cells from zero point {zero}"] = celled(zero, 1), celled(zero, 0)
    if reach(zero) % 2:
        SUMS[f"a gate from zero point {zero}"] = gated(zero, 1, sign=-1), gated(zero, 0, sign=-1)
SUMS["a convolution of groups"] = convolved(0, 1, groups=2), convolved(0, 0, groups=2)
SUMS["a convolution with a negative bias"] = convolved(0, 1, sign=-1), convolved(0, 0, sign=-1)
SUMS["a gate of 2 x 2 cells shifted by 23"] = tuple(
    file_of(network(conv(), MaxPool(1, (2, 2), 0), gate(1, 2, factor=(2, 2), shift=shift))) for shift in (23, 22)
)
SUMS["a mean shifted by nothing"] = patched(SOUND, 1, 3, b"\0"), patched(SOUND, 1, 8, b"\0\0")  # a multiplier of 0
SUMS["a mean of a multiplier beyond 15 bits"] = averaged(0, 1, 3, 0, 1), averaged(0, 0, 3, 0, 1)
for kind, make in {
    "convolution": lambda n: file_of(network(conv(shift=n))),
    "gate": lambda n: file_of(network(conv(), gate(1, 1, shift=n))),
    "add": lambda n: file_of(network(conv(), add(1, 1, shift=n))),
    "mean": lambda n: patched(SOUND, 1, 3, bytes([n])),
    "mean over cells": lambda n: celled(0, 0, n, 1),
    "dense layer": lambda n: patched(SOUND, 2, 3, bytes([n])),
}.items():
    SUMS |= {f"a {kind} shifted by {n}": files for n, files in shifts(make).items()}


def laborious(frames: int, bands: int, channels: int, other: int, classes: int) -> bytes:
    """A network whose second convolution has two groups."""
    ops = conv(channels=channels), conv(1, channels, other, groups=2)
    labels = ("x",) * classes
    program = network(*ops, channels=other, labels=labels, heard=frontend(frames, bands))
    return file_of(program, apart(program, 8192, strip=1))


def skipping(classes: int) -> bytes:
    """Three convolutions that pass over far more values than they multiply."""
    ops = [conv(t=171, stride=(1, 171))] * 3
    return file_of(network(*ops, labels=("x",) * classes, heard=frontend(935, 171)))


WORK = {
    "2^26 multiply-adds and one": (laborious(925, 25, 240, 22, 5), laborious(974, 26, 154, 32, 8)),
    "2^26 values read and two": (skipping(3), skipping(2)),
}


def planned(
    *ops: Operator, at: tuple, frames: int = 8, bands: int = 3, strip: int = 8, columns=8, arena: int = 512
) -> bytes:
    """A file of these operators, pool, dense layer and softmax, their values at these bytes of the arena."""
    program = network(*ops, channels=len(ops[-1].mult), heard=frontend(frames, bands))
    return write(program, Plan(strip, (*[columns] * len(at), 0), (*at, 0), arena))


def slid(first: int, third: int, bands: int, channels: int, kept: int) -> bytes:
    """A file of a value that keeps one frame of `bands` bytes for the next strip, at byte `first`; and of another, at
    `third`, that keeps so many frames of so many bytes. At the end of a strip both move to where they begin."""
    ops = conv(), conv(1, t=2, f=bands), conv(2, channels=channels), conv(3, channels, t=kept + 1)
    return planned(*ops, at=(first, 200, third, 240, 260, 300), frames=9, bands=bands)


def waiting(at: int) -> bytes:
    """A file of a value, at the start of the arena, that comes four frames at a time and keeps one, of 12 bytes.

    Between the places to and from which that moves lies another value, at byte `at`, waiting for one that is late.
    """
    ops = (
        conv(channels=4), MaxPool(1, (4, 1), 0), add(1, 2, 4, factor=(4, 1)), conv(3, 4, 4, t=2), conv(4, 4),
        conv(1, 4, t=6), add(6, 5),
    )  # fmt: skip
    return planned(*ops, at=(100, 300, 0, 400, at, 500, 540, 600, 640), frames=16, strip=1, arena=1024)


def summed(at: int, frames: int = 8, strip: int = 8, bands: int = 3, columns: int = 8) -> bytes:
    """A file of a value at the start of the arena that keeps a frame for the next strip, and of a pool's sums."""
    ops = conv(), conv(1, t=2)
    return planned(*ops, at=(0, 100, at, 300), frames=frames, bands=bands, strip=strip, columns=columns)


TWO = conv(), conv(1)
ODD = {"frames": 7, "columns": 7}  # 21 bytes
GATES = conv(), conv(), gate(1, 2)
LATER = conv(), conv(1), conv(2), add(3, 1)
PLANS = {
    "a value written over the last byte of what it reads": (
        planned(*TWO, at=(0, 20, 200, 300), **ODD),
        planned(*TWO, at=(0, 24, 200, 300), **ODD),
    ),
    "a value written over the last bytes of what it reads": (
        planned(*TWO, at=(0, 20, 200, 300)),
        planned(*TWO, at=(0, 24, 200, 300)),
    ),
    "a value whose last byte is written over what it reads": (
        planned(*TWO, at=(20, 0, 200, 300), **ODD),
        planned(*TWO, at=(24, 0, 200, 300), **ODD),
    ),
    "a value whose last bytes are written over what it reads": (
        planned(*TWO, at=(20, 0, 200, 300)),
        planned(*TWO, at=(24, 0, 200, 300)),
    ),
    "sums over the end of what they sum": (planned(*TWO, at=(0, 100, 120, 300)), planned(*TWO, at=(0, 100, 124, 300))),
    "a mean over what it is of": (planned(*TWO, at=(0, 124, 120, 300)), planned(*TWO, at=(0, 128, 120, 300))),
    "a mean's last byte over what it is of": (
        planned(*TWO, at=(0, 204, 200, 300)),
        planned(*TWO, at=(0, 208, 200, 300)),
    ),
    "logits over the mean": (planned(*TWO, at=(0, 100, 200, 204)), planned(*TWO, at=(0, 100, 200, 208))),
    "logits beyond the arena": (
        planned(*TWO, at=(0, 100, 200, 300), arena=303),
        planned(*TWO, at=(0, 100, 200, 300), arena=304),
    ),
    "a mean beyond the arena": (
        planned(*TWO, at=(0, 100, 200, 180), arena=204),
        planned(*TWO, at=(0, 100, 200, 180), arena=205),
    ),
    "frames beyond their buffer": (
        planned(*TWO, at=(0, 100, 200, 300), columns=7),
        planned(*TWO, at=(0, 100, 200, 300), columns=8),
    ),
    "sums that the next strip destroys": (
        planned(*TWO, at=(0, 100, 0, 300), strip=4),
        planned(*TWO, at=(0, 100, 0, 300), strip=8),
    ),
    "sums that the next strip's last byte destroys": (
        planned(*TWO, at=(0, 104, 8, 300), strip=3),
        planned(*TWO, at=(0, 104, 12, 300), strip=3),
    ),
    "sums that the first strip must not write, and no later one destroys": (
        summed(20, frames=10),
        summed(24, frames=10),
    ),
    "sums onto which a frame moves": (
        summed(0, frames=16, bands=8, columns=9),
        summed(80, frames=16, bands=8, columns=9),
    ),
    "a frame that moves onto another": (slid(0, 0, 4, 1, 1), slid(0, 8, 4, 1, 1)),
    "a frame whose last byte moves onto another": (slid(0, 4, 5, 1, 1), slid(0, 12, 5, 1, 1)),
    "a frame that moves onto others that moved": (slid(8, 8, 4, 2, 2), slid(8, 4, 4, 2, 2)),
    "a frame whose first byte moves onto another": (slid(8, 4, 12, 5, 1), slid(12, 4, 12, 5, 1)),
    "a frame whose last bytes move onto another that waits": (waiting(8), waiting(12)),
    "a value that is not there yet where another is": (
        planned(conv(), conv(1, t=4), conv(2, t=5), at=(0, 40, 40, 100, 120), strip=4),
        planned(conv(), conv(1, t=4), conv(2, t=5), at=(0, 40, 4, 100, 120), strip=4),
    ),
    "sums behind 2^16 units": (
        planned(*TWO, at=(0, 100, 4 * 65535, 300), arena=1 << 18),
        planned(*TWO, at=(0, 100, 4 * 65534, 300), arena=1 << 18),
    ),
    "a gate in the place of its attention": (
        planned(*GATES, at=(0, 40, 40, 200, 300)),
        planned(*GATES, at=(0, 40, 0, 200, 300)),
    ),
    "a gate near the place of what it gates": (
        planned(*GATES, at=(4, 40, 0, 200, 300)),
        planned(*GATES, at=(0, 40, 0, 200, 300)),
    ),
    "a value in the place of one that is read later": (
        planned(*LATER, at=(0, 40, 0, 120, 200, 300)),
        planned(*LATER, at=(0, 40, 80, 40, 200, 300)),
    ),
}

PAIRS = ENVELOPE | NETWORKS
for status, pairs in {"RANGE": SUMS, "WORK": WORK, "PLAN": PLANS}.items():
    PAIRS |= {name: (status, *files) for name, files in pairs.items()}
