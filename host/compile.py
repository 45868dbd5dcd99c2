"""Compile a trained run to a model.bin:  python -m host.compile runs/NAME [-o model.bin]

A model.bin in place of the run is planned again. With --emit c it is also written as C source beside the output, for
firmware without files: a constant array, and a header with the bytes of memory that it takes.
"""

import argparse
import sys
from pathlib import Path

from host.command import guard, naming, whole, write_model, write_own
from host.compiler.plan import PLANS, planned
from host.engines.native import ModelError, NativeListener, NativeModel
from host.format import source
from host.format.file import read, write
from host.training.run import compile_run


def compile_file(path: Path, output: Path, plan: str, strip: int | None) -> Path:
    """Plan a model.bin again; FormatError where the C core refuses it."""
    file = path.read_bytes()
    with naming(path):
        NativeModel(file)
        program, _ = read(file)
    write_model(output, write(program, planned(program, plan, strip)))
    return output


def emit_c(path: Path) -> list[Path]:
    """Write a model.bin as C source beside it; the files written."""
    file = path.read_bytes()
    program, _ = read(file)
    model = NativeModel(file)
    try:
        listener = NativeListener(model, program.hop).memory
    except ModelError:  # it takes whole windows
        listener = 0
    texts = {
        ".h": source.header(path.stem, file, program, model.memory, listener),
        ".c": source.array(path.stem, file),
    }
    for suffix, text in texts.items():
        write_own(path.with_suffix(suffix), text.encode(), source.MARK.encode(), "C source of a model")
    return [path.with_suffix(suffix) for suffix in texts]


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
        path = compile_file(args.run, args.output, args.plan, args.strip)
    else:
        path = compile_run(args.run, args.output, args.plan, args.strip)
    program, plan = read(path.read_bytes())
    print(f"{path}: {path.stat().st_size} bytes, {len(program.operators)} operators, {plan.arena} bytes of arena")
    if args.emit:
        print(*emit_c(path), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
