"""Ship a run: its model.bin, confusion picture and card in a folder:  python -m host.card RUN [RUN ...] --data DIR

DIR is the test set that the card reports; it may choose nothing. Of several runs that differ in their seeds the one
with the best validation ships, and the card lists all. The file that it replaces is compared with it on the clips of
--validation. Given a shipped model.bin in place of RUN, what is measured of it is written into its card again.
"""

import argparse
import sys
from pathlib import Path

from host import robustness, validation
from host.card_text import MEASURED, Tested, blob, card, data_names, licence, measured
from host.command import guard, naming, replaced, warn, write_model, write_whole
from host.data.dataset import DataError
from host.data.speech_commands import HELD_OUT
from host.evaluate import percent
from host.evaluation import Clips, Model, confusion_picture, judge, judge_float, read_clips
from host.format.file import read
from host.training.config import RunConfig, RunError, load_config
from host.training.run import load_best, load_network


def check_alike(folders: list[Path], configs: list[RunConfig]) -> None:
    """RunError where the runs differ in more than their seeds, or not in them."""

    def kind(c: RunConfig):
        before = bool(c.start), [Path(run).name for run in c.teachers]
        data = data_names(c), c.noise and Path(c.noise).name, c.resample, c.labels, c.split
        return c.model, c.design, data, c.recipe, before

    for folder, config in zip(folders, configs, strict=True):
        if kind(config) != kind(configs[0]):
            raise RunError(f"{folder}: differs from {folders[0]} in more than its seed; make it a card of its own")
    if len({c.seed for c in configs}) < len(configs):
        raise RunError(f"{', '.join(map(str, folders))}: two of these runs have one seed; name each run once")


def tested(folder: Path, clips: Clips) -> Tested:
    """Judge a run; RunError or FormatError where a file of it cannot be used."""
    config, network = load_network(folder)
    best, hours = load_best(folder)
    model = Model.open(folder / "model.bin")
    int8, real = judge(model, config.labels, clips), judge_float(network, clips)
    return Tested(config, model, network.parameter_count(), best, hours, int8, real)


def noise(data: Path, given: Path | None) -> list:
    """The held-out recordings; none where they are not there and were not asked for."""
    try:
        return robustness.held_out_noise(data, given)
    except DataError:
        if given:
            raise
        return []


def compared(model: Model, others: list[Path], source: validation.Source | None) -> tuple[dict | None, dict]:
    """What validation makes of a model, and of the others by their `blob`; None of each where there is no source."""
    before = {blob(path.read_bytes()): path for path in others}
    before.pop(blob(model.file), None)
    if not source:
        return None, dict.fromkeys(before)
    opened = {name: Model.open(path) for name, path in before.items()}
    for other in opened.values():
        if other.program.labels != model.program.labels:
            raise DataError(f"{other.path} hears other words; --before is for files of the same")
    found, others = source.measure(model), {name: source.measure(other) for name, other in opened.items()}
    for name, other in others.items():
        print(f"validation, mean of levels and noise: {percent(validation.mean(found), 2)}; "
              f"of {name}, which it replaces, {percent(validation.mean(other), 2)}")  # fmt: skip
    return found, others


def update(path: Path, data: Path, recordings: list, others: list[Path], source: validation.Source | None) -> None:
    """Measure the levels, the noise and the choice of a shipped model again, and put them into its card."""
    page, model = path.with_suffix(".md"), Model.open(path)
    before = page.read_text("utf-8")
    labels = model.program.labels
    clips = read_clips(data, model.program, labels)
    robust = robustness.measure(model, labels, clips, recordings)
    text = measured(path, data.name, judge(model, labels, clips), robust, *compared(model, others, source))
    try:
        write_whole(page, replaced(before, {MEASURED: text}).encode())
    except ValueError as error:
        raise DataError(f"{page}: {error}; put its two lines back") from error
    print(page)


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
    p.add_argument("--output", type=Path, default=Path("models"), help="folder (default: models)")
    p.add_argument("--name", help="of the files (default: the network's)")
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
    configs = [load_config(folder) for folder in args.runs]
    check_alike(args.runs, configs)
    config = configs[0]
    target = args.output / f"{args.name or config.model}.bin"
    if target.is_file():
        with naming(target):
            there = read(target.read_bytes())[0].labels
        if there != config.labels:
            raise RunError(f"{target} is there and hears other words: {', '.join(there)}; give this one a --name")
    clips = read_clips(args.data, Model.open(args.runs[0] / "model.bin").program, config.labels)
    for finding in clips.findings:
        warn(finding)
    runs = [tested(folder, clips) for folder in args.runs]
    best = max(runs, key=lambda t: t.best.validation_accuracy)
    robust = robustness.measure(best.model, config.labels, clips, recordings)
    others = args.before or [target] * target.is_file()
    part = measured(target, args.data.name, best.int8, robust, *compared(best.model, others, source))
    text = card(target, licence(config, args.licence), runs, best, args.data.name, part)
    png = confusion_picture(best.int8, f"{target.stem}: {100 * best.int8.accuracy:.1f} %")
    write_model(target, best.model.file)
    write_whole(target.with_suffix(".png"), png)
    write_whole(target.with_suffix(".md"), text.encode())
    print(f"{target}, .png and .md: {percent(best.int8.accuracy, 2)} of {best.int8.clips} clips")
    return 0


if __name__ == "__main__":
    sys.exit(main())
