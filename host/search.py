"""Let a machine explore designs within requirements:  python -m host.search --data DIR --require small

Run the same line again to go on, or at the same time, on any machine that reaches the storage, to share the work.
"""

import argparse
import functools
import shlex
import sys
from pathlib import Path

from host.base import paths
from host.base.errors import DataError
from host.base.paths import shown
from host.cli.arguments import add_no_unknown, seed, whole
from host.cli.guard import guard, warn
from host.data.load import gather
from host.data.speech_commands import SPLITS
from host.exploration.objective import PERFORMANCE, parse_requirements
from host.exploration.space import SPACES
from host.training.recipes import RECIPES, shortened
from host.training.request import source_names


def parse(arguments: list[str] | None) -> argparse.Namespace:
    p = argparse.ArgumentParser(prog="python -m host.search", description=__doc__)
    p.add_argument(
        "--data", required=True, nargs="+", metavar="synthetic | DIR | ARCHIVE.npz", help="as for host.train"
    )
    p.add_argument("--noise", type=Path, metavar="DIR", help="as for host.train")
    add_no_unknown(p, "as for host.train", 12, 12)
    p.add_argument("--split", default="auto", choices=SPLITS, help="as for host.train")
    p.add_argument("--resample", action="store_true", help="as for host.train")
    p.add_argument("--networks", nargs="+", default=sorted(SPACES), choices=sorted(SPACES), metavar="NETWORK")
    p.add_argument(
        "--require", nargs="+", default=["small"], metavar="NAME | KEY=VALUE",
        help="a set of host/exploration/objective.py, or parameters=15000 accuracy=0.9 operators=Conv2D,Dense ...",
    )  # fmt: skip
    p.add_argument("--maximise", default="accuracy", choices=sorted(PERFORMANCE), help="the performance function U")
    p.add_argument("--recipe", default="default", choices=sorted(RECIPES))
    p.add_argument("--epochs", type=whole(1, 100_000), default=8, help="of each training (default: 8)")
    p.add_argument("--trials", type=whole(1, 1_000_000), default=50, help="designs to train, by all workers together")
    p.add_argument("--minutes", type=whole(1, 1_000_000), help="begin no training after so many")
    p.add_argument("--seed", type=seed, default=0)
    p.add_argument("--out", type=Path, help="folder; its name is the search's (default: runs/search-<data>-<classes>)")
    p.add_argument(
        "--storage", metavar="URL", help="a database for several machines (default: journal.log in the folder)"
    )
    p.add_argument("--quiet", action="store_true", help="no progress bars")
    return p.parse_args(arguments)


@guard
def main(arguments: list[str] | None = None) -> int:
    args = parse(arguments)
    try:
        from host.exploration import report
        from host.exploration.explore import Problem
        from host.exploration.search import search
    except ImportError as error:
        raise DataError(f"a search needs Optuna: pip install -e '.[search]' ({error})") from error
    recipe = shortened(RECIPES[args.recipe], args.epochs)
    networks, requirements = tuple(sorted(set(args.networks))), parse_requirements(args.require)
    problem = Problem(networks, args.classes, args.split, args.seed, recipe, requirements, args.maximise)
    folder = args.out or shown(paths.RUNS / f"search-{source_names(args.data)}-{args.classes}")
    found = gather(args.data, args.classes, args.split, args.seed, args.noise, args.quiet, resample=args.resample)
    for finding in found.findings:
        warn(finding)
    data, seconds = found.dataset(), args.minutes and 60 * args.minutes
    say = functools.partial(print, flush=True)
    try:
        best = search(problem, data, folder, args.storage, args.trials, seconds, args.quiet, say)
    except KeyboardInterrupt:
        raise KeyboardInterrupt("the same line goes on") from None
    print(report.table(best) if best else "no design that was measured meets the requirements yet")
    design = shlex.quote(f"{folder}/trial-NNNN.json")
    print(f"{folder}/pareto.md; train one in full: python -m host.train --design {design} --data DIR")
    return 0


if __name__ == "__main__":
    sys.exit(main())
