"""What every command does alike: errors become a sentence, numbers are checked, files are written in full."""

import argparse
import functools
import io
import os
import select
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from host.engines.native import ModelError
from host.format.file import MAGIC, FormatError
from host.text import printable


def guard(main: Callable[..., int]) -> Callable[..., int]:
    """A command's main(), which says an error of the owner's in a sentence and returns 1; 130 after Ctrl-C.

    What a terminal cannot show is printed as "?". A reader that has seen enough (| head) ends the command: 141.
    """

    @functools.wraps(main)
    def guarded(*arguments) -> int:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")
        try:
            try:
                return main(*arguments)
            finally:
                if sys.stdout:
                    sys.stdout.flush()  # Python's own end would not say in a sentence what went wrong
        except KeyboardInterrupt as stop:
            print(f"\nstopped{'; ' if stop.args else ''}{stop}", file=sys.stderr)
            return 130
        except OSError as error:
            if _output_lost() and isinstance(error, BrokenPipeError):
                return 141
            name = error.filename2 or error.filename
            _say(f"{name}: {error.strerror}" if name else error.strerror or str(error))
        except Exception as error:
            # our own errors are sentences, any other is a bug
            if not type(error).__module__.startswith(("host.", "tools.", "__main__")):
                raise
            _say(str(error))
        return 1

    return guarded


def _say(sentence: str) -> None:
    # it may hold what a file or a file's name says
    print(f"error: {printable(sentence, chr(10))}", file=sys.stderr)


def _output_lost() -> bool:
    """Whether nobody takes what is printed; it is then let go of, or Python would try once more at its end."""
    with suppress(io.UnsupportedOperation, AttributeError):  # there is none, or it is no file
        output = sys.stdout.fileno()
        try:
            sys.stdout.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), output)
            return True
        poll = select.poll()
        poll.register(output, 0)
        return bool(poll.poll(0))
    return False


def warn(finding: object) -> None:
    """Say what does not stop a command, where it does not mix with what the command prints."""
    print(f"warning: {printable(str(finding))}", file=sys.stderr, flush=True)


def whole(low: int, high: int) -> Callable[[str], int]:
    """An argument's type: a whole number of low to high."""

    def number(text: str) -> int:
        with suppress(ValueError):
            if low <= int(text) <= high:
                return int(text)
        raise argparse.ArgumentTypeError(f"{text} is no whole number of {low} to {high}")

    return number


seed = whole(0, 2**31 - 1)


def seconds(text: str) -> float:
    """An argument's type: seconds, from 0 to a day."""
    with suppress(ValueError):
        if 0 <= float(text) <= 86400:
            return float(text)
    raise argparse.ArgumentTypeError(f"{text} is no number of seconds, 0 to 86400")


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


def part(name: str, text: str) -> str:
    """A part of a page that a command writes, between two lines that name it."""
    return f"<!-- {name}: written by a command -->\n\n{text}\n<!-- end of {name} -->\n"


def replaced(page: str, parts: dict[str, str]) -> str:
    """The page with its parts of these names; ValueError where it has no place for one."""
    for name, text in parts.items():
        begin, end = f"<!-- {name}: written by a command -->\n", f"<!-- end of {name} -->\n"
        if page.count(begin) != 1 or page.count(end) != 1:
            raise ValueError(f"the page has no place for the table {name}")
        before, _, rest = page.partition(begin)
        page = before + part(name, text) + rest.partition(end)[2]
    return page


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that an interruption or a full disk leaves what was there before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")  # another process may be writing it too
    try:
        partial.write_bytes(data)
        partial.replace(path)
    except BaseException as error:
        with suppress(OSError):
            partial.unlink()
        if isinstance(error, OSError):
            error.filename = str(path)  # the one that the owner knows
        raise


def write_own(path: Path, data: bytes, start: bytes, what: str) -> None:
    """Write a file of a kind that begins with `start`; FormatError where something of another kind is in its place."""
    if path.exists() and not (path.is_file() and path.read_bytes()[: len(start)] == start):
        raise FormatError(f"{path} is there and is no {what}; it was left as it is: name another file")
    write_whole(path, data)


def write_model(path: Path, file: bytes) -> None:
    """Write a model.bin; FormatError where something else is in its place."""
    write_own(path, file, MAGIC, "model")
