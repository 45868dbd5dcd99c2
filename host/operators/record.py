"""Numbers and arrays of a model.bin, as an operator's record has them (drawn in native/core/file/model.c)."""

import struct

import numpy as np

from host.base.errors import Error

NONE = 255  # an input that is not there


class FormatError(Error):
    """A file that is not a readable model; the message says what was wrong."""


def numbers(layout: str, *values: int) -> bytes:
    """Little-endian numbers; struct.error where one is beyond what its place holds."""
    return struct.pack("<" + layout, *values)


def little(array: np.ndarray) -> bytes:
    """An array's numbers, little-endian, in C order."""
    return array.astype(array.dtype.newbyteorder("<")).tobytes()


class Reader:
    """Takes numbers and arrays from the front of a section; FormatError where it ends early."""

    def __init__(self, data: bytes):
        self.data = data
        self.at = 0

    def take(self, layout: str) -> tuple[int, ...]:
        """The next numbers, by `struct`'s layout."""
        try:
            values = struct.unpack_from("<" + layout, self.data, self.at)
        except struct.error as error:
            raise FormatError(f"a section ends early: {error}") from error
        self.at += struct.calcsize("<" + layout)
        return values

    def array(self, kind: str, *shape: int) -> np.ndarray:
        """The next array, in the machine's byte order."""
        count = int(np.prod(shape))
        if self.at + count * np.dtype(kind).itemsize > len(self.data):
            raise FormatError("an array runs past the end of its section")
        values = np.frombuffer(self.data, kind, count, self.at).reshape(shape)
        self.at += values.nbytes
        return values.astype(values.dtype.newbyteorder("="))

    def align(self) -> None:
        """Go on at the next multiple of 4 bytes."""
        self.at += -self.at % 4
