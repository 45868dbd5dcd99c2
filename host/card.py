"""Ship a run: its model.bin, confusion picture and card in a folder:  python -m host.card RUN --data DIR

DIR is the test set that the card reports; it chose nothing.
"""

import argparse
import json
import shutil
import sys
from pathlib import Path

from host.data.dataset import DataError
from host.engines.native import ModelError, NativeModel
from host.evaluate import table
from host.evaluation import Result, draw_confusion, evaluate
from host.format.file import FormatError, read
from host.inspect import multiply_adds
from host.training.run import RunConfig, RunError, load_network

LICENCES = {
    "speech_commands": "Trained on Speech Commands v0.02 (P. Warden, arXiv 1804.03209), CC BY 4.0.",
    "synthetic": "Trained on speech synthesized with eSpeak NG.",
}


def licence(config: RunConfig) -> str:
    kind = "synthetic" if config.data == "synthetic" else "speech_commands"
    return LICENCES[kind]


def command(config: RunConfig) -> str:
    """What to type to train the run again."""
    data = config.data if config.data == "synthetic" else Path(config.data).name
    split = "" if config.split == "auto" else f" --split {config.split}"
    return (
        f"python -m host.train --model {config.model} --data {data} --classes {config.classes} "
        f"--recipe {config.recipe.name}{split} --seed {config.seed}"
    )


def card(name: str, folder: Path, config: RunConfig, parameters: int, file: bytes, result: Result, data: Path) -> str:
    """The card as Markdown."""
    program, _ = read(file)
    macs = sum(multiply_adds(op, s) for op, s in zip(program.operators, program.shapes()[1:], strict=True))
    memory = NativeModel(file).memory
    epochs = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    best = max((e for e in epochs if e["quantized"]), key=lambda e: e["validation_accuracy"])
    r = config.recipe
    recipe = (
        f"`{r.name}`: {r.epochs} epochs, the first {r.float_epochs} in floating point, batch {r.batch}, SGD {r.rate}, "
        f"momentum {r.momentum}, weight decay {r.decay:g}; shift {r.shift * 10} ms, gain {r.gain:g} dB, "
        f"noise {r.noise:g} levels"
    )
    hours = sum(e["seconds"] for e in epochs) / 3600
    return f"""# {name}

{licence(config)}

| | |
|---|---|
| hears | {", ".join(program.labels)} |
| data | {sum(config.clips.values())} training clips of `{Path(config.data).name}` |
| recipe | {recipe} |
| made with | `{command(config)}` ({hours:.1f} h on one core) |
| parameters | {parameters:,} |
| multiply-adds per window | {macs:,} |
| window | {program.frontend.frames} frames, {program.frontend.width} features each |
| file | {len(file):,} bytes |
| memory, bytes | {", ".join(f"{use} {size:,}" for use, size in memory.items())} |
| validation | {100 * best["validation_accuracy"]:.2f} % (int8, epoch {best["epoch"]}, which it chose) |
| **test** | **{100 * result.accuracy:.2f} %** of {result.clips} clips of `{data.name}` (int8, C core on the host) |

```
{table(result)}
```

![what was said against what was heard]({name}.png)

The test figure again: `python -m host.evaluate models/{name}.bin --data {data.name}`
"""


def main(arguments: list[str] | None = None) -> int:
    p = argparse.ArgumentParser(prog="python -m host.card", description=__doc__)
    p.add_argument("run", type=Path, help="a run folder of host.train")
    p.add_argument("--data", type=Path, required=True, metavar="DIR")
    p.add_argument("--output", type=Path, default=Path("models"), help="folder (default: models)")
    args = p.parse_args(arguments)
    try:
        config, network = load_network(args.run)
        result = evaluate(args.run / "model.bin", args.data)
    except (OSError, DataError, FormatError, ModelError, RunError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    name = config.model
    args.output.mkdir(parents=True, exist_ok=True)
    shutil.copy(args.run / "model.bin", args.output / f"{name}.bin")
    draw_confusion(result, args.output / f"{name}.png", f"{name}: {100 * result.accuracy:.2f} %")
    file = (args.run / "model.bin").read_bytes()
    text = card(name, args.run, config, network.parameter_count(), file, result, args.data)
    (args.output / f"{name}.md").write_text(text)
    print(f"{args.output / name}.bin, .png and .md: {100 * result.accuracy:.2f} % of {result.clips} clips")
    return 0


if __name__ == "__main__":
    sys.exit(main())
