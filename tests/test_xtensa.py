"""The C core on the robot's instruction set: it computes what the native one does, and stays within its counts."""

import json
import re

import pytest

from bench import xtensa
from bench.emulator import SETS, Emulator
from tests.conftest import ROOT

BUDGET = json.loads(xtensa.BUDGET.read_text())
# of each kind of network one: condensers in tiles, condensers by channels, separable blocks
COUNTED = [ROOT / "models" / f"{name}.bin" for name in ("tinyspeech-z4", "robot", "robot-fr")]


def need(instructions) -> None:
    if missing := instructions.missing():
        pytest.skip(missing)


@pytest.fixture(scope="module", params=SETS)
def found(request):
    """(instruction set, counts of some shipped models); measuring compares what is computed, bit for bit."""
    need(SETS[request.param])
    return request.param, xtensa.measure(SETS[request.param], models=COUNTED)


@pytest.mark.slow
def test_the_counts_are_within_the_budget(found):
    name, counts = found
    budget = xtensa.column(BUDGET, name)
    assert xtensa.excesses(counts, {model: budget[model] for model in counts}) == []


@pytest.mark.slow
def test_the_same_program_gives_the_same_counts(found):
    name, counts = found
    again = xtensa.measure(SETS[name], models=COUNTED[-1:])
    assert again == {"robot-fr": counts["robot-fr"]}


def test_no_instruction_is_used_that_the_chip_lacks(tmp_path):
    """The emulated core has loops and multiply-accumulates; an ESP32-S2 has none."""
    need(SETS["s2"])
    emulator = Emulator(tmp_path, SETS["s2"])
    file = (ROOT / "models" / "robot.bin").read_bytes()
    counts, _ = emulator.difference(xtensa.FRAMES, 0, 4, file, xtensa.sound(640).tobytes())
    opcodes = emulator.opcodes()
    used = {opcodes[address] for address, _ in counts}
    assert {name for name in used if re.match(r"loop|mula|muls\.|mul\.|umul|ldinc|lddec|.*\.s$", name)} == set()
    assert {"mulsh", "muluh", "abs", "l16si", "entry"} <= used


@pytest.mark.parametrize("name", SETS)
def test_a_hop_of_a_stream_computes_little_of_its_window(name):
    for model, s in xtensa.column(BUDGET, name).items():
        network = s["hop_streaming"] - (s["hop"] - s["instructions"])
        assert network < s["instructions"] / 3, model


def test_an_excess_is_named():
    budget = {"m": {"instructions": 1000, "per_kernel": {"a": 1}, "memory_bytes": {"tables": 100}}}
    more = {"m": {"instructions": 1021, "per_kernel": {"b": 9}, "memory_bytes": {"tables": 102}}}
    assert xtensa.excesses(more, budget) == ["m/instructions: 1,021 exceeds 1,000 by more than 2 %"]
    assert xtensa.excesses({}, budget) == ["m is only in the budget"]


def test_a_column_is_written_beside_the_other():
    budget = {"a": {"hop": 1, "s2": {"hop": 2}}, "gone": {"hop": 1}}
    assert xtensa.with_column(budget, "lx106", {"a": {"hop": 3}}) == {"a": {"hop": 3, "s2": {"hop": 2}}}
    assert xtensa.with_column(budget, "s2", {"a": {"hop": 4}}) == {"a": {"hop": 1, "s2": {"hop": 4}}}
    assert xtensa.column(budget, "s2") == {"a": {"hop": 2}}
    assert xtensa.column(budget, "lx106") == {"a": {"hop": 1}, "gone": {"hop": 1}}
