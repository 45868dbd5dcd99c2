"""Types of the commands' arguments, for argparse: each refuses in a sentence what it cannot take."""

import argparse
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def whole(low: int, high: int) -> Callable[[str], int]:
    """A whole number of low to high."""

    def number(text: str) -> int:
        with suppress(ValueError):
            if low <= int(text) <= high:
                return int(text)
        raise argparse.ArgumentTypeError(f"{text} is no whole number of {low} to {high}")

    return number


seed = whole(0, 2**31 - 1)


def add_no_unknown(parser: argparse.ArgumentParser, help: str, default: int | None, *others: int) -> None:
    """`--no-unknown`, which leaves `classes` at 10, however many the words are; --classes is how it was spelled once.

    default: of `classes`; others: what --classes takes beside 10.
    """
    parser.add_argument("--no-unknown", dest="classes", action="store_const", const=10, default=default, help=help)
    parser.add_argument("--classes", type=int, choices=(10, *others), default=default, help=argparse.SUPPRESS)


def seconds(text: str) -> float:
    """Seconds, from 0 to a day."""
    with suppress(ValueError):
        if 0 <= float(text) <= 86400:
            return float(text)
    raise argparse.ArgumentTypeError(f"{text} is no number of seconds, 0 to 86400")


def picture(text: str) -> Path:
    """The path of a PNG that is to be drawn."""
    if Path(text).suffix.lower() != ".png":
        raise argparse.ArgumentTypeError(f"{text} does not end in .png")
    return Path(text)
