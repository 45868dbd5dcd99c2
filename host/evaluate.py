"""Accuracy of a model.bin on recordings:  python -m host.evaluate MODEL.bin --data DIR

DIR holds one folder of .wav files per word. With unknown among the classes every other word counts as unknown.
DIR may also be synthetic or synthetic-fr: clips by synthesized voices that no training heard. Figures of a test set
are a report; to choose among models take --validation.
"""

import argparse
import json
import sys
from pathlib import Path

from host import robustness, validation
from host.command import guard, picture, warn, write_whole
from host.data.download import TEST_SET, fetch
from host.data.languages import spoken_by
from host.data.speech_commands import HELD_OUT
from host.evaluation import ENGINES, Model, Result, confusion_picture, evaluated_labels, judge, kinds, read_clips
from host.text import printable


def percent(share: float | None, digits: int = 1) -> str:
    return "-" if share is None else f"{100 * share:.{digits}f} %"


def table(result: Result) -> str:
    lines = [f"{'class':<12} {'clips':>6} {'right':>6} {'accuracy':>9}"]
    for label, row in result.per_class().items():
        lines.append(f"{printable(label):<12} {row['clips']:>6} {row['right']:>6} {percent(row['accuracy']):>9}")
    return "\n".join(lines)


def robustness_table(found: dict[str, dict[str, dict]], labels: tuple[str, ...]) -> str:
    """What `robustness.measure` found, a line for each level and each SNR."""
    shown = kinds(labels)
    lines = [("clips", list(shown.values()))]
    for kind, title in (("level", "gain {:+} dB"), ("snr", "noise, SNR {} dB")):
        lines += [(title.format(int(db)), [percent(row[k]) for k in shown]) for db, row in found[kind].items()]
    return "\n".join(f"{name:<18}" + "".join(f"{cell:>17}" for cell in cells) for name, cells in lines)


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
    p.add_argument("--classes", type=int, choices=(10,), help="its ten words alone (default: all of the model's)")
    p.add_argument("--engine", choices=ENGINES, default="native")
    p.add_argument("--robustness", action="store_true", help="also at other levels and in noise (host/robustness.py)")
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
    labels = evaluated_labels(model.program, args.classes)
    if args.validation:
        source = validation.Source.open(args.data, args.noise, args.resample)
        noise, clips = source.noise, source.clips(model, labels, args.json)
    else:
        noise = robustness.held_out_noise(data, args.noise) if args.robustness else []
        clips = read_clips(data, model.program, labels, args.json, args.resample)
    for finding in clips.findings:
        warn(finding)
    result = judge(model, labels, clips, args.engine)
    robust = robustness.measure(model, labels, clips, noise, args.engine, args.json) if args.robustness else None
    title = f"{args.model.stem}: {percent(result.accuracy)} of {result.clips} clips"
    drawn, not_drawn = args.picture or Path("build") / f"confusion-{args.model.stem}.png", None
    try:
        write_whole(drawn, confusion_picture(result, title))
    except OSError as error:  # said last: the figures are worth more
        not_drawn = error
    rate = result.clips / result.seconds
    if args.json:
        found = {
            "model": str(args.model), "data": named, "engine": args.engine, **result.figures(),
            "clips": result.clips, "clips_per_second": round(rate, 1), "per_class": result.per_class(),
            "confusion": result.confusion.tolist(), "missing": result.missing,
            "picture": None if not_drawn else str(drawn), "warnings": [str(f) for f in clips.findings],
        }  # fmt: skip
        print(json.dumps(found | ({"robustness": robust} if robust else {})))
    else:
        _print(result, labels, clips.others, rate, args.engine, robust)
    if not_drawn and args.picture:
        raise not_drawn
    if not_drawn:
        print(f"no picture: {drawn.parent}/ cannot be written; name one with --picture", file=sys.stderr)
    elif not args.json:
        print(f"confusion: {drawn}")
    return 0


def _print(
    result: Result, labels: tuple[str, ...], others: list[str], rate: float, engine: str, robust: dict | None
) -> None:
    figures = result.figures()
    print(table(result))
    for line in others:
        print(line)
    if result.missing:
        print(f"no recordings of {printable(', '.join(result.missing))}: these classes are not in the figures below")
    print(f"accuracy {percent(result.accuracy, 2)} of {result.clips} clips, {rate:.0f} clips/s ({engine} engine)")
    further = [f"{title} {percent(figures[k], 2)}" for k, title in kinds(labels).items() if k != "accuracy"]
    if further:
        print(", ".join(further))
    if robust:
        print(robustness_table(robust, labels))


if __name__ == "__main__":
    sys.exit(main())
