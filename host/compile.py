"""Compile a trained run to a model.bin:  python -m host.compile runs/NAME [-o model.bin]"""

import argparse
import sys
from pathlib import Path

from host.command import guard, whole
from host.compiler.plan import PLANS
from host.format.file import read
from host.training.run import compile_run


@guard
def main(arguments: list[str] | None = None) -> int:
    p = argparse.ArgumentParser(prog="python -m host.compile", description=__doc__)
    p.add_argument("run", type=Path, help="a run folder of host.train")
    p.add_argument("-o", "--output", type=Path, help="default: model.bin in the run folder")
    p.add_argument(
        "--plan", choices=PLANS, default="fast", help="of memory: the fewest bytes or the fewest instructions"
    )
    p.add_argument("--strip", type=whole(1, 255), help="feature frames per step, other than the plan has")
    args = p.parse_args(arguments)
    path = compile_run(args.run, args.output, args.plan, args.strip)
    program, plan = read(path.read_bytes())
    print(f"{path}: {path.stat().st_size} bytes, {len(program.operators)} operators, {plan.arena} bytes of arena")
    return 0


if __name__ == "__main__":
    sys.exit(main())
