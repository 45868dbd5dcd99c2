"""What each plan takes of a model, counted with the ESP32-S2's instructions:  python -m bench.plans [--write]

With --write the table in docs/speed.md is replaced. `make bench-xtensa-s2` fetches the compiler.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from bench.emulator import ROOT, SETS, Emulator
from bench.pages import rows, write_tables
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


def main(arguments: list[str]) -> int:
    p = argparse.ArgumentParser(prog="python -m bench.plans", description=__doc__.splitlines()[0])
    p.add_argument("--write", action="store_true", help=f"replace the table in {PAGE.relative_to(ROOT)}")
    options = p.parse_args(arguments)
    if missing := SETS["s2"].missing():
        print(f"error: not installed: {', '.join(missing)}; make bench-xtensa-s2", file=sys.stderr)
        return 2
    found = table()
    print(found)
    if options.write:
        write_tables(PAGE, {"plans": found})
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
