"""What a command says in one sentence: every error of this project that an owner can bring about is an `Error`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Error(Exception):
    """Its message is a sentence for the owner: what was wrong, and what to do. A command prints it and returns 1."""


class DataError(Error):
    """Recordings, or what was made of them, that cannot be used."""


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """What is wrong with a file's bytes, said with the file's name."""
    try:
        yield
    except Error as error:
        raise Error(f"{path}: {error}") from error
