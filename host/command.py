"""What every command does alike: errors become a sentence, numbers are checked, files are written in full."""

import argparse
import functools
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from host.engines.native import ModelError
from host.format.file import MAGIC, FormatError


def guard(main: Callable[..., int]) -> Callable[..., int]:
    """A command's main(), which says an error of the owner's in a sentence and returns 1; 130 after Ctrl-C."""

    @functools.wraps(main)
    def guarded(*arguments) -> int:
        try:
            return main(*arguments)
        except KeyboardInterrupt as stop:
            print(f"\nstopped{'; ' if stop.args else ''}{stop}", file=sys.stderr)
            return 130
        except OSError as error:
            name = error.filename2 or error.filename
            print(f"error: {name}: {error.strerror}" if name else f"error: {error.strerror or error}", file=sys.stderr)
        except Exception as error:
            if not type(error).__module__.startswith("host."):  # our own errors are sentences, any other is a bug
                raise
            print(f"error: {error}", file=sys.stderr)
        return 1

    return guarded


def warn(finding: object) -> None:
    """Say what does not stop a command, where it does not mix with what the command prints."""
    print(f"warning: {finding}", file=sys.stderr, flush=True)


def whole(low: int, high: int) -> Callable[[str], int]:
    """An argument's type: a whole number of low to high."""

    def number(text: str) -> int:
        with suppress(ValueError):
            if low <= int(text) <= high:
                return int(text)
        raise argparse.ArgumentTypeError(f"{text} is no whole number of {low} to {high}")

    return number


seed = whole(0, 2**31 - 1)


def picture(text: str) -> Path:
    """An argument's type: the path of a PNG that is to be drawn."""
    if Path(text).suffix.lower() != ".png":
        raise argparse.ArgumentTypeError(f"{text} does not end in .png")
    return Path(text)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """What is wrong with a model's bytes, said with the name of their file."""
    try:
        yield
    except (FormatError, ModelError) as error:
        raise FormatError(f"{path}: {error}") from error


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that an interruption or a full disk leaves what was there before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")  # another process may be writing it too
    try:
        partial.write_bytes(data)
        partial.replace(path)
    except BaseException:
        with suppress(OSError):
            partial.unlink()
        raise


def write_own(path: Path, data: bytes, start: bytes, what: str) -> None:
    """Write a file of a kind that begins with `start`; FormatError where something of another kind is in its place."""
    if path.exists() and not (path.is_file() and path.read_bytes()[: len(start)] == start):
        raise FormatError(f"{path} is there and is no {what}; it was left as it is: name another file")
    write_whole(path, data)


def write_model(path: Path, file: bytes) -> None:
    """Write a model.bin; FormatError where something else is in its place."""
    write_own(path, file, MAGIC, "model")
