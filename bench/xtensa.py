"""Exact instruction counts of the C core on an emulated Xtensa core:  python -m bench.xtensa [--set s2] [--write]

Prints a table for each model in models/. With --write the counts become the budget, bench/xtensa.json; with --check the
exit status is 1 where a count exceeds it by more than 2 %. docs/speed.md says what is counted and what is not; `make
bench-xtensa` also writes its tables.

The budget holds for each model the counts of the lx106, which Debian has a compiler for, and under "s2" those of the
ESP32-S2's instructions, whose compiler `make bench-xtensa-s2` fetches.
"""

import argparse
import json
import struct
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.emulator import ROOT, SETS, Emulator, InstructionSet
from host.cli.arguments import whole
from host.compiler.plan import PLANS, planned
from host.engines.native import FrontEndEngine, NativeModel, capture
from host.format.file import read, write
from host.format.program import Program

MODELS = sorted((ROOT / "models").glob("*.bin"))
BUDGET = Path(__file__).with_suffix(".json")
TOLERANCE = 1.02

WINDOW, FRAMES, HOPS, LISTEN, TRACED = range(5)  # as in tools/xtensa/program.c
WARM = 4  # frames or hops before those that are counted
GAIN = 4


def sound(count: int) -> np.ndarray:
    """int16 samples from integers alone: bursts of noise of many levels, the same everywhere and for ever."""
    state, out = 1, np.empty(count, np.int64)
    for i in range(count):
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        out[i] = (state >> 15) - 32768
    return (out >> (2 + np.arange(count) // 1600 * 5 % 9)).astype(np.int16)


@dataclass(frozen=True)
class Counts:
    """What was counted of one model."""

    window: Counter
    frame: Counter  # of `frames` frames
    frames: int
    hop: Counter
    streaming: Counter  # a hop of which only what is new is computed
    memory: tuple[int, int, int]  # tables, arena, stream


def differ(name: str, found: np.ndarray, expected: np.ndarray) -> None:
    if not np.array_equal(found, expected):
        raise AssertionError(f"{name}: the emulated core computes {found}, the native one {expected}")


def window_of(program: Program) -> np.ndarray:
    """uint8 [frames, width], what the front end makes of `sound`."""
    c = program.frontend
    return FrontEndEngine(c).push(sound((c.frames - 1) * c.hop + c.frame))


def slots_of(program: Program) -> np.ndarray:
    """int32, what the microphone gives in WARM hops and one."""
    step = program.listening.hop * program.frontend.rate // 1000
    return (sound((WARM + 1) * step).astype(np.int32) << 12) + (1 << 20)


def count_window(emulator: Emulator, file: bytes, program: Program) -> tuple[Counter, tuple[int, int, int]]:
    """(instructions of a window, bytes of tables, arena, stream); AssertionError where it computes something else."""
    c, features = program.frontend, window_of(program)
    window, answer = emulator.difference(WINDOW, 1, 2, file, features.tobytes())
    native = NativeModel(file, c.frames, c.width, len(program.labels))
    differ("window", np.frombuffer(answer[12:], "<u2"), native.run(features[None])[0])
    return window, struct.unpack("<3I", answer[:12])


def count(emulator: Emulator, file: bytes, program: Program) -> Counts:
    """Count a window, front-end frames and a hop; AssertionError where the emulated core computes something else."""
    c, classes = program.frontend, len(program.labels)
    window, memory = count_window(emulator, file, program)
    native = NativeModel(file, c.frames, c.width, classes)
    samples = sound((c.frames - 1) * c.hop + c.frame)

    step = program.listening.hop * c.rate // 1000
    frames = step // c.hop
    pushed = samples[: (WARM + frames) * c.hop]
    frame, found = emulator.difference(FRAMES, WARM, WARM + frames, file, pushed.tobytes())
    differ("frame", np.frombuffer(found[12:], np.uint8), FrontEndEngine(c).push(pushed)[-1])

    slots = slots_of(program)
    hop, found = emulator.difference(HOPS, WARM, WARM + 1, file, slots.tobytes())
    stream = np.frombuffer(found[12 : -2 * classes], np.uint8).reshape(c.frames, c.width)
    expected = FrontEndEngine(c).push(capture(slots, GAIN))[-c.frames :]
    differ("stream", stream[-len(expected) :], expected)
    differ("hop", np.frombuffer(found[-2 * classes :], "<u2"), native.run(stream[None])[0])
    streaming, answer = emulator.difference(LISTEN, WARM, WARM + 1, file, slots.tobytes())
    differ("streaming hop", np.frombuffer(answer, np.uint8), np.frombuffer(found, np.uint8))
    return Counts(window, frame, frames, hop, streaming, memory)


def summary(counts: Counts, file: bytes, program: Program, emulator: Emulator) -> dict:
    """What bench/xtensa.json says of a model."""
    macs = sum(program.multiply_adds())
    tables, arena, stream = counts.memory
    return {
        "instructions": counts.window.total(),
        "per_kernel": dict(emulator.by_function(counts.window).most_common()),
        "macs": macs,
        "memory_bytes": {"activations": arena, "tables": tables, "file": len(file), "stream": stream},
        "code_bytes": emulator.code_bytes(),
        "frontend_frame": round(counts.frame.total() / counts.frames),
        "hop": counts.hop.total(),
        "hop_streaming": counts.streaming.total(),
    }


def measure(
    instructions: InstructionSet, plan: str | None = None, strip: int | None = None, models: Iterable[Path] = MODELS
) -> dict[str, dict]:
    """The summary of each model as it is shipped, or planned so, with strips of `strip` frames."""
    result = {}
    with tempfile.TemporaryDirectory() as name:
        emulator = Emulator(Path(name), instructions)
        for path in models:
            file = path.read_bytes()
            program, _ = read(file)
            if plan:
                file = write(program, planned(program, plan, strip))
            counts = count(emulator, file, program)
            result[path.stem] = summary(counts, file, program, emulator)
            print(*table(path.stem, result[path.stem], counts, emulator), sep="\n")
    return result


def table(name: str, s: dict, counts: Counts, emulator: Emulator) -> list[str]:
    memory = ", ".join(f"{use} {n:,}" for use, n in s["memory_bytes"].items())
    each = s["instructions"] / s["macs"]
    lines = [
        f"{name}: instructions on {emulator.set.text}; they are not cycles",
        f"{s['instructions']:12,}  a window, {each:.2f} for each of {s['macs']:,} multiply-adds",
    ]
    lines += [f"{n:16,}  {kernel}" for kernel, n in list(s["per_kernel"].items())[:16]]
    lines.append(f"{s['frontend_frame']:12,}  a frame of the front end, mean of {counts.frames}")
    functions = emulator.by_function(counts.frame).most_common(8)
    lines += [f"{round(n / counts.frames):16,}  {kernel}" for kernel, n in functions]
    lines.append(f"{s['hop']:12,}  a listening hop: {counts.frames} frames, microphone, level, window")
    lines.append(f"{s['hop_streaming']:12,}  the same where only what is new in the window is computed")
    functions = emulator.by_function(counts.streaming).most_common(8)
    lines += [f"{n:16,}  {kernel}" for kernel, n in functions]
    return [*lines, f"memory in bytes: {memory}; code and constants {s['code_bytes']:,}"]


def column(budget: dict, name: str) -> dict:
    """The models' summaries of one instruction set in the budget."""
    if name == "lx106":
        return {model: {k: v for k, v in s.items() if k not in SETS} for model, s in budget.items()}
    return {model: s[name] for model, s in budget.items() if name in s}


def with_column(budget: dict, name: str, found: dict) -> dict:
    """The budget with what was found for one instruction set; models that are no more go."""
    lx106, s2 = ({c: column(budget, c) for c in SETS} | {name: found}).values()
    return {model: lx106.get(model, {}) | ({"s2": s2[model]} if model in s2 else {}) for model in found}


def excesses(found: dict, budget: dict, path: str = "") -> list[str]:
    """Where a number exceeds its budget by more than 2 %, or is in only one of the two."""
    lines = []
    for key in found.keys() | budget.keys():
        where = f"{path}/{key}" if path else key
        if key not in found or key not in budget:
            lines.append(f"{where} is only in {'the measurement' if key in found else 'the budget'}")
        elif isinstance(found[key], dict):
            # functions come and go with the compiler's inlining; their sum is held
            lines += excesses(found[key], budget[key], where) if key != "per_kernel" else []
        elif found[key] > TOLERANCE * budget[key]:
            lines.append(f"{where}: {found[key]:,} exceeds {budget[key]:,} by more than 2 %")
    return sorted(lines)


def main(arguments: list[str]) -> int:
    p = argparse.ArgumentParser(prog="python -m bench.xtensa", description=__doc__.splitlines()[0])
    p.add_argument("--set", choices=SETS, default="lx106", help="the instruction set (lx106)")
    action = p.add_mutually_exclusive_group()
    action.add_argument("--write", action="store_true", help=f"make the counts the budget, {BUDGET.name}")
    action.add_argument("--check", action="store_true", help="fail where a count exceeds the budget by more than 2 %%")
    action.add_argument("--plan", choices=PLANS, help="count what the models take when they are planned so")
    p.add_argument("--strip", type=whole(1, 255), help="with --plan: other strips than that plan has")
    options = p.parse_args(arguments)
    if missing := SETS[options.set].missing():
        print(f"error: {missing}", file=sys.stderr)
        return 2
    found = measure(SETS[options.set], options.plan, options.strip)
    budget = json.loads(BUDGET.read_text()) if BUDGET.exists() else {}
    if options.write:
        BUDGET.write_text(json.dumps(with_column(budget, options.set, found), indent=2) + "\n")
    if options.check:
        over = excesses(found, column(budget, options.set))
        print(*over, sep="\n", file=sys.stderr)
        return 1 if over else 0
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
