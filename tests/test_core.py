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
