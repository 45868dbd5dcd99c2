"""Compile a trained run to a model.bin:  python -m host.compile runs/NAME [-o model.bin]"""

import argparse
import sys
from pathlib import Path

from host.compiler.lowering import LoweringError
from host.compiler.quantize import QuantizationError
from host.format.file import read
from host.training.run import RunError, compile_run


def main(arguments: list[str] | None = None) -> int:
    p = argparse.ArgumentParser(prog="python -m host.compile", description=__doc__)
    p.add_argument("run", type=Path, help="a run folder of host.train")
    p.add_argument("-o", "--output", type=Path, help="default: model.bin in the run folder")
    p.add_argument("--checkpoint", default="best.pt", choices=("best.pt", "last.pt"))
    p.add_argument("--strip", type=int, default=2, help="feature frames per step: more takes memory and saves overhead")
    args = p.parse_args(arguments)
    if args.strip < 1:
        p.error("--strip takes at least 1")
    try:
        path = compile_run(args.run, args.output, args.checkpoint, args.strip)
    except (OSError, RunError, QuantizationError, LoweringError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    program, plan = read(path.read_bytes())
    print(f"{path}: {path.stat().st_size} bytes, {len(program.operators)} operators, {plan.arena} bytes of arena")
    return 0


if __name__ == "__main__":
    sys.exit(main())
