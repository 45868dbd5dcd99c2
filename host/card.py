"""Ship a run: its model.bin, confusion picture and card in a folder:  python -m host.card RUN --data DIR

DIR is the test set that the card reports; it chose nothing.
"""

import argparse
import shlex
import sys
from pathlib import Path

from host.command import guard, naming, write_model, write_whole
from host.compiler.plan import PLANS
from host.engines.native import NativeModel
from host.evaluate import table
from host.evaluation import Result, confusion_picture, evaluate
from host.format.file import read
from host.format.program import Plan
from host.inspect import multiply_adds
from host.training.loop import Epoch
from host.training.recipes import RECIPES
from host.training.run import RunConfig, RunError, load_best, load_network

SPEECH_COMMANDS = "Trained on Speech Commands v0.02 (P. Warden, arXiv 1804.03209), CC BY 4.0."


def licence(config: RunConfig, given: str | None) -> str:
    """Whose recordings trained the run: what the owner says, for nothing in a folder or an archive tells."""
    if given:
        return SPEECH_COMMANDS if given == "speech-commands" else given
    if config.data == ("synthetic",):
        return "Trained on speech synthesized with eSpeak NG."
    return f"Trained on the recordings of {names(config)}, whose licence was not stated."


def names(config: RunConfig) -> str:
    """What a run was trained on, as code in Markdown."""
    return " and ".join(f"`{Path(source).name}`" for source in config.data)


def command(config: RunConfig) -> str:
    """What to type to train the run again."""
    known = RECIPES.get(config.recipe.name)
    epochs = "" if known and known.epochs == config.recipe.epochs else f" --epochs {config.recipe.epochs}"
    split = "" if config.split == "auto" else f" --split {config.split}"
    data = " ".join(shlex.quote(Path(source).name) for source in config.data)
    noise = f" --noise {shlex.quote(Path(config.noise).name)}" if config.noise else ""
    return (
        f"python -m host.train --model {config.model} --data {data}{noise} "
        f"--classes {config.classes} --recipe {config.recipe.name}{epochs}{split} --seed {config.seed}"
    )


def planning(plan: Plan) -> str:
    """The options of host.compile that plan so."""
    name = "fast" if plan.ahead else "small"
    return f"--plan {name}" + (f" --strip {plan.strip}" if plan.strip != PLANS[name][0] else "")


def card(
    target: Path, origin: str, config: RunConfig, best: Epoch, hours: float, parameters: int, file: bytes,
    result: Result, data: Path,
) -> str:  # fmt: skip
    """The card as Markdown. target: the shipped model.bin; origin: the licence line; data: the test set."""
    name, (program, plan) = target.stem, read(file)
    macs = sum(multiply_adds(op, s) for op, s in zip(program.operators, program.shapes()[1:], strict=True))
    memory = NativeModel(file).memory
    r = config.recipe
    recipe = (
        f"`{r.name}`: {r.epochs} epochs, the first {r.float_epochs} in floating point, batch {r.batch}, SGD {r.rate}, "
        f"momentum {r.momentum}, weight decay {r.decay:g}; shift {r.shift * 10} ms, "
        f"gain {r.gain[0]:g} to {r.gain[1]:g} dB, noise {r.noise:g} levels"
    )
    return f"""# {name}

{origin}

| | |
|---|---|
| hears | {", ".join(program.labels)} |
| data | {sum(config.clips.values())} training clips of {names(config)} |
| recipe | {recipe} |
| made with | `{command(config)}` ({hours:.1f} h) |
| planned in | strips of {plan.strip} frames (`python -m host.compile RUN {planning(plan)}`) |
| parameters | {parameters:,} |
| multiply-adds per window | {macs:,} |
| window | {program.frontend.frames} frames, {program.frontend.width} features each |
| file | {len(file):,} bytes |
| memory, bytes | {", ".join(f"{use} {size:,}" for use, size in memory.items())} |
| validation | {100 * best.validation_accuracy:.2f} % (int8, epoch {best.epoch}, which it chose) |
| **test** | **{100 * result.accuracy:.2f} %** of {result.clips} clips of `{data.name}` (int8, C core on the host) |

```
{table(result)}
```

![what was said against what was heard]({name}.png)

The test figure again: `python -m host.evaluate {shlex.quote(str(target))} --data {shlex.quote(data.name)}`
"""


@guard
def main(arguments: list[str] | None = None) -> int:
    p = argparse.ArgumentParser(prog="python -m host.card", description=__doc__)
    p.add_argument("run", type=Path, help="a run folder of host.train")
    p.add_argument("--data", type=Path, required=True, metavar="DIR")
    p.add_argument("--output", type=Path, default=Path("models"), help="folder (default: models)")
    p.add_argument("--name", help="of the files (default: the network's)")
    p.add_argument("--licence", help="the line on whose recordings trained it; speech-commands: that data set's")
    args = p.parse_args(arguments)
    if args.name is not None and (args.name != Path(args.name).name or not args.name):
        p.error(f"--name {args.name}: a name, not a path; the folder is --output")
    config, network = load_network(args.run)
    target = args.output / f"{args.name or config.model}.bin"
    if target.is_file():
        with naming(target):
            there = read(target.read_bytes())[0].labels
        if there != config.labels:
            raise RunError(f"{target} is there and hears other words: {', '.join(there)}; give this one a --name")
    file, result = (args.run / "model.bin").read_bytes(), evaluate(args.run / "model.bin", args.data)
    origin, count = licence(config, args.licence), network.parameter_count()
    text = card(target, origin, config, *load_best(args.run), count, file, result, args.data)
    png = confusion_picture(result, f"{target.stem}: {100 * result.accuracy:.2f} %")
    write_model(target, file)
    write_whole(target.with_suffix(".png"), png)
    write_whole(target.with_suffix(".md"), text.encode())
    print(f"{target}, .png and .md: {100 * result.accuracy:.2f} % of {result.clips} clips")
    return 0


if __name__ == "__main__":
    sys.exit(main())
