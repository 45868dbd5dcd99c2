"""Compile a trained run to a model.bin:  python -m host.compile runs/NAME [-o model.bin]

A model.bin in place of the run is planned again. With --emit c it is also written as C source beside the output, for
firmware without files: a constant array, and a header with the bytes of memory that it takes.
"""

import argparse
import sys
from pathlib import Path

from host.base.errors import naming
from host.base.files import write_own
from host.cli.arguments import whole
from host.cli.guard import guard
from host.compiler.build import c_source, planned_again, write_model
from host.compiler.plan import PLANS
from host.format import source
from host.format.file import read
from host.training.run import compile_run


@guard
def main(arguments: list[str] | None = None) -> int:
    p = argparse.ArgumentParser(prog="python -m host.compile", description=__doc__.splitlines()[0])
    p.add_argument("run", type=Path, help="a run folder of host.train, or a model.bin to plan again")
    p.add_argument("-o", "--output", type=Path, help="default: model.bin in the run folder")
    p.add_argument(
        "--plan", choices=PLANS, default="fast", help="of memory: the fewest bytes or the fewest instructions"
    )
    p.add_argument("--strip", type=whole(1, 255), help="feature frames per step, other than the plan has")
    p.add_argument("--emit", choices=("c",), help="also write C source beside the output: .c and .h")
    args = p.parse_args(arguments)
    if args.run.is_file():
        if not args.output:
            p.error(f"{args.run} is a file; name the output with -o")
        with naming(args.run):
            file = planned_again(args.run.read_bytes(), args.plan, args.strip)
        path = args.output
        write_model(path, file)
    else:
        path = compile_run(args.run, args.output, args.plan, args.strip)
    program, plan = read(path.read_bytes())
    print(f"{path}: {path.stat().st_size} bytes, {len(program.operators)} operators, {plan.arena} bytes of arena")
    if args.emit:
        for suffix, text in c_source(path.stem, path.read_bytes()).items():
            write_own(path.with_suffix(suffix), text.encode(), source.MARK.encode(), "C source of a model")
            print(path.with_suffix(suffix))
    return 0


if __name__ == "__main__":
    sys.exit(main())
