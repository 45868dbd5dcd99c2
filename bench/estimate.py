"""How far the search's estimate of instructions lies from counts:  python -m bench.estimate [--write]

Every network of host/models is counted on the emulated LX106 as it was born, for weights hardly change a count. The
estimate was fitted to the files in models/ alone (host/exploration/instructions.py). With --write the table in
docs/search.md is replaced.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

from bench.emulator import ROOT, SETS, Emulator
from bench.pages import main, rows
from bench.xtensa import count_window
from host.compiler.plan import planned
from host.data.dataset import class_labels
from host.exploration.instructions import estimate
from host.format.file import write
from host.models import MODELS
from host.models.design import Design, build, design_frontend
from host.models.frontends import BANDS

PAGE = ROOT / "docs" / "search.md"


def compare(emulator: Emulator, name: str, design: Design) -> tuple[int, int]:
    """(counted, estimated) instructions of a window."""
    torch.manual_seed(0)
    levels = np.random.default_rng(0).integers(0, 256, (16, design.frames, BANDS), dtype=np.uint8)
    program = build(name, design, design_frontend(design, levels), class_labels(12)).eval().program()
    chosen = planned(program, "fast")
    window, _ = count_window(emulator, write(program, chosen), program)
    return window.total(), estimate(program, chosen)


def table() -> str:
    body = []
    with tempfile.TemporaryDirectory() as folder:
        emulator = Emulator(Path(folder), SETS["lx106"])
        for name, design in MODELS.items():
            counted, estimated = compare(emulator, name, design)
            body.append((name, f"{counted:,}", f"{estimated:,}", f"{100 * (estimated / counted - 1):+.1f} %"))
    return rows(("network", "counted", "estimated", ""), body)


if __name__ == "__main__":
    sys.exit(main("estimate", __doc__, PAGE, SETS["lx106"], lambda: {"estimate": table()}))
