"""The C core on the robot's instruction set: it computes what the native one does, and stays within its counts."""

import json

import pytest

from bench import xtensa

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(xtensa.missing()), reason=f"not installed: {', '.join(xtensa.missing())}"),
]


@pytest.fixture(scope="module")
def found():
    """Counts of all shipped models; measuring compares what is computed, bit for bit."""
    return xtensa.measure()


def test_the_counts_are_within_the_budget(found):
    assert xtensa.excesses(found, json.loads(xtensa.BUDGET.read_text())) == []


def test_the_same_program_gives_the_same_counts(found):
    assert xtensa.measure() == found


def test_an_excess_is_named():
    budget = {"m": {"instructions": 1000, "per_kernel": {"a": 1}, "memory_bytes": {"tables": 100}}}
    more = {"m": {"instructions": 1021, "per_kernel": {"b": 9}, "memory_bytes": {"tables": 102}}}
    assert xtensa.excesses(more, budget) == ["m/instructions: 1,021 exceeds 1,000 by more than 2 %"]
    assert xtensa.excesses({}, budget) == ["m is only in the budget"]
