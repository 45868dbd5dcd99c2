"""Networks, each with one fault, beside their twins that just have it not (tests/refusals.py)."""

from dataclasses import replace
from itertools import product

from host.format.file import write
from host.format.program import Plan, Program
from host.operators import KINDS, MaxPool, Softmax
from tests.refusals import (
    FILE,
    SOUND,
    add,
    conv,
    dense,
    dilated,
    file_of,
    frontend,
    gate,
    mean,
    network,
    patched,
    records,
    section,
)

GATED = network(conv(), gate(1, 1), gate(1, 2, residual=2), add(1, 3))
POOLED = network(conv(), MaxPool(1, (2, 2), 0))


def chain(count: int, frames: int = 8, strip: int = 8, bands: int = 4) -> bytes:
    """So many operators, convolutions of 1 x 1 but for the ending, each reading the one before."""
    program = network(*(conv(i) for i in range(count - 3)), heard=frontend(frames, bands))
    room = 4 * strip * bands
    offsets = (*(room * (i % 2) for i in range(count - 3)), 2 * room, 2 * room + 8, 0)
    return write(program, Plan(strip, (strip,) * count, offsets, 2 * room + 12))


def dilated_pool() -> bytes:
    """The operators of POOLED, the pool's record being one that only a convolution has: 4 bytes longer."""
    plain, pool = records(POOLED), bytes([MaxPool.KIND, 1])
    at = plain.index(pool, 8)
    return plain[:at] + bytes([MaxPool.KIND | 128]) + plain[at + 1 : at + 12] + b"\1\0\0\0" + plain[at + 12 :]


def of_bytes(size: int) -> bytes:
    """A file whose section of operators has so many bytes, most of them weights."""
    for k, classes in product(range(1, 30), range(2, 255)):
        small = 260184 + (7 * k + 3) // 4 * 4 + (3 * classes + classes * k + 3) // 4 * 4
        if small == size:
            break
    else:
        raise AssertionError(size)
    first = conv(channels=4, t=255, f=255)
    program = network(
        first,
        conv(1, 4, k),
        channels=k,
        labels=("x",) * classes,
        heard=replace(frontend(255), edges=tuple(range(1, 514, 2))),
    )
    return file_of(program)


NETWORKS = {
    "operators of nothing at the end of the file": (
        "OPERATOR",
        file_of(SOUND, OPER=None, more=section("OPER", b"")),
        FILE,
    ),
    "operators of a head cut short": ("OPERATOR", file_of(SOUND, OPER=bytes(4)), FILE),
    "a convolution's head cut short by the end of the file": (
        "OPERATOR",
        file_of(SOUND, OPER=None, more=section("OPER", records(SOUND, 2)[:20])),
        FILE,
    ),
    "operators of a head alone": ("GRAPH", file_of(SOUND, OPER=bytes(8)), FILE),
    "operators of 256 KB and 4 bytes": ("OPERATOR", of_bytes(262148), of_bytes(262144)),
    "operators of an odd length": (
        "OPERATOR",
        file_of(SOUND, OPER=records(network(conv()), 2)[: 8 + 20] + b"\2\xc8"),
        FILE,
    ),
    "one operator": ("GRAPH", file_of(SOUND, OPER=records(Program(SOUND.frontend, [Softmax(0)], ("a",)))), FILE),
    "255 operators": ("GRAPH", chain(255), chain(254)),
    "strips of nothing": (
        "PLAN",
        file_of(SOUND, OPER=records(SOUND, strip=0)),
        file_of(SOUND, OPER=records(SOUND, strip=1)),
    ),
    "no arena": ("PLAN", file_of(SOUND, OPER=records(SOUND, arena=0)), FILE),
    "an arena of 256 KB and a byte": (
        "PLAN",
        file_of(SOUND, OPER=records(SOUND, arena=262145)),
        file_of(SOUND, OPER=records(SOUND, arena=262144)),
    ),
    "a plan that takes long to prove": (
        "PLAN",
        chain(50, frames=801, strip=1, bands=1),
        chain(50, frames=800, strip=1, bands=1),
    ),
    "a strip that is not whole and takes long to prove": (
        "PLAN",
        chain(100, frames=401, strip=2, bands=1),
        chain(100, frames=400, strip=2, bands=1),
    ),
    "an operator less than it says": (
        "OPERATOR",
        file_of(SOUND, OPER=records(Program(SOUND.frontend, SOUND.operators[:2], ("a",)), 3)),
        FILE,
    ),
    # the rest of its weights would be the labels' head, and the next operator the labels
    "an operator longer than what is left": (
        "OPERATOR",
        file_of(SOUND, OPER=records(network(conv(channels=4)), 3)[: 8 + 24]),
        FILE,
    ),
    "bytes behind the last operator": ("OPERATOR", file_of(SOUND, OPER=records(SOUND, more=bytes(4))), FILE),
    "half an operator": ("OPERATOR", file_of(SOUND, OPER=records(SOUND)[:-4]), FILE),
    "operator 0 of kind 0": ("OPERATOR", patched(SOUND, 0, 0, b"\0"), FILE),
    "operator 1 of kind 0": ("OPERATOR", patched(SOUND, 1, 0, b"\0"), FILE),
    "operator 1 of the first unknown kind": (
        "OPERATOR",
        patched(SOUND, 1, 0, bytes([max(k & 127 for k in KINDS) + 1])),
        FILE,
    ),
    "operator 1 of a kind that cannot be dilated": ("OPERATOR", patched(SOUND, 1, 0, bytes([128 + 5])), FILE),
    "a pool whose record is a dilated one": ("OPERATOR", file_of(POOLED, OPER=dilated_pool()), file_of(POOLED)),
    "operator 0 of kind 0, dilated": ("OPERATOR", patched(SOUND, 0, 0, b"\x80"), FILE),
    "operator 1 of kind 255": ("OPERATOR", patched(SOUND, 1, 0, b"\xff"), FILE),
    "a convolution of no groups": ("OPERATOR", patched(SOUND, 0, 14, b"\0"), FILE),
    "no softmax": (
        "GRAPH",
        file_of(SOUND, OPER=records(Program(SOUND.frontend, SOUND.operators[:3], ("a", "b")))),
        FILE,
    ),
    "a softmax before the last": (
        "GRAPH",
        file_of(SOUND, OPER=records(Program(SOUND.frontend, [*SOUND.operators, Softmax(3)], ("a", "b")))),
        FILE,
    ),
}

GRAPHS = {
    "an operator that reads what it writes": (patched(SOUND, 1, 1, b"\2"), patched(SOUND, 1, 1, b"\1")),
    "a source that is not there": (patched(SOUND, 1, 1, b"\xff"), FILE),
    "a gate whose attention is what it writes": (patched(GATED, 1, 8, b"\2"), patched(GATED, 1, 8, b"\1")),
    "a gate whose attention is missing": (patched(GATED, 1, 8, b"\xff"), file_of(GATED)),
    "a gate whose residual is what it writes": (patched(GATED, 1, 9, b"\2"), patched(GATED, 1, 9, b"\1")),
    "a gate whose residual is not there": (patched(GATED, 1, 9, b"\xfe"), patched(GATED, 1, 9, b"\xff")),
    "an add whose other is what it writes": (patched(GATED, 3, 8, b"\4"), patched(GATED, 3, 8, b"\3")),
    "an add whose other is missing": (patched(GATED, 3, 8, b"\xff"), file_of(GATED)),
}
NETWORKS |= {name: ("GRAPH", *files) for name, files in GRAPHS.items()}


def of(*operators, **more) -> bytes:
    return file_of(network(*operators, **more))


def spliced(at: int, *operators, classes: int = 2) -> bytes:
    """A file of a convolution, a pool, a dense layer and these operators, of which the softmax reads value `at`."""
    return file_of(
        Program(SOUND.frontend, [conv(), mean(1), dense(2, 1, classes), *operators, Softmax(at)], ("a", "b"))
    )


def judged(*operators) -> bytes:
    """A file whose dense layer reads what the last of these operators writes."""
    n = len(operators)
    return file_of(Program(SOUND.frontend, [*operators, dense(n), Softmax(n + 1)], ("a", "b")))


WIDE = frontend(bands=255)
PAIR = conv(), MaxPool(1, (2, 1), 0)  # 8 and 4 frames
SHAPES = {
    "no channels": (of(conv(channels=0), channels=0), FILE),
    "no classes": (spliced(3, classes=0), FILE),
    "a kernel of no frames": (of(conv(t=0)), of(conv(t=1))),
    "a kernel of no bands": (of(conv(f=0)), of(conv(f=1))),
    "a kernel of more frames than there are": (of(conv(t=9)), of(conv(t=8))),
    "a kernel of more frames than there are, in wide strides": (
        of(conv(t=9, stride=(2, 1))),
        of(conv(t=8, stride=(2, 1))),
    ),
    "a dilation of nothing": (of(dilated(0, t=2)), of(dilated(1, t=2))),
    "a dilated kernel of no frames": (of(dilated(2, t=0)), of(dilated(2, t=1))),
    "a dilated kernel of more frames than there are": (of(dilated(4, t=3)), of(dilated(7, t=2))),
    "a kernel that spans 256 frames": (
        of(dilated(255, t=2), heard=frontend(300)),
        of(dilated(254, t=2), heard=frontend(300)),
    ),
    "a kernel of more bands than there are": (of(conv(f=5)), of(conv(f=4))),
    "a kernel of more bands than are padded": (of(conv(f=7, pad=1)), of(conv(f=6, pad=1))),
    "no stride in time": (of(conv(stride=(0, 1))), of(conv(stride=(1, 1)))),
    "no stride over bands": (of(conv(stride=(1, 0))), of(conv(stride=(1, 1)))),
    "as much padding as kernel": (of(conv(f=3, pad=3)), of(conv(f=3, pad=2))),
    "256 bands": (of(conv(f=2, pad=1), heard=WIDE), of(conv(f=3, pad=1), heard=WIDE)),
    "groups that do not divide what is read": (
        of(conv(channels=6), conv(1, 6, 8, groups=4), channels=8),
        of(conv(channels=8), conv(1, 8, 8, groups=4), channels=8),
    ),
    "groups that do not divide what is written": (
        of(conv(channels=8), conv(1, 8, 6, groups=4), channels=6),
        of(conv(channels=8), conv(1, 8, 8, groups=4), channels=8),
    ),
    "a pool of no frames": (of(conv(), MaxPool(1, (0, 2), 0)), of(*PAIR)),
    "a pool of no bands": (of(conv(), MaxPool(1, (2, 0), 0)), of(*PAIR)),
    "a pool of more frames than there are": (of(conv(), MaxPool(1, (9, 1), 0)), of(conv(), MaxPool(1, (8, 1), 0))),
    "a pool of more bands than there are": (of(conv(), MaxPool(1, (1, 5), 0)), of(conv(), MaxPool(1, (1, 4), 0))),
    "a pool with a zero point of its own": (
        of(conv(zero=7), MaxPool(1, (2, 2), 8)),
        of(conv(zero=7), MaxPool(1, (2, 2), 7)),
    ),
    "a dense layer of many frames": (judged(conv(f=4)), judged(conv(t=8, f=4))),
    "a dense layer of many bands": (judged(conv(t=8)), judged(conv(t=8, f=4))),
    "logits with a zero point": (patched(SOUND, 2, 2, b"\1"), FILE),
    "probabilities with a zero point": (patched(SOUND, 3, 2, b"\1"), FILE),
    "a softmax of bytes": (
        file_of(Program(SOUND.frontend, [conv(), conv(1, t=8, f=4, channels=2), Softmax(2)], ("a", "b"))),
        FILE,
    ),
    "a convolution of logits": (spliced(3, conv(3, 2)), spliced(3, conv(2))),
    "a dense layer of logits": (spliced(4, dense(3, 2)), spliced(4, dense(2))),
    "a gate of logits": (spliced(3, gate(3, 2, 1), classes=1), spliced(3, gate(2, 2))),
    "a gate whose attention is logits": (spliced(3, gate(2, 3), classes=1), spliced(3, gate(2, 2))),
    "a gate whose residual is logits": (
        spliced(3, gate(2, 2, residual=3), classes=1),
        spliced(3, gate(2, 2, residual=2)),
    ),
    "an add of logits": (spliced(3, add(2, 3), classes=1), spliced(3, add(2, 2))),
    "a gate with cells of no frames": (of(conv(), gate(1, 1, factor=(0, 1))), of(conv(), gate(1, 1))),
    "a gate with cells of no bands": (of(conv(), gate(1, 1, factor=(1, 0))), of(conv(), gate(1, 1))),
    "a gate with too few frames of attention": (
        of(*PAIR, gate(1, 2, factor=(1, 1))),
        of(*PAIR, gate(1, 2, factor=(2, 1))),
    ),
    "a gate with too many frames of attention": (
        of(*PAIR, gate(2, 1, factor=(1, 1))),
        of(*PAIR, gate(2, 2, factor=(1, 1))),
    ),
    "a gate with too few bands of attention": (
        of(conv(), MaxPool(1, (1, 2), 0), gate(1, 2)),
        of(conv(), MaxPool(1, (1, 2), 0), gate(1, 2, factor=(1, 2))),
    ),
    "a gate with too many bands of attention": (of(conv(), gate(1, 1, factor=(1, 2))), of(conv(), gate(1, 1))),
    "a gate with other channels of attention": (
        of(conv(), conv(channels=2), gate(1, 2)),
        of(conv(), conv(), gate(1, 2)),
    ),
    "a residual of other frames": (of(*PAIR, gate(1, 1, residual=2)), of(*PAIR, gate(1, 1, residual=1))),
    "a residual of other bands": (
        of(conv(), MaxPool(1, (1, 2), 0), gate(1, 1, residual=2)),
        of(conv(), gate(1, 1, residual=1)),
    ),
    "a residual of other channels": (
        of(conv(), conv(channels=2), gate(1, 1, residual=2)),
        of(conv(), conv(), gate(1, 1, residual=2)),
    ),
    "an add of too few frames": (of(*PAIR, add(1, 2)), of(*PAIR, add(1, 2, factor=(2, 1)))),
    "an add of one frame more": (of(conv(), conv(t=2), add(2, 1)), of(conv(), conv(t=3), add(2, 1))),
    "an add of three frames more": (of(conv(), conv(t=4), add(2, 1)), of(conv(), conv(t=5), add(2, 1))),
    "an add of other bands": (of(conv(), conv(f=2), add(1, 2)), of(conv(), conv(), add(1, 2))),
    "an add of other channels": (of(conv(), conv(channels=2), add(1, 2)), of(conv(), conv(), add(1, 2))),
    "cells that cover 65536 frames": (
        of(conv(), add(1, 1, factor=(128, 1)), heard=frontend(512)),
        of(conv(), add(1, 1, factor=(255, 1)), heard=frontend(257)),
    ),
}
NETWORKS |= {name: ("SHAPE", *files) for name, files in SHAPES.items()}
