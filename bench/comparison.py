"""Our kernels beside those of other libraries, and what inner loops are made of:  python -m bench.comparison [--write]

Counts on an emulated core with the ESP32-S2's instructions (`make bench-xtensa-s2` fetches its compiler), of
tinyspeech-z4, whose blocks the others were counted on, and of the front end. With --write the tables in
docs/comparison.md are replaced.
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
from host.format.program import Conv2D, Gate, MaxPool, Operator, Program
from host.inspect import multiply_adds, total_multiply_adds

MODEL = ROOT / "models" / "tinyspeech-z4.bin"
PAGE = ROOT / "docs" / "comparison.md"

# Executed instructions that others take for the same four blocks, counted once with the same compiler, instruction set
# and emulator, each at the better of -O2 and -O3; docs/comparison.md says what differs. No command here repeats them.
LIBRARIES = ("esp-nn, C", "TFLite Micro, reference", "CMSIS-NN, C", "TinyMaix")
WHOLE = (
    ("the article's engine, repaired, in floating point (on an LX106)", 501e6),
    ("TFLite Micro, reference kernels", 116.4e6),
    ("TFLite Micro with esp-nn, as Espressif ships it", 103.8e6),
    ("the same with esp-nn's table for the sigmoid", 62.7e6),
    ("CMSIS-NN in C", 40.1e6),
)
EACH_MULTIPLY_ADD = {
    "convolution 3 x 3, 7 to 17 channels": (13.1, 16.4, 6.6, 6.9),
    "convolution 3 x 3, 1 to 7 channels": (36.8, 47.8, 18.5, 13.7),
    "convolution 1 x 1, 7 to 14 channels": (22.1, 31.7, 10.9, 13.3),
    "convolutions 1 x 1 to 7 channels": (15.2, 22.0, 8.8, 10.5),
}
VALUES = 94 * 12 * 7  # that the others' element-wise operators take; what is one of ours is the sum of theirs
POOL, GATE, RESIDUAL = "max pool 2 x 2", "gate: sigmoid, product", "gate: sigmoid, product, residual"
EACH_VALUE = {
    POOL: (137e3, 155e3, 134e3, None),
    GATE: (55e3 + 519e3, 4.83e6 + 693e3, None, None),
    RESIDUAL: (55e3 + 519e3 + 1.25e6, 4.83e6 + 693e3 + 1.30e6, None, None),
}

# Functions that no operator's count has: who is ready, what moves, and the global pool, whose sums of each strip end no
# period of its own.
APART = re.compile(r"tympan_(engine_\w+|find_needed|ready|reads_next|model_run|global_\w+)|memmove|marks?")

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


def ours(m: Measured) -> dict[str, float]:
    """Instructions for a multiply-add or a value, by the names of the others' rows."""
    shapes = m.program.shapes()

    def macs(op: Operator, i: int) -> int:
        return multiply_adds(op, shapes[i + 1])

    def convolution(kernel: tuple[int, int], into: int, out: int) -> Callable[[Operator], bool]:
        return lambda op: isinstance(op, Conv2D) and op.weight.shape in {(out, *kernel, c) for c in range(into, 99)}

    wide, first, embed, expand = EACH_MULTIPLY_ADD
    found = {
        wide: rate(m, convolution((3, 3), 7, 17), macs),
        first: rate(m, convolution((3, 3), 1, 7), macs),
        embed: rate(m, convolution((1, 1), 7, 14), macs),
        expand: rate(m, convolution((1, 1), 1, 7), macs),
        POOL: rate(m, lambda op: isinstance(op, MaxPool), lambda op, _: int(np.prod(shapes[op.source]))),
    }
    for name, residual in ((GATE, False), (RESIDUAL, True)):
        gates = [op for op in m.program.operators if isinstance(op, Gate) and (op.residual is not None) == residual]
        found[name] = rate(m, lambda op, gates=gates: op in gates, lambda _, i: int(np.prod(shapes[i + 1])))
    return found


def network(m: Measured) -> str:
    window = m.counts.window.total()
    body = [(name, f"{n / 1e6:.1f} M", f"{n / window:.1f}") for name, n in sorted(WHOLE, key=lambda w: -w[1])]
    body.append(("**tympan**, a window by itself", f"**{window / 1e6:.2f} M**", "1"))
    hop = m.counts.streaming.total() - (m.counts.hop.total() - window)
    text = "**tympan**, the next window of a stream, 200 ms later"
    body.append((text, f"**{hop / 1e6:.2f} M**", f"{hop / window:.2f}"))
    front = m.counts.frame.total() / m.counts.frames
    note = f"Front end: {front:,.0f} instructions a frame of 10 ms, in none of these rows. "
    note += f"Multiply-adds of a window here: {total_multiply_adds(m.program):,}.\n"
    return rows(("engine", "instructions of a window", "times ours"), body) + "\n" + note


def operators(m: Measured) -> str:
    """Where a window's instructions go, by kind of operator."""
    shapes, window = m.program.shapes(), m.counts.window.total()
    found: dict[str, tuple[int, int, int]] = {}  # operators, instructions, multiply-adds or values
    for i, (op, written) in enumerate(zip(m.program.operators, shapes[1:], strict=True)):
        match op:
            case Conv2D():
                name, size = f"convolution {op.weight.shape[1]} x {op.weight.shape[2]}", multiply_adds(op, written)
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
    mine, body = ours(m), []
    for unit, table, scale in (("multiply-add", EACH_MULTIPLY_ADD, 1), ("value", EACH_VALUE, VALUES)):
        for name, others in table.items():
            least = min(n / scale for n in others if n is not None)
            cells = ["-" if n is None else f"{n / scale:.1f}" for n in others]
            body.append((name, unit, *cells, f"**{mine[name]:.2f}**", f"{least / mine[name]:.1f}"))
    return rows(("kernel", "for each", *LIBRARIES, "**tympan**", "least / ours"), body)


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
