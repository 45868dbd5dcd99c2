"""Ship a run: its model.bin, confusion picture and card in a folder:  python -m host.card RUN [RUN ...] --data DIR

DIR is the test set that the card reports; it chose nothing. Of several runs that differ in their seeds the one with the
best validation ships, and the card lists all.
"""

import argparse
import sys
from pathlib import Path

from host import robustness
from host.card_text import Tested, card, data_names, licence
from host.command import guard, naming, warn, write_model, write_whole
from host.data.dataset import DataError
from host.data.speech_commands import HELD_OUT
from host.evaluation import Clips, Model, confusion_picture, judge, judge_float, read_clips
from host.format.file import read
from host.training.config import RunConfig, RunError, load_config
from host.training.run import load_best, load_network


def check_alike(folders: list[Path], configs: list[RunConfig]) -> None:
    """RunError where the runs differ in more than their seeds, or not in them."""

    def kind(c: RunConfig):
        before = bool(c.start), [Path(run).name for run in c.teachers]
        return c.model, c.design, data_names(c), c.noise and Path(c.noise).name, c.labels, c.split, c.recipe, before

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


@guard
def main(arguments: list[str] | None = None) -> int:
    p = argparse.ArgumentParser(prog="python -m host.card", description=__doc__)
    p.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="run folders of host.train, which differ in seeds")
    p.add_argument("--data", type=Path, required=True, metavar="DIR")
    p.add_argument(
        "--noise", type=Path, metavar="DIR",
        help=f"folder of {' and '.join(HELD_OUT)} (default: _background_noise_ inside or beside --data)",
    )  # fmt: skip
    p.add_argument("--output", type=Path, default=Path("models"), help="folder (default: models)")
    p.add_argument("--name", help="of the files (default: the network's)")
    p.add_argument("--licence", help="the line on whose recordings trained it; speech-commands: that data set's")
    args = p.parse_args(arguments)
    if args.name is not None and (args.name != Path(args.name).name or not args.name):
        p.error(f"--name {args.name}: a name, not a path; the folder is --output")
    configs = [load_config(folder) for folder in args.runs]
    check_alike(args.runs, configs)
    config = configs[0]
    target = args.output / f"{args.name or config.model}.bin"
    if target.is_file():
        with naming(target):
            there = read(target.read_bytes())[0].labels
        if there != config.labels:
            raise RunError(f"{target} is there and hears other words: {', '.join(there)}; give this one a --name")
    recordings = noise(args.data, args.noise)
    clips = read_clips(args.data, Model.open(args.runs[0] / "model.bin").program, config.labels)
    for finding in clips.findings:
        warn(finding)
    runs = [tested(folder, clips) for folder in args.runs]
    best = max(runs, key=lambda t: t.best.validation_accuracy)
    robust = robustness.measure(best.model, config.labels, clips, recordings)
    text = card(target, licence(config, args.licence), runs, best, robust, args.data.name)
    png = confusion_picture(best.int8, f"{target.stem}: {100 * best.int8.accuracy:.1f} %")
    write_model(target, best.model.file)
    write_whole(target.with_suffix(".png"), png)
    write_whole(target.with_suffix(".md"), text.encode())
    print(f"{target}, .png and .md: {100 * best.int8.accuracy:.2f} % of {best.int8.clips} clips")
    return 0


if __name__ == "__main__":
    sys.exit(main())
