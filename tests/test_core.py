"""The C core as code: no recursion, a bounded stack, nothing from outside but memory functions, no floating point."""

import re

from bench.stack import ALLOWED, CORE, measure

STACK = 1536  # bytes, as docs/core.md says


def test_stack_is_bounded_and_nothing_is_allocated():
    stacks, names, _ = measure()  # RecursionError where a function can call itself
    assert {"tympan_model_open", "tympan_model_run", "tympan_stream_slots", "tympan_listener_run"} <= set(stacks)
    assert max(stacks.values()) <= STACK
    assert names <= ALLOWED


def test_no_floating_point_in_the_source():
    for path in CORE.rglob("*.[ch]"):
        assert not re.search(r"\b(float|double|malloc|free|alloca)\b", path.read_text()), path


def test_no_folder_includes_one_that_includes_it():
    """Folders depend on each other one way; the headers at the top are for callers, or have compiler flags."""
    reads: dict[str, set[str]] = {}
    for path in CORE.rglob("*.[ch]"):
        folder = path.relative_to(CORE).parts[0]
        for name in re.findall(r'#include "(.*)"', path.read_text()):
            included = (path.parent / name).resolve().relative_to(CORE)
            if included.parts[0] != folder and folder != "plain":
                reads.setdefault(folder, set()).add(included.parts[0])
    headers = {path.name for path in CORE.glob("*.h")}
    assert set().union(*(reads.pop(header, set()) for header in headers)) <= headers
    while reads:
        free = {name for name in reads if not (reads[name] - headers) & reads.keys()}
        assert free, f"a circle among {sorted(reads)}"
        reads = {name: folders for name, folders in reads.items() if name not in free}
