"""What each plan takes of a model, counted with the ESP32-S2's instructions:  python -m bench.plans [--write]

With --write the table in docs/speed.md is replaced. `make bench-xtensa-s2` fetches the compiler.
"""

import sys
import tempfile
from pathlib import Path

from bench.emulator import ROOT, SETS, Emulator
from bench.pages import main, rows
from bench.speed import PAGE
from bench.xtensa import count_window
from host.compiler.plan import PLANS, planned
from host.format.file import read, write

CHOSEN = ("tinyspeech-z4", "robot")
STRIPS = (4, 8, 12, 16, 20, 24, 94)  # of the fast plan; a tile of Winograd's has four frames


def table() -> str:
    body = []
    with tempfile.TemporaryDirectory() as folder:
        emulator = Emulator(Path(folder), SETS["s2"])
        for model in CHOSEN:
            program, _ = read((ROOT / "models" / f"{model}.bin").read_bytes())
            for name, strip in [("small", PLANS["small"][0]), *(("fast", strip) for strip in STRIPS)]:
                plan = planned(program, name, strip)
                window, (made, arena, _) = count_window(emulator, write(program, plan), program)
                numbers = (f"{made:,}", f"{arena:,}", f"{window.total():,}")
                text = f"`--plan {name}`" if strip == PLANS[name][0] else f"`--plan {name} --strip {strip}`"
                body.append((model, text, *numbers))
    return rows(("", "plan", "tables and scratch, bytes", "activations, bytes", "instructions a window"), body)


if __name__ == "__main__":
    sys.exit(main("plans", __doc__, PAGE, SETS["s2"], lambda: {"plans": table()}))
