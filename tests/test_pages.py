"""Pages whose tables commands write: each is what its command makes of what was counted."""

import json
import re
from collections import Counter

import pytest

from bench import comparison, energy, speed, xtensa
from bench.emulator import SETS
from bench.pages import replaced, rows

PAGE = "text\n<!-- a: written by a command -->\nold\n<!-- end of a -->\nmore\n"


def test_a_table_is_replaced_and_nothing_else():
    page = replaced(PAGE, {"a": rows(("x", ""), [("1", "2")])})
    table = "| x |  |\n| --- | --- |\n| 1 | 2 |\n"
    assert page == f"text\n<!-- a: written by a command -->\n\n{table}\n<!-- end of a -->\nmore\n"
    assert replaced(page, {"a": table}) == page


@pytest.mark.parametrize("page", ["", PAGE + PAGE, PAGE.replace("end of a", "end of b")])
def test_a_page_without_the_place_is_left_alone(page):
    with pytest.raises(ValueError, match="no place for the table a"):
        replaced(page, {"a": ""})


def test_the_page_of_speed_is_what_was_counted():
    page = speed.PAGE.read_text()
    assert replaced(page, speed.tables(json.loads(xtensa.BUDGET.read_text()))) == page


def test_what_was_not_counted_is_a_dash():
    budget = json.loads(xtensa.BUDGET.read_text())
    del budget["small"]["s2"]
    lines = [line.split(" | ") for line in speed.counts(budget).splitlines()]
    assert len({len(line) for line in lines[:-2]}) == 1
    assert [line[list(budget).index("small") + 1] for line in lines if line[0] == "| a window, ESP32-S2"] == ["-"]


def test_the_page_of_energy_is_what_was_counted():
    page = energy.PAGE.read_text()
    assert replaced(page, energy.tables(energy.assumptions(energy.parser().parse_args([])))) == page


def test_time_is_of_the_clock():
    """1.5 cycles each at 240 MHz: 160 M instructions are a second, and more than a hop has."""
    assert speed.milliseconds(160_000_000) == "1000.0"
    typed = "--instructions-per-hop 32e6 --front-end-instructions 1 --hop-ms 200"
    asked = energy.assumptions(energy.parser().parse_args(f"{typed} --network-wait-ms 0".split()))
    assert "listens, gate open                        240   100%" in energy.report(asked)
    assert "busy above 100 %" in energy.report(asked)
    assert "busy above" not in energy.report(energy.assumptions(energy.parser().parse_args([])))


def test_a_wait_is_as_long_at_any_clock():
    typed = "--instructions-per-hop 1 --front-end-instructions 1 --hop-ms 200"
    typed += " --network-wait-ms 20 --front-end-wait-ms 30"
    asked = energy.assumptions(energy.parser().parse_args(typed.split()))
    assert [round(energy.busy(asked, mhz, 1), 4) for mhz in (240, 80)] == [0.25, 0.25]
    assert round(energy.busy(asked, 240, 0), 4) == 0.15


class Listing:
    """An emulator's disassembly: two functions, the first with a loop of two instructions."""

    def opcodes(self) -> dict[int, str]:
        return {0: "entry", 3: "l16si", 6: "bne", 9: "mull", 12: "retw"}

    def function(self, address: int) -> str:
        return "f" if address < 9 else "g"


def test_loops_are_neighbours_that_ran_equally_often():
    counts = Counter({(0, 0): 1, (3, 0): 4, (3, 1): 6, (6, 1): 10, (9, 0): 10})  # by address and period
    found = comparison.loops(Listing(), counts)
    assert [(loop.function, loop.runs, loop.opcodes) for loop in found] == [
        ("f", 10, ("l16si", "bne")),
        ("g", 10, ("mull",)),
        ("f", 1, ("entry",)),
    ]
    assert found[0].executed == 20 and found[0].mix() == {"load": 1, "branch": 1}


def test_an_instruction_of_no_class_is_refused():
    assert [comparison.class_of(name) for name in ("mulsh", "addx4", "s8i", "srai", "max", "movi", "call8")] == [
        "multiply", "add", "store", "bits", "bits", "move", "branch"
    ]  # fmt: skip
    with pytest.raises(KeyError):
        comparison.class_of("loopnez")


def test_what_others_take_stands_apart_from_what_a_command_wrote():
    page = comparison.PAGE.read_text()
    written = re.findall(r"<!-- (\S+): written by a command -->(.*?)<!-- end of \1 -->", page, re.DOTALL)
    ours, others = "".join(table for _, table in written), page
    for name, table in written:
        others = others.replace(table, name)
    for name in ("TFLite", "esp-nn", "CMSIS", "TinyMaix", "article"):
        assert name in others and name not in ours
    kernels = re.findall(r"\| (.*? \| (?:multiply-add|value)) \|", dict(written)["kernels"])
    assert len(kernels) == 7 and all(f"| {kernel} |" in others for kernel in kernels)


@pytest.mark.slow
def test_the_page_of_comparison_is_what_is_counted():
    if missing := SETS["s2"].missing():
        pytest.skip(missing)
    page = comparison.PAGE.read_text()
    assert replaced(page, comparison.tables()) == page
