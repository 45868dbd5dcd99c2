"""What becomes of a run that ships: its model.bin, confusion picture and card."""

from collections.abc import Sequence
from pathlib import Path

from host.base.errors import DataError, naming
from host.base.files import write_whole
from host.base.markdown import replaced
from host.base.text import percent
from host.cards.text import MEASURED, Tested, blob, card, data_names, licence, measured
from host.compiler.build import write_model
from host.evaluation import robustness, validation
from host.evaluation.clips import Clips, read_clips
from host.evaluation.model import Model
from host.evaluation.result import judge, judge_float
from host.format.file import read
from host.pictures import confusion
from host.training.config import RunConfig, RunError, load_config
from host.training.run import load_best, load_network
from host.training.weights import save_weights


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


def compared(
    model: Model, others: Sequence[Path], source: validation.Source | None, say=print
) -> tuple[dict | None, dict]:
    """What validation makes of a model, and of the others by their `blob`; None of each where there is no source."""
    before = {blob(path.read_bytes()): path for path in others}
    before.pop(blob(model.file), None)
    if not source:
        return None, dict.fromkeys(before)
    opened = {name: Model.open(path) for name, path in before.items()}
    for other in opened.values():
        if other.program.labels != model.program.labels:
            raise DataError(f"{other.path} hears other words; --before is for files of the same")
    found, theirs = source.measure(model), {name: source.measure(other) for name, other in opened.items()}
    for name, tables in theirs.items():
        say(f"validation, mean of levels and noise: {percent(validation.mean(found), 2)}; "
            f"of {name}, which it replaces, {percent(validation.mean(tables), 2)}")  # fmt: skip
    return found, theirs


def update(
    path: Path, data: Path, recordings: list, others: list[Path], source: validation.Source | None, say=print
) -> None:
    """Measure the levels, the noise and the choice of a shipped model again, and put them into its card."""
    page, model = path.with_suffix(".md"), Model.open(path)
    before = page.read_text("utf-8")
    labels = model.program.labels
    clips = read_clips(data, model.program, labels)
    robust = robustness.measure(model, labels, clips, recordings)
    text = measured(path, data.name, judge(model, labels, clips), robust, *compared(model, others, source, say))
    try:
        write_whole(page, replaced(before, {MEASURED: text}).encode())
    except ValueError as error:
        raise DataError(f"{page}: {error}; put its two lines back") from error
    say(page)


def ship(
    runs: list[Path], data: Path, recordings: list, output: Path, name: str | None = None, whose: str | None = None,
    before: Sequence[Path] = (), source: validation.Source | None = None, weights: bool = False, say=print, warn=print,
) -> Path:  # fmt: skip
    """Put the best of the runs into the folder `output`: its model.bin, picture and card; the path of the model.

    runs: folders that differ in their seeds. data: the test set; recordings: of noise. name: of the files, else the
    network's. whose: the line on whose recordings trained it. before: files that it is compared with, else the one that
    it replaces. source: what validates. weights: also the file that training can start from. warn: takes the findings
    about the test set. RunError or DataError.
    """
    configs = [load_config(folder) for folder in runs]
    check_alike(runs, configs)
    config = configs[0]
    target = output / f"{name or config.model}.bin"
    if target.is_file():
        with naming(target):
            there = read(target.read_bytes())[0].labels
        if there != config.labels:
            raise RunError(f"{target} is there and hears other words: {', '.join(there)}; give this one a --name")
    clips = read_clips(data, Model.open(runs[0] / "model.bin").program, config.labels)
    for finding in clips.findings:
        warn(finding)
    judged = [tested(folder, clips) for folder in runs]
    best = max(judged, key=lambda t: t.best.validation_accuracy)
    chosen = runs[judged.index(best)]
    robust = robustness.measure(best.model, config.labels, clips, recordings)
    others = before or [target] * target.is_file()
    part = measured(target, data.name, best.int8, robust, *compared(best.model, others, source, say))
    text = card(target, licence(config, whose), judged, best, data.name, part)
    png = confusion.draw(best.int8.confusion, config.labels, f"{target.stem}: {100 * best.int8.accuracy:.1f} %")
    write_model(target, best.model.file)
    write_whole(target.with_suffix(".png"), png)
    write_whole(target.with_suffix(".md"), text.encode())
    if weights:
        save_weights(target.with_suffix(".npz"), best.config.design, load_network(chosen)[1])
    say(f"{target}, .png and .md: {percent(best.int8.accuracy, 2)} of {best.int8.clips} clips")
    return target
