"""Take one check at a time out of the C core's loader, and see whether a test notices:  python -m tests.checks

Below build/ the core is built from sources in which one condition by which the loader refuses a file no longer holds,
or one limit is moved by one; then the loader's tests run. A change that none of them notices is named, and the exit
status is 1. Changes of which nothing follows are in `NO_CHANGE`, with the reason, and are not tried. Arguments are
files of native/core; without them all those of the loader are taken, which takes about half an hour.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.stack import CORE, SOURCES
from host.engines import native
from tests import test_sanitized

ROOT = Path(__file__).resolve().parents[1]
ROOMS = (
    "add.h", "gate.h", "max_pool.h", "average_pool.h", "global_average_pool.h", "dense.h", "softmax.h",
    "convolution/conv2d.h",
)  # fmt: skip
LOADER = (
    "file/model.c", "network/network.c", "network/plan.c", "run/listener.c", "operators/kinds.c", "operators/sums.c",
    "operators/affine.c", "operators/convolution/prepare.c", *(f"operators/{room}" for room in ROOMS),
)  # fmt: skip
SCRATCH = ROOT / "build" / "checks"
COPY = SCRATCH / "native" / "core"
LIBRARY, CHECK = SCRATCH / "libtympan.so", SCRATCH / "sanitized"
FLAGS = ["-O1", "-fPIC"]
TESTS = ROOT / "tests"
QUICK = [
    TESTS / "test_loader.py",
    *(
        TESTS / f"test_streaming.py::test_{name}"
        for name in (
            "networks_that_cannot_stream_are_refused_by_name_and_run_window_by_window",
            "hops_of_nothing_and_longer_than_the_window_are_refused",
            "a_plan_for_windows_only_is_refused",
        )
    ),
]
THOROUGH = [  # for what those do not notice
    TESTS / "test_sanitized.py::test_each_file_of_one_fault_is_refused_clean",
    TESTS / "test_sanitized.py::test_their_twins_run_clean",
    TESTS / "test_sanitized.py::test_sound_files_run_clean",
    TESTS / "test_kernels.py::test_fast_and_plain_kernels_compute_the_specification",
    TESTS / "test_streaming.py",
    TESTS / "test_plan.py",
]
SECONDS = 900  # that tests may take: without its check a file may keep the core busy for ever
REFUSING = r"(TYMPAN_(?!OK\b|NONE\b)\w+|false|0)"
PATTERNS = (  # what is tested there, and whether that refuses a file or accepts it
    (re.compile(rf"\bif \((?P<test>[^{{;]*?)\) {{\s*return [^;]*?{REFUSING}[^;]*;", re.DOTALL), False),
    (re.compile(r"\breturn (?P<test>[^;?]*?) \? TYMPAN_OK : TYMPAN_\w+;", re.DOTALL), True),
    (re.compile(r"\breturn (?P<test>[^;?]*?(?:&&|<=|>=|==)[^;?]*);", re.DOTALL), True),
    (re.compile(r"\bfits = (?P<test>(?!true\b)[^;?]*?);", re.DOTALL), True),
    (re.compile(r"\bif \((?P<test>status == TYMPAN_OK && [^{;]*?)\) {\s*status = TYMPAN_(?!OK)", re.DOTALL), False),
    (re.compile(r"= (?P<test>[^;=?]*?) \? TYMPAN_MEMORY :"), False),
    (re.compile(r"\breturn (?P<test>[^;?]*?) \? 0 :"), False),
)
LIMITS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
FEWEST = "every front end takes 24 bytes at least, and their number is looked at behind it"
COUNTED = "bands were counted before, when memory was measured"
DCT = "row * c->bands * 255 + (start < 0 ? -start : start) > INT32_MAX"
NO_CHANGE = {  # a condition, what takes its place, what else its line has, if need be; and why nothing can tell
    ("bytes < 20", "bytes <= 20"): FEWEST,
    ("c->frame < 16", "0"): "hops are multiples of 16, and no longer than the frame",
    ("c->hop < 1", "c->hop <= 1"): "hops are multiples of 16",
    (DCT, DCT.replace("<", "<=", 1)): "there is no other sign of 0",
    ("part->bytes < 1", "part->bytes <= 1"): "in one byte there is no label, which the count shows",
    ("part->data[0] < 1", "0"): "there is an output at least, and a label for each",
    ("l->history >= 1", "1"): "there are votes, and no more than windows",
    (
        "(part->bytes & 3) != 0",
        "0",
    ): "records take multiples of 4 bytes, and the last has to end where the section does",
    ("needs.prepared > bytes", "needs.prepared >= bytes"): "the arena comes behind, and has a byte at least",
    ("kind == TYMPAN_NO_KIND", "0"): "its record has no bytes, so the last one would not end where the section does",
    ("op->residual == TYMPAN_NONE", "0"): "where there is none nothing is reached, and any factor of that is 0",
    ("left < 8", "0"): "every kind's head has 8 bytes at least, and the kind itself is there",
    ("bands < op->f", "0"): "below 0, modulo 2^32, there are no bands or too many",
    ("bytes < tables.prepared", "bytes <= tables.prepared"): "logits lie in the arena, which comes behind",
    ("bands == 0", "0"): COUNTED,
    ("bands > 255", "0"): COUNTED,
    ("model->values[model->operator_count].produced == 1", "1"): "all operators finish once all features are there",
    ("value->produced != value->frames", "0"): "all operators finish once all features are there",
    ("v > 0 && value->base != value->needed", "0"): "what slides begins where it is needed",
    ("!at_rest(model)", "0"): "it holds, for both reasons that it looks at",
    ("step > 0", "1"): "a value without steps is behind a pool, and a second pool is refused",
    ("step > 0", "step >= 0"): "a value without steps is behind a pool, and a second pool is refused",
}


@dataclass(frozen=True, order=True)
class Change:
    """Characters `start` to `end` of a file give way to `after`."""

    start: int
    end: int
    after: str

    def applied(self, source: str) -> str:
        return source[: self.start] + self.after + source[self.end :]


def operands(text: str, operator: str) -> list[tuple[int, int]]:
    """Where the operands lie that this operator joins outside of parentheses."""
    found, depth, start = [], 0, 0
    for i, letter in enumerate(text):
        depth += (letter in "([") - (letter in ")]")
        if depth == 0 and text.startswith(operator, i):
            found.append((start, i))
            start = i + len(operator)
    return [*found, (start, len(text))]


def wrapped(text: str) -> bool:
    """Whether one pair of parentheses holds all of the text."""
    depths, depth = [], 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        depths.append(depth)
    return text.startswith("(") and depths.index(0) == len(text) - 1


def conditions(text: str, at: int, accepts: bool):
    """(start, end, what takes its place) for a condition that begins at `at` and all those it is made of.

    Where it refuses a file each of several reasons is taken out by itself; where a reason is that several things hold
    together, each of these is left out too, which refuses more.
    """
    at += len(text) - len(text.lstrip())
    text = text.strip()
    while wrapped(text):
        text, at = text[1:-1], at + 1
    for joins in ("&&", "||") if accepts else ("||", "&&"):
        parts = operands(text, joins)
        if len(parts) == 1:
            continue
        alone = (joins == "&&") == accepts
        if not alone:
            yield at, at + len(text), str(int(accepts))
        for start, end in parts:
            yield from conditions(text[start:end], at + start, accepts if alone else not accepts)
        return
    yield at, at + len(text), str(int(accepts))
    for sign in re.finditer(r" (<=|>=|<|>) ", text):
        yield at, at + len(text), text[: sign.start(1)] + LIMITS[sign[1]] + text[sign.end(1) :]


def changes(source: str) -> list[Change]:
    """Each condition of a check taken out, and each limit moved by one."""
    code = re.sub(r"/\*.*?\*/", lambda comment: re.sub(r"[^\n]", " ", comment[0]), source, flags=re.DOTALL)
    found = set()
    for pattern, accepts in PATTERNS:
        for match in pattern.finditer(code):
            found |= {Change(*change) for change in conditions(match["test"], match.start("test"), accepts)}
    return sorted(found)


def compiled(flags: list[str], sources: list[Path], output: Path) -> bool:
    command = ["cc", "-std=c99", *flags, *sources, "-o", output]
    return subprocess.run(command, capture_output=True).returncode == 0


def object_of(source: Path) -> Path:
    return SCRATCH / "objects" / f"{source.stem}.o"


def built(changed: str | None = None) -> bool:
    """Build the library from the copy of the core, of which one file may have changed; whether that could be done."""
    files = [COPY / path.relative_to(CORE) for path in SOURCES] + [COPY.parent / "host" / "host.c"]
    # what the loader asks of an operator is in its header, for one source alone
    stale = files if changed is None else [COPY / (changed if changed.endswith(".c") else "operators/kinds.c")]
    objects = [object_of(path) for path in files]
    return all(compiled([*FLAGS, "-c"], [path], object_of(path)) for path in stale) and compiled(
        ["-shared"], objects, LIBRARY
    )


def sanitized() -> bool:
    """Build the program that reads files under sanitizers from the copy; whether that could be done."""
    files = [COPY / path.relative_to(CORE) for path in SOURCES] + [COPY.parent / "host" / "check.c"]
    return compiled(["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"], files, CHECK)


def noticed(tests: list[Path]) -> bool:
    """Whether one of these tests fails, or does not end, with the core that has been built."""
    child = os.fork()
    if child == 0:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        signal.alarm(SECONDS)
        native.LIBRARY, test_sanitized.CHECK = LIBRARY, CHECK
        os._exit(int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *map(str, tests)])))
    return os.waitpid(child, 0)[1] != 0


def survives(file: str, source: str) -> bool:
    """Whether no test notices that a file reads so."""
    kept = (COPY / file).read_text()
    (COPY / file).write_text(source)
    try:
        return built(file) and not noticed(QUICK) and sanitized() and not noticed(THOROUGH)
    finally:
        (COPY / file).write_text(kept)
        built(file)


def excuse(source: str, change: Change) -> str | None:
    """Why a change changes nothing, if that is known."""
    condition = " ".join(source[change.start : change.end].split())
    line = source[source.rfind("\n", 0, change.start) : source.find("\n", change.end)]
    for (before, after, *beside), reason in NO_CHANGE.items():
        if (before, after) == (condition, change.after) and all(text in line for text in beside):
            return reason
    return None


def main(files: list[str]) -> int:
    shutil.rmtree(SCRATCH, ignore_errors=True)
    shutil.copytree(CORE.parent, COPY.parent)
    object_of(CORE).parent.mkdir()
    if not (built() and sanitized()) or noticed(QUICK) or noticed(THOROUGH):
        print("error: the tests fail without any change; run 'make test' first", file=sys.stderr)
        return 1
    left = total = 0
    for file in files or LOADER:
        source = (CORE / file).read_text()
        for change in changes(source):
            reason = excuse(source, change)
            total += 1
            if reason or survives(file, change.applied(source)):
                left += reason is None
                line, condition = source.count("\n", 0, change.start) + 1, source[change.start : change.end]
                print(
                    f"{file}:{line}  {' '.join(condition.split())}  ->  {change.after}: {reason or 'NOT NOTICED'}",
                    flush=True,
                )
    print(f"{total} changes, {left} not noticed")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
