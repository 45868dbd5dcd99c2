"""Train a network and compile it to model.bin:  python -m host.train --model tinyspeech-z4 --data synthetic

On several cores or GPUs at once:  torchrun --nproc-per-node 4 -m host.train ...
"""

import argparse
import dataclasses
import functools
import os
import sys
from pathlib import Path

import torch

from host.command import guard, seed, warn, whole
from host.data.dataset import NOISE_FOLDER, SILENCE, TESTING, TRAINING, VALIDATION, command_words
from host.data.download import SPEECH_COMMANDS, fetch
from host.data.languages import LANGUAGES
from host.data.load import gather
from host.data.names import near
from host.data.speech_commands import SPLITS
from host.models import MODELS
from host.models.design import read_design
from host.text import is_word, normal
from host.training.config import continued, load_config, make_config, with_teachers
from host.training.loop import measured
from host.training.recipes import RECIPES, shortened
from host.training.run import load_network, train
from host.training.workers import count, first_before_others, rank, together


def device(text: str) -> torch.device:
    """A device that PyTorch can compute on here, for argparse; of several GPUs each worker takes one."""
    if text == "cuda" and torch.cuda.device_count():
        text = f"cuda:{int(os.environ.get('LOCAL_RANK', '0')) % torch.cuda.device_count()}"
    try:
        return torch.zeros(1, device=text).device
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise argparse.ArgumentTypeError(f"PyTorch cannot use {text!r} here ({reason}); cpu always works") from error


def word(text: str) -> str:
    """A word to be obeyed, for argparse, as the folder of its recordings is called."""
    if not is_word(normal(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is no word; expected lower-case letters, as its folder is called")
    if meant := near(normal(text), (SILENCE, NOISE_FOLDER)):
        raise argparse.ArgumentTypeError(f"{text!r} is what a folder of noise may be called, as {meant}; take another")
    return normal(text)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    p = argparse.ArgumentParser(prog="python -m host.train", description=__doc__)
    which = p.add_mutually_exclusive_group()
    which.add_argument("--model", default="tinyspeech-z4", choices=sorted(MODELS))
    which.add_argument(
        "--design", type=Path, metavar="NAME.json", help="a design of one's own, or that host.search found"
    )
    which.add_argument("--start", type=Path, metavar="RUN", help="go on from the best weights of another run")
    p.add_argument(
        "--teacher", type=Path, nargs="+", default=[], metavar="RUN", help="trained networks to learn from too"
    )
    sources = f"{' | '.join(LANGUAGES)} | DIR | ARCHIVE.npz"
    p.add_argument("--data", required=True, nargs="+", metavar=sources, help="several: all of their clips")
    p.add_argument(
        "--download", action="store_true", help="first fetch Speech Commands v0.02 (2.4 GB) into DIR if it is not there"
    )
    p.add_argument("--noise", type=Path, metavar="DIR", help="long recordings of noise instead of those in --data")
    p.add_argument(
        "--words", type=word, nargs="+", default=[], metavar="WORD", help="to be obeyed (default: the language's ten)"
    )
    p.add_argument("--classes", type=int, default=12, choices=(10, 12), help="10: words alone; 12: unknown, silence")
    p.add_argument("--recipe", default="default", choices=sorted(RECIPES))
    p.add_argument("--split", default="auto", choices=SPLITS, help="how a folder is split; random: 80/10/10 by --seed")
    p.add_argument("--resample", action="store_true", help="recordings of any rate and channels, converted")
    p.add_argument("--check", action="store_true", help="print what the data hold, and train nothing")
    p.add_argument("--seed", type=seed, default=0)
    p.add_argument("--epochs", type=whole(1, 100_000), help="instead of the recipe's")
    p.add_argument(
        "--threads", type=whole(1, os.cpu_count() or 1), default=1, help="small networks train fastest on one"
    )
    p.add_argument("--device", type=device, default="cpu", help="where PyTorch trains: cpu, cuda, cuda:1")
    p.add_argument("--out", type=Path, help="run folder (default: runs/<model>-<data>-<classes>-<recipe>-<seed>)")
    p.add_argument("--resume", action="store_true", help="go on with the run in the folder")
    p.add_argument("--quiet", action="store_true", help="no progress bars")
    args = p.parse_args(arguments)
    if len(set(args.words)) < len(args.words):
        p.error(f"--words {' '.join(args.words)}: one of them is there twice")
    args.folders = [Path(d) for d in args.data if d not in LANGUAGES and not d.lower().endswith(".npz")]
    if args.download and len(args.folders) != 1:
        p.error(f"--download --data {' '.join(args.data)}: name one folder that Speech Commands goes into")
    return args


@guard
def main(arguments: list[str] | None = None) -> int:
    args = parse(arguments)
    with together():
        return run(args)


def run(args: argparse.Namespace) -> int:
    """Train as the arguments say; of several workers the first alone prints."""
    say = functools.partial(print, flush=True) if not rank() else lambda line: None
    quiet = args.quiet or bool(rank())
    torch.set_num_threads(args.threads)
    torch.set_flush_denormal(True)
    recipe = RECIPES[args.recipe]
    if args.epochs is not None:
        recipe = shortened(recipe, args.epochs)
    words = tuple(args.words)
    if args.start:
        before = load_config(args.start)
        name, design, words = before.model, None, words or command_words(before.labels)
    else:
        name, design = (args.design.stem, read_design(args.design)) if args.design else (args.model, MODELS[args.model])
    source = "-".join(Path(d).absolute().name.removesuffix(".npz") for d in args.data)
    folder = args.out or Path("runs") / f"{name}-{source}-{args.classes}-{args.recipe}-{args.seed}"
    with first_before_others():
        if args.download:
            fetch(SPEECH_COMMANDS, args.folders[0], quiet)
        found = gather(args.data, args.classes, args.split, args.seed, args.noise, quiet, words, args.resample)
    if not rank():
        if args.check:
            print(found.table())
        for finding in found.findings:
            warn(finding)
    data = found.dataset()
    if args.check:
        return 0
    given = data, args.classes, args.split, args.seed, recipe
    config = continued(args.start, *given) if args.start else make_config(name, design, *given)
    config = dataclasses.replace(
        with_teachers(config, args.teacher), workers=count(), threads=args.threads, device=args.device.type,
        resample=args.resample,
    )  # fmt: skip
    say(f"{len(data.rows(TRAINING))} training and {len(data.rows(VALIDATION))} validation clips; run in {folder}")
    for line in found.others:
        say(line)
    path = train(config, data, folder, args.resume, quiet, say, args.device)
    if not rank():
        say(f"{path}: {path.stat().st_size} bytes")
        if left_out := len(data.rows(TESTING)):
            share = measured(load_network(folder)[1], data, TESTING)
            say(f"{100 * share:.1f} % of {left_out} testing clips, mean of the classes; nothing was chosen on them")
    return 0


if __name__ == "__main__":
    sys.exit(main())
