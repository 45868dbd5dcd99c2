"""Accuracy of a model.bin on recordings:  python -m host.evaluate MODEL.bin --data DIR

DIR holds one folder of .wav files per word. With unknown among the classes every other word counts as unknown.
DIR may also be synthetic or synthetic-fr: clips by synthesized voices that no training heard. Figures of a test set
are a report; to choose among models take --validation.
"""

import argparse
import json
import sys
from pathlib import Path

from host.base import paths
from host.base.files import write_whole
from host.base.paths import shown
from host.base.text import percent, printable
from host.cli.arguments import add_no_unknown, picture
from host.cli.guard import guard, warn
from host.data.dataset import command_words
from host.data.download import TEST_SET, fetch
from host.data.languages import spoken_by
from host.data.speech_commands import HELD_OUT
from host.evaluation.evaluate import Evaluation, clips_of_test, clips_of_validation, evaluate
from host.evaluation.model import ENGINES, Model
from host.evaluation.result import kinds
from host.evaluation.tables import robustness_table, table
from host.pictures import confusion


@guard
def main(arguments: list[str] | None = None) -> int:
    p = argparse.ArgumentParser(prog="python -m host.evaluate", description=__doc__)
    p.add_argument("model", type=Path, metavar="MODEL.bin")
    p.add_argument("--data", type=Path, nargs="+", required=True, metavar="DIR", help="one; any with --validation")
    p.add_argument(
        "--validation", action="store_true",
        help="validation clips alone, by the lists of --data or the data set's rule, and validation noise from --noise",
    )  # fmt: skip
    p.add_argument(
        "--download", action="store_true", help="first fetch the test set of Speech Commands v0.02 (113 MB) into DIR"
    )
    p.add_argument("--resample", action="store_true", help="recordings of any rate and channels, converted")
    add_no_unknown(p, "the clips of its words alone, told from each other alone (default: all of its classes)", None)
    p.add_argument("--engine", choices=ENGINES, default="native")
    p.add_argument(
        "--robustness", action="store_true", help="also at other levels and in noise (host/evaluation/robustness.py)"
    )
    p.add_argument(
        "--noise", type=Path, metavar="DIR",
        help=f"folder of {' and '.join(HELD_OUT)} (default: _background_noise_ inside or beside --data); "
        "with --validation, of any recordings",
    )  # fmt: skip
    p.add_argument("--picture", type=picture, metavar="PNG", help="default: build/confusion-<model>.png")
    p.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    args = p.parse_args(arguments)
    data, named = args.data[0], " ".join(map(str, args.data))
    if len(args.data) > 1 and not args.validation:
        p.error(f"--data {named}: one folder at a time; several are for --validation")
    if args.validation and (args.download or not args.noise):
        p.error("--validation needs --noise and goes without --download, which fetches a test set")
    if args.download and spoken_by(data):
        p.error(f"--download --data {data}: name the folder that the test set goes into")

    if args.download:
        fetch(TEST_SET, data, args.json)
    model = Model.open(args.model)
    labels = command_words(model.program.labels) if args.classes else model.program.labels
    given = {"resample": args.resample, "quiet": args.json}
    if args.validation:
        clips, noise = clips_of_validation(model, labels, args.data, args.noise, **given)
    else:
        clips, noise = clips_of_test(model, labels, data, args.noise, args.robustness, **given)
    for finding in clips.findings:
        warn(finding)
    found = evaluate(model, labels, clips, noise, args.engine, args.robustness, args.json)
    result = found.result
    title = f"{args.model.stem}: {percent(result.accuracy)} of {result.clips} clips"
    drawn, not_drawn = args.picture or shown(paths.BUILD / f"confusion-{args.model.stem}.png"), None
    try:
        write_whole(drawn, confusion.draw(result.confusion, labels, title))
    except OSError as error:  # said last: the figures are worth more
        not_drawn = error
    if args.json:
        said: dict[str, object] = {
            "picture": None if not_drawn else str(drawn),
            "warnings": [str(f) for f in clips.findings],
        }
        said |= {"robustness": found.robustness} if found.robustness else {}
        print(json.dumps({"model": str(args.model), "data": named, **found.to_dict(), **said}))
    else:
        _print(found, labels, clips.others)
    if not_drawn and args.picture:
        raise not_drawn
    if not_drawn:
        print(f"no picture: {drawn.parent}/ cannot be written; name one with --picture", file=sys.stderr)
    elif not args.json:
        print(f"confusion: {drawn}")
    return 0


def _print(found: Evaluation, labels: tuple[str, ...], others: list[str]) -> None:
    result, figures = found.result, found.result.figures()
    print(table(result))
    for line in others:
        print(line)
    if result.missing:
        print(f"no recordings of {printable(', '.join(result.missing))}: these classes are not in the figures below")
    print(
        f"accuracy {percent(result.accuracy, 2)} of {result.clips} clips, {found.rate:.0f} clips/s "
        f"({found.engine} engine)"
    )
    further = [f"{title} {percent(figures[k], 2)}" for k, title in kinds(labels).items() if k != "accuracy"]
    if further:
        print(", ".join(further))
    if found.robustness:
        print(robustness_table(found.robustness, labels))


if __name__ == "__main__":
    sys.exit(main())
