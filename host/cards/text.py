"""A card as Markdown: what a shipped model is, how it was made, what was measured of it and what chose it."""

import hashlib
import json
import shlex
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from host.base import markdown
from host.base.text import percent
from host.compiler.plan import PLANS
from host.data.dataset import SILENCE, WORDS, command_words
from host.data.languages import LANGUAGES
from host.data.speech_commands import HELD_OUT
from host.engines.native import NativeModel
from host.evaluation.model import Model
from host.evaluation.result import Result, kinds
from host.evaluation.tables import table
from host.evaluation.validation import mean
from host.format.file import read
from host.format.program import Plan
from host.models import MODELS
from host.training.config import RunConfig, load_config
from host.training.loop import Epoch
from host.training.recipes import RECIPES

SYNTHESIZED = """

**The test clips are synthesized too**, by voices of eSpeak NG that training never heard; the unknown words are
others than training's. How well the model understands people was not measured."""
MEASURED = "level, noise and choice"
SPEECH_COMMANDS = "Trained on Speech Commands v0.02 (P. Warden, arXiv 1804.03209), CC BY 4.0."


@dataclass(frozen=True)
class Tested:
    """A run on the test set: in the C core, and in floating point with the same weights. hours: that training took."""

    config: RunConfig
    model: Model
    parameters: int
    best: Epoch
    hours: float
    int8: Result
    float: Result


def data_names(config: RunConfig) -> list[str]:
    """What a run was trained on, as code in Markdown."""
    return [f"`{Path(source).name}`" for source in config.data]


def licence(config: RunConfig, given: str | None) -> str:
    """Whose recordings trained the run: what the owner says, for nothing in a folder or an archive tells."""
    if given:
        return SPEECH_COMMANDS if given == "speech-commands" else given
    if all(source in LANGUAGES for source in config.data):
        spoken = " and ".join(LANGUAGES[source].name for source in config.data)
        line = f"Trained on {spoken} speech synthesized with eSpeak NG; no person was recorded."
        noise = f" Its noise is of `{Path(config.noise).name}`, whose licence was not stated." if config.noise else ""
        return line + noise
    return f"Trained on the recordings of {' and '.join(data_names(config))}, whose licence was not stated."


def command(config: RunConfig) -> str:
    """What to type to train the run again; the runs that it started or learned from first."""
    known = RECIPES.get(config.recipe.name)
    epochs = "" if known and known.epochs == config.recipe.epochs else f" --epochs {config.recipe.epochs}"
    split = "" if config.split == "auto" else f" --split {config.split}"
    data = " ".join(shlex.quote(Path(source).name) for source in config.data)
    noise = f" --noise {shlex.quote(Path(config.noise).name)}" if config.noise else ""
    resample = " --resample" if config.resample else ""
    language = {LANGUAGES[source].words for source in config.data if source in LANGUAGES} or {WORDS}
    obeyed = command_words(config.labels)
    words = "" if config.start or {obeyed} == language else f" --words {shlex.join(obeyed)}"
    before = [*([config.start] if config.start and not Path(config.start).is_file() else []), *config.teachers]
    first = "".join(f"{command(load_config(Path(run)))} --out {shlex.quote(Path(run).name)} && " for run in before)
    teachers = "".join(f" --teacher {shlex.quote(Path(run).name)}" for run in config.teachers)
    if config.start:
        network = f"--start {shlex.quote(Path(config.start).name)}"
    elif MODELS.get(config.model) == config.design:
        network = f"--model {config.model}"
    else:
        network = f"--design {shlex.quote(f'{config.model}.json')}"
    train = f"torchrun --nproc-per-node {config.workers}" if config.workers > 1 else "python"
    threads = f" --threads {config.threads}" if config.threads > 1 else ""
    device = f" --device {config.device}" if config.device != "cpu" else ""
    return (
        f"{first}{train} -m host.train {network}{teachers} --data {data}{noise}{resample}{words} "
        f"--classes {config.classes} --recipe {config.recipe.name}{epochs}{split} --seed {config.seed}"
        f"{threads}{device}"
    )


def planning(plan: Plan) -> str:
    """The options of host.compile that plan so."""
    name = "fast" if plan.ahead else "small"
    return f"--plan {name}" + (f" --strip {plan.strip}" if plan.strip != PLANS[name][0] else "")


def facts(shipped: Tested, runs: int, data: str) -> str:
    """What the model is and what it reaches. runs: how many it was chosen from."""
    config, r, best = shipped.config, shipped.config.recipe, shipped.best
    program, plan = read(shipped.model.file)
    recipe = (
        f"`{r.name}`: {r.epochs} epochs, the first {r.float_epochs} in floating point, batch {r.batch}, SGD {r.rate}, "
        f"momentum {r.momentum}, weight decay {r.decay:g}; shift {r.shift * 10} ms, "
        f"gain {r.gain[0]:g} to {r.gain[1]:g} dB, noise {r.noise:g} levels"
    )
    if r.speed or r.tract:
        recipe += f"; faster or slower by {100 * r.speed:g} %, vocal tract by {100 * r.tract:g} %"
    if config.teachers:
        recipe += f"; {100 * r.taught:g} % of the loss is the distance to a teacher at temperature {r.temperature:g}"
    if r.mixed:
        recipe += f"; recorded noise in {100 * r.mixed:g} % of clips, SNR {r.snr[0]:g} to {r.snr[1]:g} dB"
    memory = NativeModel(shipped.model.file).memory
    chosen = f"epoch {best.epoch}" + (f" of seed {config.seed}, the best of {runs}" if runs > 1 else "")
    figures = shipped.int8.figures()
    test = f"**{percent(figures['accuracy'], 2)}** of {shipped.int8.clips} clips of `{data}` (int8, C core on the host)"
    others = [(title, percent(figures[kind], 2)) for kind, title in kinds(config.labels).items() if kind != "accuracy"]
    return markdown.table(
        ("", ""),
        ("hears", ", ".join(program.labels)),
        ("data", f"{sum(config.clips.values())} training clips of {' and '.join(data_names(config))}"),
        ("network", f"`{json.dumps(config.design.to_dict())}`"),
        ("recipe", recipe),
        ("made with", f"`{command(config)}` ({shipped.hours:.1f} h)"),
        ("planned in", f"strips of {plan.strip} frames (`python -m host.compile RUN {planning(plan)}`)"),
        ("parameters", f"{shipped.parameters:,}"),
        ("multiply-adds per window", f"{sum(program.multiply_adds()):,}"),
        ("window", f"{program.frontend.frames} frames, {program.frontend.width} features each"),
        ("file", f"{len(shipped.model.file):,} bytes"),
        ("memory, bytes", ", ".join(f"{use} {size:,}" for use, size in memory.items())),
        ("validation", f"{percent(best.validation_accuracy, 2)} (int8, {chosen}, which it chose)"),
        ("**test**", test),
        *((f"test, {title}", share) for title, share in others),
    )


def seeds(tested: list[Tested]) -> str:
    """Float against int8, run by run, and on average."""
    shares = np.array([(t.best.validation_accuracy, t.float.accuracy, t.int8.accuracy) for t in tested])
    names = [str(t.config.seed) for t in tested]
    if len(tested) > 1:
        names, shares = [*names, "mean"], np.vstack([shares, shares.mean(0)])
    body = [
        (name, *(percent(s, 2) for s in row), f"{100 * (row[2] - row[1]):+.2f}")
        for name, row in zip(names, shares, strict=True)
    ]
    return markdown.table(("seed", "validation, int8", "test, float", "test, int8", "float to int8, points"), *body)


def robustness(found: dict[str, dict[str, dict]], labels: tuple[str, ...]) -> list[tuple]:
    """The lines of a table of what `robustness.measure` found: a name, and each of `kinds` in per cent."""
    lines = [("gain 0 dB" if db == "0" else f"gain {int(db):+} dB", row) for db, row in found["level"].items()]
    lines += [(f"noise, SNR {db} dB", row) for db, row in found["snr"].items()]
    return [(name, *(percent(row[k]) for k in kinds(labels))) for name, row in lines]


def blob(file: bytes) -> str:
    """What git calls a file of these bytes."""
    return hashlib.sha1(b"blob %d\0" % len(file) + file).hexdigest()[:10]


def report(target: Path, data: str, int8: Result, robust: dict[str, dict[str, dict]]) -> str:
    """The tables of the test, and what must be known to read them."""
    noise = (
        f"The noise is of {' and '.join(HELD_OUT)}, two recordings of Speech Commands "
        "(`host/evaluation/robustness.py`)."
        if robust["snr"]
        else "Noise was not measured."
    )
    if SILENCE in int8.labels and data not in LANGUAGES:
        spoken = percent(int8.figures()["without_silence"], 2)
        noise += (
            "\nSilence clips of Speech Commands' test set are cut from recordings that training knew; of the clips "
            f"without silence\n{spoken} are right."
        )
    again = f"python -m host.evaluate {shlex.quote(str(target))} --data {shlex.quote(data)} --robustness"
    return f"""## Level and noise

{noise}

{markdown.table(("int8, test", *kinds(int8.labels).values()), *robustness(robust, int8.labels))}

The figures of the test again: `{again}`
"""


def chosen_by(labels: tuple[str, ...], found: dict | None, before: dict[str, dict | None]) -> str:
    """What chose the file. found: by `validation.Source.measure`, None where it was not measured; before: the same of
    the files that it was chosen against, by their `blob`."""
    names = " and ".join(f"`{name}`" for name in before)
    text = (
        "## What chose\n\nThe epoch, and the seed where there are several: the accuracy on validation clips, above.\n"
    )
    if not found:
        return text + (f"The file replaced {names}; no validation compared them.\n" if before else "")
    measured = {name: others for name, others in before.items() if others}
    if measured:
        best = max(measured, key=lambda name: mean(measured[name]))
        verdict = (
            "this file is ahead"
            if mean(measured[best]) <= mean(found)
            else f"`{best}` is ahead, and was replaced all the same"
        )
        text += f"Against what it replaced, {names} (`git cat-file blob`), the mean of this table:\n{verdict}.\n"
    accuracies = [
        [percent(row["accuracy"]) for kind in m["robustness"].values() for row in kind.values()]
        for m in measured.values()
    ]
    body = [(*row, *others) for row, *others in zip(robustness(found["robustness"], labels), *accuracies, strict=True)]
    blank = [""] * (len(kinds(labels)) - 1)
    body.append(("**mean**", percent(mean(found), 2), *blank, *(percent(mean(m), 2) for m in measured.values())))
    head = ("int8, validation", *kinds(labels).values(), *(f"all clips, `{name}`" for name in before))
    counts = ", ".join(f"{label} {count}" for label, count in found["per_class"].items())
    return f"""{text}
{markdown.table(head, *body)}

These are the validation clips of {" and ".join(f"`{name}`" for name in found["on"])}:
{counts}.
Noise, and silence where the folders have none, is of {found["recordings_of_noise"]} recordings of `{found["noise"]}`,
those that the data set's rule gives validation (`host/evaluation/validation.py`).
"""


def measured(
    target: Path, data: str, int8: Result, robust: dict[str, dict[str, dict]], found: dict | None,
    before: dict[str, dict | None],
) -> str:  # fmt: skip
    """The part of a card that is measured of the file alone; for its arguments see `report` and `chosen_by`."""
    return report(target, data, int8, robust) + "\n" + chosen_by(int8.labels, found, before)


def card(target: Path, origin: str, tested: list[Tested], shipped: Tested, data: str, measured: str) -> str:
    """The card. target: the shipped model.bin; origin: the licence line; data: the test set; measured: its part."""
    name = target.stem
    return f"""# {name}

{origin}{SYNTHESIZED if data in LANGUAGES else ""}

{facts(shipped, len(tested), data)}

```
{table(shipped.int8)}
```

![what was said against what was heard]({name}.png)

## Seeds

Float is the same trained network without rounding: its weights and what flows between its layers.

{seeds(tested)}

{markdown.part(MEASURED, measured)}"""
