"""Our kernels as those of other libraries were counted, and our inner loops:  python -m bench.comparison [--write]

Counts on an emulated core with the ESP32-S2's instructions (`make bench-xtensa-s2` fetches its compiler), of
tinyspeech-z4, whose blocks the others were counted on, and of the front end. With --write our tables in
docs/comparison.md are replaced; the others' there are kept by hand.
"""

import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.emulator import ROOT, SETS, Emulator
from bench.pages import main, rows
from bench.xtensa import TRACED, Counts, count, window_of
from host.format.file import read
from host.format.program import Program
from host.operators import Conv2D, Gate, MaxPool, Operator

MODEL = ROOT / "models" / "tinyspeech-z4.bin"
PAGE = ROOT / "docs" / "comparison.md"

# Functions that no operator's count has: who is ready, what moves, and the global pool, whose sums of each strip end no
# period of its own.
APART = re.compile(r"tympan_(engine_\w+|operator_run|find_needed|ready|reads_next|model_run|global_\w+)|memmove|marks?")

CLASSES = {
    "multiply": r"mul\w*|quou|quos|remu|rems",
    "add": r"(add|sub)\w*|neg",
    "load": r"l(8|16|32)\w*",
    "store": r"s(8|16|32)i",
    "bits": r"s(ll|rl|ra|rc)i?|ss(r|l|ai|a8l)|src|extui|and|or|xor|sext|abs|nsau?|minu?|maxu?|clamps",
    "move": r"mov\w*",
    "branch": r"b\w+|jx?|(call|ret)\w*|entry",
}


def class_of(opcode: str) -> str:
    """The class that an instruction belongs to; KeyError for one in none."""
    for name, pattern in CLASSES.items():
        if re.fullmatch(pattern, opcode):
            return name
    raise KeyError(opcode)


@dataclass(frozen=True)
class Loop:
    """Neighbouring instructions of a function that ran equally often."""

    function: str
    runs: int
    opcodes: tuple[str, ...]

    @property
    def executed(self) -> int:
        return self.runs * len(self.opcodes)

    def mix(self) -> Counter:
        return Counter(class_of(name) for name in self.opcodes)


def loops(emulator: Emulator, counts: Counter) -> list[Loop]:
    """What the counted instructions are in, the most executed first."""
    opcodes, runs = emulator.opcodes(), Counter()
    for (address, _), n in counts.items():
        runs[address] += n
    found: list[Loop] = []
    group: list[int] = []
    for address in [*sorted(opcodes), None]:
        same = address is not None and group and runs[address] == runs[group[0]]
        if not (same and emulator.function(address) == emulator.function(group[0])):
            if group and runs[group[0]]:
                names = tuple(opcodes[a] for a in group)
                found.append(Loop(emulator.function(group[0]), runs[group[0]], names))
            group = []
        group.append(address)
    return sorted(found, key=lambda loop: -loop.executed)


@dataclass(frozen=True)
class Measured:
    """A model's counts, and those of a window by operator."""

    program: Program
    counts: Counts
    operators: list[int]  # without what is APART
    loops: dict[str, list[Loop]]  # of a window and of the front end


def measure() -> Measured:
    file = MODEL.read_bytes()
    program, _ = read(file)
    with tempfile.TemporaryDirectory() as name:
        emulator = Emulator(Path(name), SETS["s2"])
        counts = count(emulator, file, program)
        traced, _ = emulator.difference(TRACED, 1, 2, file, window_of(program).tobytes())
        found = {"window": loops(emulator, counts.window), "front end": loops(emulator, counts.frame)}
        spent: Counter = Counter()
        for (address, period), n in traced.items():
            spent[period] += 0 if APART.fullmatch(emulator.function(address)) else n
    return Measured(program, counts, [spent[i] for i in range(len(program.operators))], found)


def rate(m: Measured, chosen: Callable[[Operator], bool], size: Callable[[Operator, int], int]) -> float:
    """Instructions of the chosen operators over the sum of `size`(operator, index)."""
    indices = [i for i, op in enumerate(m.program.operators) if chosen(op)]
    return sum(m.operators[i] for i in indices) / sum(size(m.program.operators[i], i) for i in indices)


def network(m: Measured) -> str:
    window = m.counts.window.total()
    hop = m.counts.streaming.total() - (m.counts.hop.total() - window)
    body = [
        ("a window by itself", f"{window / 1e6:.2f} M"),
        ("the next window of a stream, 200 ms later", f"{hop / 1e6:.2f} M"),
    ]
    front = m.counts.frame.total() / m.counts.frames
    note = f"Front end: {front:,.0f} instructions a frame of 10 ms, in neither row. "
    note += f"Multiply-adds of a window: {sum(m.program.multiply_adds()):,}.\n"
    return rows(("tympan", "instructions"), body) + "\n" + note


def operators(m: Measured) -> str:
    """Where a window's instructions go, by kind of operator."""
    shapes, window = m.program.shapes(), m.counts.window.total()
    found: dict[str, tuple[int, int, int]] = {}  # operators, instructions, multiply-adds or values
    for i, (op, written) in enumerate(zip(m.program.operators, shapes[1:], strict=True)):
        match op:
            case Conv2D():
                name, size = f"convolution {op.weight.shape[1]} x {op.weight.shape[2]}", op.multiply_adds(written)
            case Gate():
                name, size = "gate", int(np.prod(written))
            case MaxPool():
                name, size = "max pool", int(np.prod(shapes[op.source]))
            case _:
                continue
        before = found.get(name, (0, 0, 0))
        found[name] = (before[0] + 1, before[1] + m.operators[i], before[2] + size)
    body = []
    for name, (number, spent, size) in sorted(found.items(), key=lambda item: -item[1][1]):
        unit = "multiply-adds" if name.startswith("convolution") else "values"
        cells = (f"{spent:,}", f"{spent / window:.0%}", f"{size:,} {unit}", f"{spent / size:.2f}")
        body.append((f"{name}, {number} of them", *cells))
    rest = window - sum(spent for _, spent, _ in found.values())
    body.append(("all else: the global pool, who is ready, what moves", f"{rest:,}", f"{rest / window:.0%}", "", ""))
    return rows(("operator", "instructions of a window", "share", "of", "each"), body)


def kernels(m: Measured) -> str:
    """The kernels that the others were counted on, named as in the page's table of theirs."""
    shapes = m.program.shapes()

    def convolution(kernel: tuple[int, int], into: int, out: int) -> float:
        return rate(
            m,
            lambda op: isinstance(op, Conv2D) and op.weight.shape in {(out, *kernel, c) for c in range(into, 99)},
            lambda op, i: op.multiply_adds(shapes[i + 1]),
        )

    def gate(residual: bool) -> float:
        return rate(
            m,
            lambda op: isinstance(op, Gate) and (op.residual is not None) == residual,
            lambda _, i: int(np.prod(shapes[i + 1])),
        )

    pool = rate(m, lambda op: isinstance(op, MaxPool), lambda op, _: int(np.prod(shapes[op.source])))
    found = (
        ("convolution 3 x 3, 7 to 17 channels", "multiply-add", convolution((3, 3), 7, 17)),
        ("convolution 3 x 3, 1 to 7 channels", "multiply-add", convolution((3, 3), 1, 7)),
        ("convolution 1 x 1, 7 to 14 channels", "multiply-add", convolution((1, 1), 7, 14)),
        ("convolutions 1 x 1 to 7 channels", "multiply-add", convolution((1, 1), 1, 7)),
        ("max pool 2 x 2", "value", pool),
        ("gate: sigmoid, product", "value", gate(residual=False)),
        ("gate: sigmoid, product, residual", "value", gate(residual=True)),
    )
    return rows(("kernel", "for each", "tympan"), [(name, unit, f"{each:.2f}") for name, unit, each in found])


def inner_loops(m: Measured) -> str:
    body = []
    for part, least in (("window", 0.02), ("front end", 0.04)):
        everything = sum(loop.executed for loop in m.loops[part])
        for loop in m.loops[part]:
            share, mix = loop.executed / everything, loop.mix()
            if share >= least:
                cells = [str(mix[name]) if mix[name] else "" for name in CLASSES]
                body.append(
                    (
                        f"`{loop.function.partition('$')[0]}`",
                        f"{share:.0%} of the {part}",
                        str(len(loop.opcodes)),
                        *cells,
                    )
                )
    return rows(("loop", "share", "instructions", *CLASSES), body)


def tables() -> dict[str, str]:
    """All that the page has of counts, by name."""
    m = measure()
    return {"network": network(m), "kernels": kernels(m), "operators": operators(m), "loops": inner_loops(m)}


if __name__ == "__main__":
    sys.exit(main("comparison", __doc__, PAGE, SETS["s2"], tables))
