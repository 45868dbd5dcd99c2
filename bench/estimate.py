"""How far the search's estimate of instructions lies from counts:  python -m bench.estimate [--write]

Every network of host/models is counted on the emulated LX106 as it was born, for weights hardly change a count, and
estimated by a fit to the counts of all others (host/exploration/instructions.py). With --write the table in
docs/search.md is replaced, and bench/estimate.json, which the search's estimate is fitted to.
"""

import json
import sys
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import torch

from bench.emulator import ROOT, SETS, Emulator
from bench.pages import main, rows
from bench.xtensa import count_window
from host.base.files import write_whole
from host.compiler.plan import planned
from host.data.dataset import class_labels
from host.exploration.instructions import COUNTS, fit, kind, total, works
from host.features.frontends import BANDS
from host.format.file import write
from host.format.program import Plan, Program
from host.models import MODELS
from host.models.design import Design, build, design_frontend

PAGE = ROOT / "docs" / "search.md"


def born(name: str, design: Design) -> tuple[Program, Plan]:
    """The network with the weights it was born with, planned as a trained one is."""
    torch.manual_seed(0)
    levels = np.random.default_rng(0).integers(0, 256, (16, design.frames, BANDS), dtype=np.uint8)
    program = build(name, design, design_frontend(design, levels), class_labels(12)).eval().program()
    return program, planned(program, "fast")


def count(emulator: Emulator, program: Program, plan: Plan) -> dict[str, dict]:
    """{kind: {"units": of work, "counted": instructions}} of a window."""
    spent: dict[str, int] = {}
    window, _ = count_window(emulator, write(program, plan), program)
    for function, instructions in emulator.by_function(window).items():
        spent[kind(function)] = spent.get(kind(function), 0) + instructions
    units = works(program, plan)
    return {which: {"units": units[which].tolist(), "counted": spent.get(which, 0)} for which in units}


@cache
def counts() -> dict[str, dict[str, dict]]:
    """Of each network of host/models."""
    with tempfile.TemporaryDirectory() as folder:
        emulator = Emulator(Path(folder), SETS["lx106"])
        return {name: count(emulator, *born(name, design)) for name, design in MODELS.items()}


def table() -> str:
    body = []
    for name, network in counts().items():
        counted = sum(entry["counted"] for entry in network.values())
        others = fit(entry for other, entry in counts().items() if other != name)
        estimated = total({which: np.array(entry["units"]) for which, entry in network.items()}, others)
        body.append((name, f"{counted:,}", f"{estimated:,}", f"{100 * (estimated / counted - 1):+.1f} %"))
    return rows(("network", "counted", "estimated", ""), body)


if __name__ == "__main__":
    status = main("estimate", __doc__, PAGE, SETS["lx106"], lambda: {"estimate": table()})
    if not status and "--write" in sys.argv:
        write_whole(COUNTS, (json.dumps(counts(), indent=1) + "\n").encode())
    sys.exit(status)
