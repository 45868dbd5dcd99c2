"""Train a network and compile it to model.bin:  python -m host.train --model tinyspeech-z4 --data synthetic

On several cores or GPUs at once:  torchrun --nproc-per-node 4 -m host.train ...
"""

import argparse
import functools
import os
import sys
from pathlib import Path

import torch

from host.base.paths import shown
from host.base.text import is_word, normal
from host.cli.arguments import add_no_unknown, seed, whole
from host.cli.guard import guard, warn
from host.data.dataset import NOISE_FOLDER, SILENCE
from host.data.download import SPEECH_COMMANDS, fetch
from host.data.languages import LANGUAGES
from host.data.names import near
from host.data.speech_commands import SPLITS
from host.models import MODELS
from host.models.design import read_design
from host.training.recipes import RECIPES, shortened
from host.training.request import Request, fulfil
from host.training.workers import first_before_others, rank, together


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
    which.add_argument(
        "--start",
        type=Path,
        metavar="RUN | WEIGHTS.npz",
        help="go on from the best weights of another run, or a shipped file",
    )
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
    add_no_unknown(p, "hear the words alone, without the classes unknown and silence", 12, 12)
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
    request, quiet = requested(args), args.quiet or bool(rank())
    folder = args.out or shown(request.folder())
    with first_before_others():
        if args.download:
            fetch(SPEECH_COMMANDS, args.folders[0], quiet)
        found = request.gather(quiet)
    if not rank():
        if args.check:
            print(found.table())
        for finding in found.findings:
            warn(finding)
    if args.check:
        found.dataset()  # which says what is missing
        return 0
    say = functools.partial(print, flush=True)
    fulfil(request, found, folder, args.resume, quiet, say, args.device)
    return 0


def requested(args: argparse.Namespace) -> Request:
    """The arguments as a request."""
    recipe = RECIPES[args.recipe] if args.epochs is None else shortened(RECIPES[args.recipe], args.epochs)
    network = (args.design.stem, read_design(args.design)) if args.design else (args.model, MODELS[args.model])
    return Request(
        tuple(args.data), recipe, None if args.start else network, args.start, tuple(args.teacher), tuple(args.words),
        args.classes, args.split, args.seed, args.noise, args.resample, args.threads, args.device.type,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
