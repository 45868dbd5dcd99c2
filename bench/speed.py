"""The tables of docs/speed.md from bench/xtensa.json:  python -m bench.speed"""

import json
import sys
from collections.abc import Callable

from bench.emulator import ROOT
from bench.pages import rows, write_tables
from bench.xtensa import BUDGET, column

PAGE = ROOT / "docs" / "speed.md"
CHIPS = {"lx106": "LX106", "s2": "ESP32-S2"}
COUNTED = {
    "instructions": "a window",
    "hop": "a listening hop, the window computed whole",
    "hop_streaming": "a listening hop on a stream",
    "frontend_frame": "a frame of the front end (10 ms)",
}
# an estimate of an ESP32-S2: cycles for each instruction, and cycles a millisecond
CYCLES, CLOCK = 1.5, 240e3


def counts(budget: dict) -> str:
    """Instructions and bytes of each model; a dash where an instruction set was not counted."""
    columns = {chip: column(budget, name) for name, chip in CHIPS.items()}

    def row(text: str, number: Callable[[dict], str], chip: str) -> list[str]:
        found = columns[chip]
        return [f"{text}, {chip}", *(number(found[model]) if model in found else "-" for model in budget)]

    body = [["multiply-adds a window", *(f"{s['macs']:,}" for s in budget.values())]]
    for key, text in COUNTED.items():
        body += [row(text, lambda s, key=key: f"{s[key]:,}", chip) for chip in columns]
    each = "a window for each multiply-add"
    body += [row(each, lambda s: f"{s['instructions'] / s['macs']:.2f}", chip) for chip in columns]
    for use in ("activations", "tables", "stream", "file"):
        body.append([f"{use}, bytes", *(f"{s['memory_bytes'][use]:,}" for s in budget.values())])
    code = {chip: next(iter(found.values()))["code_bytes"] for chip, found in columns.items() if found}
    note = ", ".join(f"{size:,} on the {chip}" for chip, size in code.items())
    return rows(("", *budget), body) + f"\nCode and constants of core and front end, bytes: {note}.\n"


def network_hop(s: dict) -> int:
    """Instructions of the network alone in a hop of a stream."""
    return s["hop_streaming"] - (s["hop"] - s["instructions"])


def milliseconds(instructions: int) -> str:
    return f"{instructions * CYCLES / CLOCK:.1f}"


def streams(budget: dict) -> str:
    """What a hop of a stream takes of a window, and of a hop that computes it whole."""
    head = ("instructions of an ESP32-S2", "a window", "the network's part of a hop", "", "a hop, all", "before")
    found = column(budget, "s2")
    body = []
    for model, s in sorted(found.items(), key=lambda item: network_hop(item[1]) / item[1]["instructions"]):
        hop, window = network_hop(s), s["instructions"]
        numbers = (f"{hop:,}", f"{100 * hop / window:.1f} %", f"{s['hop_streaming']:,}", f"{s['hop']:,}")
        body.append((model, f"{window:,}", *numbers))
    return rows(head, body)


def estimates(budget: dict) -> str:
    """Milliseconds on an ESP32-S2, from instructions."""
    keys = ("instructions", "hop", "hop_streaming")
    body = [(model, *(milliseconds(s[key]) for key in keys)) for model, s in column(budget, "s2").items()]
    return rows(("ms, estimated", "a window", "a hop, the window whole", "a hop of a stream"), body)


TABLES = {"counts": counts, "streams": streams, "estimates": estimates}


def tables(budget: dict) -> dict[str, str]:
    return {name: make(budget) for name, make in TABLES.items()}


def main() -> int:
    write_tables(PAGE, tables(json.loads(BUDGET.read_text())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
