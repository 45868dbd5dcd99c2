"""Accuracy and size of every model in models/, as committed:  python -m bench.accuracy --data speech_commands_v2_test

Writes bench/accuracy.json, bench/accuracy.md and the README's table. A model of a synthesized language is tested on
that language's testing voices, which is a report; what chooses is measured with --validation, and on the language's
validation voices. Without one of --data and --validation those figures stay, and what can be read off the files is
brought up to date: another plan of memory changes sizes, but nothing that is computed.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path

from host.base import markdown
from host.base.errors import DataError
from host.base.files import write_whole
from host.base.paths import ROOT
from host.base.text import percent
from host.cli.guard import guard
from host.data.dataset import command_words
from host.data.languages import ENGLISH, LANGUAGES
from host.data.speech_commands import HELD_OUT
from host.engines.native import NativeModel
from host.evaluation import robustness, validation
from host.evaluation.clips import read_clips
from host.evaluation.model import Model
from host.evaluation.result import judge
from host.format.file import write as write_file
from host.format.program import Plan

JSON, MARKDOWN, README = ROOT / "bench" / "accuracy.json", ROOT / "bench" / "accuracy.md", ROOT / "README.md"
BEGIN, END = "<!-- written by make bench-accuracy -->\n\n", "\n<!-- end -->\n"
QUIETER, LOUDER, SNRS = "-30", "10", ("20", "10", "0")


def models() -> list[Path]:
    return sorted((ROOT / "models").glob("*.bin"))


def size(model: Model) -> dict:
    """What a file says without being run on any clip."""
    memory = NativeModel(model.file).memory
    operators = len(model.program.operators)
    unplanned = write_file(model.program, Plan(0, (0,) * operators, (0,) * operators, 0))
    return {
        "sha256": hashlib.sha256(model.file).hexdigest(),
        "program_sha256": hashlib.sha256(unplanned).hexdigest(),
        "classes": len(model.program.labels),
        "weights": model.program.weights(),
        "multiply_adds": sum(model.program.multiply_adds()),
        "file_bytes": memory.pop("file"),
        "memory_bytes": memory,
    }


def heard(model: Model, recordings: list[Path]) -> list[Path]:
    """The recordings, or the synthesized language whose words the model knows."""
    words = command_words(model.program.labels)
    others = (x for x in LANGUAGES.values() if x is not ENGLISH and x.words == words)
    return next(([Path(x.source)] for x in others), recordings)


def accuracy(model: Model, data: Path, noise: list) -> dict:
    """What the C core reaches on the test set, at all levels and in noise."""
    labels = model.program.labels
    clips = read_clips(data, model.program, labels)
    result = judge(model, labels, clips)
    return {
        "tested_on": data.name,
        "clips": result.clips,
        **result.figures(),
        "robustness": robustness.measure(model, labels, clips, noise),
    }


def levels_and_noise(robust: dict[str, dict[str, dict]]) -> tuple[str, str]:
    """Two cells: the accuracies at some levels, and at some SNRs."""
    level, snr = robust["level"], robust["snr"]
    return (
        " / ".join(f"{100 * level[db]['accuracy']:.1f}" for db in (QUIETER, LOUDER)) + " %",
        " / ".join(f"{100 * snr[db]['accuracy']:.1f}" for db in SNRS) + " %",
    )


def table(found: dict[str, dict]) -> str:
    """A row for each model."""
    head = (
        "model", "weights", "multiply-adds", "file", "memory", "all classes", "without silence", "ten words",
        f"{QUIETER} / +{LOUDER} dB", f"noise, SNR {' / '.join(SNRS)} dB",
    )  # fmt: skip
    body = []
    for name, m in found.items():
        cells = (
            f"[{name}](models/{name}.md)",
            f"{m['weights']:,}",
            f"{m['multiply_adds']:,}",
            f"{m['file_bytes']:,} B",
            f"{sum(m['memory_bytes'].values()):,} B",
            f"{percent(m['accuracy'])} of {m['clips']:,}{' synthesized' if m['tested_on'] in LANGUAGES else ''}",
            percent(m["without_silence"]),
            percent(m["words_alone"]),
            *levels_and_noise(m["robustness"]),
        )
        body.append(cells)
    return markdown.table(head, *body) + "\n"


def choice(found: dict[str, dict]) -> str:
    """The same of validation clips and validation noise, and what they are."""
    columns = ("all classes", "without silence", "ten words", f"{QUIETER} / +{LOUDER} dB")
    head = ("model", *columns, f"noise, SNR {' / '.join(SNRS)} dB", "mean of all levels and SNRs")
    body: list[tuple] = []
    sources: dict[str, list[str]] = {}
    for name, m in found.items():
        if v := m.get("validation"):
            figures = (percent(v[k]) for k in ("without_silence", "words_alone"))
            cells = (name, f"{percent(v['accuracy'])} of {v['clips']:,}", *figures, *levels_and_noise(v["robustness"]))
            body.append((*cells, percent(validation.mean(v), 2)))
            clips = f"{' and '.join(f'`{s}`' for s in v['on'])}; noise: {v['recordings_of_noise']} of `{v['noise']}`"
            sources.setdefault(clips, []).append(f"`{name}`")
    said = "\n".join(f"- {', '.join(names)}: {clips}" for clips, names in sources.items())
    return markdown.table(head, *body) + f"\n\n{said}\n"


def sets(found: dict[str, dict]) -> str:
    """Which model was tested on what, in a sentence."""
    by_set: dict[str, list[str]] = {}
    for name, m in found.items():
        by_set.setdefault(m["tested_on"], []).append(f"`{name}`")
    parts = [
        f"{', '.join(names)} on {f'synthesized {LANGUAGES[s].name} voices (`{s}`)' if s in LANGUAGES else f'`{s}`'}"
        for s, names in by_set.items()
    ]
    return f"Tested: {'; '.join(parts)}; int8, the C core called from Python.\n"


def text(found: dict[str, dict]) -> str:
    """bench/accuracy.md."""
    body = table(found).replace("](models/", "](../models/")
    return f"""# Accuracy of the shipped models

Written by `make bench-accuracy`; all figures and every level are in `accuracy.json`.

{body}
{sets(found)}
Memory is what the core takes beside the file. Levels: all clips as much louder. Noise: {" and ".join(HELD_OUT)}
mixed into all clips (`host/evaluation/robustness.py`).

## What chooses

The tables above are a report. Of two files for one name the one with the greater mean here ships: validation clips, and
noise of validation (`host/evaluation/validation.py`). A word with few such clips hardly counts; how many each has is in
`accuracy.json`.

{choice(found)}"""


def write(found: dict[str, dict]) -> None:
    """All three files; DataError where the README has lost the place of its table."""
    before, begin, rest = README.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise DataError(f"{README}: no lines {BEGIN.strip()} and {END.strip()} round its table; put them back")
    write_whole(JSON, (json.dumps(found, indent=1) + "\n").encode())
    write_whole(MARKDOWN, text(found).encode())
    write_whole(README, (before + BEGIN + table(found) + "\n" + sets(found) + END + after).encode())


@guard
def main(arguments: list[str] | None = None) -> int:
    p = argparse.ArgumentParser(prog="python -m bench.accuracy", description=__doc__)
    p.add_argument("--data", type=Path, metavar="DIR", help="recordings: a folder of .wav files per word")
    p.add_argument("--noise", type=Path, metavar="DIR", help="default: _background_noise_ inside or beside --data")
    p.add_argument(
        "--validation", type=Path, nargs="+", default=[], metavar="DIR", help="their validation clips choose"
    )
    p.add_argument("--validation-noise", type=Path, metavar="DIR", help="recordings; their validation part chooses")
    args = p.parse_args(arguments)
    if bool(args.validation) != bool(args.validation_noise):
        p.error("--validation and --validation-noise go together")
    known = json.loads(JSON.read_text()) if JSON.exists() else {}
    noise = robustness.held_out_noise(args.data, args.noise) if args.data else []
    chooses = validation.read_noise(args.validation_noise) if args.validation else []
    found = {}
    for path in models():
        model = Model.open(path)
        facts = size(model)
        if (before := known.get(path.stem, {})).get("program_sha256") == facts["program_sha256"]:
            facts = before | facts
        elif not args.data:
            raise DataError(f"{path}: {JSON.name} is of another network; measure it: make bench-accuracy DATA=...")
        if args.data:
            facts |= accuracy(model, *heard(model, [args.data]), noise)
        if args.validation:
            source = validation.Source(tuple(heard(model, args.validation)), chooses, args.validation_noise.name)
            facts["validation"] = source.measure(model)
        found[path.stem] = facts
    write(found)
    print(table(found) + sets(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
