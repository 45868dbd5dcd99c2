"""Print a model.bin for people:  python -m host.inspect MODEL.bin"""

import argparse
import sys
from pathlib import Path

from host.base.errors import naming
from host.cli.guard import guard
from host.compiler.listing import listing


@guard
def main(arguments: list[str] | None = None) -> int:
    p = argparse.ArgumentParser(prog="python -m host.inspect", description=__doc__)
    p.add_argument("model", type=Path, metavar="MODEL.bin")
    args = p.parse_args(arguments)
    with naming(args.model):
        text, verified = listing(args.model.read_bytes(), str(args.model))
    print(text)
    return 0 if verified else 1


if __name__ == "__main__":
    sys.exit(main())
