"""How far the search's estimate of instructions lies from counts on the emulated Xtensa core:  python -m bench.estimate

Every network of host/models is counted as it was born, for weights hardly change a count. The estimate was fitted to
the files in models/ alone (host/exploration/instructions.py).
"""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

from bench.xtensa import Emulator, count, missing
from host.compiler.plan import planned
from host.data.dataset import class_labels
from host.exploration.instructions import estimate
from host.format.file import write
from host.models import MODELS
from host.models.design import Design, build, design_frontend
from host.models.frontends import BANDS


def compare(emulator: Emulator, name: str, design: Design) -> tuple[int, int]:
    """(counted, estimated) instructions of a window."""
    torch.manual_seed(0)
    levels = np.random.default_rng(0).integers(0, 256, (16, design.frames, BANDS), dtype=np.uint8)
    program = build(name, design, design_frontend(design, levels), class_labels(12)).eval().program()
    plan = planned(program, "fast")
    return count(emulator, write(program, plan), program).window.total(), estimate(program, plan)


def main(arguments: list[str] | None = None) -> int:
    argparse.ArgumentParser(prog="python -m bench.estimate", description=__doc__.splitlines()[0]).parse_args(arguments)
    if missing():
        print(f"error: not installed: {', '.join(missing())}; tools/system_packages.sh xtensa", file=sys.stderr)
        return 2
    print(f"{'network':20} {'counted':>12} {'estimated':>12}")
    with tempfile.TemporaryDirectory() as folder:
        emulator = Emulator(Path(folder))
        for name, design in MODELS.items():
            counted, estimated = compare(emulator, name, design)
            print(f"{name:20} {counted:12,} {estimated:12,} {100 * (estimated / counted - 1):+6.1f} %", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
