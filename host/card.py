"""Ship a run: its model.bin, confusion picture and card in a folder:  python -m host.card RUN [RUN ...] --data DIR

DIR is the test set that the card reports; it may choose nothing. Of several runs that differ in their seeds the one
with the best validation ships, and the card lists all. The file that it replaces is compared with it on the clips of
--validation. Given a shipped model.bin in place of RUN, what is measured of it is written into its card again.
"""

import argparse
import sys
from pathlib import Path

from host.base import paths
from host.base.paths import shown
from host.cards.ship import noise, ship, update
from host.cli.guard import guard, warn
from host.data.speech_commands import HELD_OUT
from host.evaluation import validation


@guard
def main(arguments: list[str] | None = None) -> int:
    p = argparse.ArgumentParser(prog="python -m host.card", description=__doc__)
    p.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="run folders of host.train, which differ in seeds")
    p.add_argument("--data", type=Path, required=True, metavar="DIR")
    p.add_argument(
        "--noise", type=Path, metavar="DIR",
        help=f"folder of {' and '.join(HELD_OUT)} (default: _background_noise_ inside or beside --data)",
    )  # fmt: skip
    p.add_argument(
        "--validation", type=Path, nargs="+", default=[], metavar="DIR", help="folders whose validation clips choose"
    )
    p.add_argument(
        "--validation-noise", type=Path, metavar="DIR", help="folder of recordings whose validation part chooses"
    )
    p.add_argument(
        "--before", type=Path, nargs="+", default=[], metavar="MODEL.bin",
        help="files that it is chosen against (default: the one that it replaces)",
    )  # fmt: skip
    p.add_argument("--output", type=Path, help="folder (default: models)")
    p.add_argument("--name", help="of the files (default: the network's)")
    p.add_argument("--weights", action="store_true", help="also NAME.npz, which host.train --start goes on from")
    p.add_argument("--licence", help="the line on whose recordings trained it; speech-commands: that data set's")
    args = p.parse_args(arguments)
    if args.name is not None and (args.name != Path(args.name).name or not args.name):
        p.error(f"--name {args.name}: a name, not a path; the folder is --output")
    if bool(args.validation) != bool(args.validation_noise):
        p.error("--validation and --validation-noise go together")
    source = validation.Source.open(args.validation, args.validation_noise) if args.validation else None
    recordings = noise(args.data, args.noise)
    if args.runs[0].is_file():
        for path in args.runs:
            update(path, args.data, recordings, args.before, source)
        return 0
    ship(
        args.runs, args.data, recordings, args.output or shown(paths.MODELS), args.name, args.licence, args.before,
        source, args.weights, warn=warn,
    )  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
