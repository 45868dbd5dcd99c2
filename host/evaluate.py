"""Accuracy of a model.bin on recordings:  python -m host.evaluate MODEL.bin --data DIR

DIR holds one folder of .wav files per word. With unknown among the classes every other word counts as unknown.
"""

import argparse
import json
import sys
from pathlib import Path

from host.command import guard, picture, write_whole
from host.evaluation import ENGINES, Result, confusion_picture, evaluate


def table(result: Result) -> str:
    lines = [f"{'class':<12} {'clips':>6} {'right':>6} {'accuracy':>9}"]
    for label, row in result.per_class().items():
        share = "-" if row["accuracy"] is None else f"{100 * row['accuracy']:.1f} %"
        lines.append(f"{label:<12} {row['clips']:>6} {row['right']:>6} {share:>9}")
    return "\n".join(lines)


@guard
def main(arguments: list[str] | None = None) -> int:
    p = argparse.ArgumentParser(prog="python -m host.evaluate", description=__doc__)
    p.add_argument("model", type=Path, metavar="MODEL.bin")
    p.add_argument("--data", type=Path, required=True, metavar="DIR")
    p.add_argument("--classes", type=int, choices=(10,), help="its ten words alone (default: all of the model's)")
    p.add_argument("--engine", choices=ENGINES, default="native")
    p.add_argument("--picture", type=picture, metavar="PNG", help="default: build/confusion-<model>.png")
    p.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    args = p.parse_args(arguments)
    result = evaluate(args.model, args.data, args.classes, args.engine, quiet=args.json)
    drawn = args.picture or Path("build") / f"confusion-{args.model.stem}.png"
    write_whole(
        drawn, confusion_picture(result, f"{args.model.stem}: {100 * result.accuracy:.1f} % of {result.clips} clips")
    )
    rate = result.clips / result.seconds
    if args.json:
        found = {
            "model": str(args.model), "data": str(args.data), "engine": args.engine, "accuracy": result.accuracy,
            "clips": result.clips, "clips_per_second": round(rate, 1), "per_class": result.per_class(),
            "confusion": result.confusion.tolist(), "missing": result.missing, "picture": str(drawn),
        }  # fmt: skip
        print(json.dumps(found))
        return 0
    print(table(result))
    if result.missing:
        print(f"no recordings of {', '.join(result.missing)}: these classes are not in the figure below")
    print(f"accuracy {100 * result.accuracy:.2f} % of {result.clips} clips, {rate:.0f} clips/s ({args.engine} engine)")
    print(f"confusion: {drawn}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
