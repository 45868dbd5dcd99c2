"""Files are written in full or not at all."""

import os
from contextlib import suppress
from pathlib import Path

from host.base.errors import Error


def write_whole(path: Path, data: bytes | memoryview) -> None:
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
    """Write a file of a kind that begins with `start`; Error where something of another kind is in its place."""
    if path.exists() and not (path.is_file() and path.read_bytes()[: len(start)] == start):
        raise Error(f"{path} is there and is no {what}; it was left as it is: name another file")
    write_whole(path, data)
