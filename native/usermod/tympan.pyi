"""Hear words with a trained model: MicroPython's C module `tympan`.

import tympan, array
m = tympan.Model(open("model.bin", "rb"))
s = tympan.Stream(m)
p = array.array("H", [0] * len(m.labels))
s.feed(samples)
print(m.labels[m.run(s, p)])
"""

from array import array
from collections.abc import Callable
from typing import BinaryIO, TypedDict

Buffer = bytes | bytearray | memoryview | array

class Memory(TypedDict):
    """Bytes taken, by use, and which of them lie in the chip's internal RAM."""

    file: int
    tables: int
    arena: int
    stream: int
    internal: tuple[str, ...]
    """("tables", "arena") where they lie in internal RAM; () where they lie in MicroPython's heap, as the file does:
    slower where that is PSRAM. For a stream, see Stream.internal."""

class Listening(TypedDict):
    """Defaults of the listening decision: hop and cooldown in ms, threshold of 65535, gate as RMS of int16."""

    hop: int
    history: int
    votes: int
    threshold: int
    cooldown: int
    gate: int

class Info(TypedDict):
    """rate: 0 where what the model reads is no sound; then run takes frames of width bytes, and no Stream is made."""

    labels: tuple[str, ...]
    rate: int
    frame: int
    hop: int
    frames: int
    width: int
    operators: int
    memory: Memory
    listening: Listening

class Model:
    """A verified model. The file is copied, so that what was verified cannot change.

    Tables and arena lie in the chip's internal RAM where that has room, which is given back when the collector finds
    that model and streams are no longer used. So before another is opened, drop the old ones: m = s = None.
    A model and a stream are for one thread at a time.
    """

    labels: tuple[str, ...]
    memory: Memory

    def __init__(self, source: Buffer | BinaryIO) -> None:
        """source: the bytes of a model.bin, or the open file.

        ValueError with a named reason where the file is refused, MemoryError where it does not fit.
        """

    def info(self) -> Info:
        """What the model takes and gives: samples per second, frame and hop in samples, a window of frames x width."""

    def run(self, features: Buffer | Stream, out: array, trace: Callable[[int, bytes], object] | None = None) -> int:
        """Probabilities of one window; returns the index of the likeliest label.

        features: frames * width bytes, or a stream for its window. out: array("H") with one number per label, 65535
        for 1. trace: called as trace(operator, frames) with what each operator has just written; allocates; not for a
        stream with a hop. ValueError where a buffer is of the wrong type or length.
        """

class Stream:
    """The front end: takes a microphone's blocks as they come, keeps the window that the model sees."""

    window: bytes
    """The last frames * width features now, newest last; before the first frames: digital silence."""
    frames: int
    """Frames since the start of the stream."""
    hop: int
    """Frames between windows of which run() computes only what is new; 0 where it computes each from its beginning."""
    internal: bool
    """Whether its memory lies in the chip's internal RAM, else in MicroPython's heap."""

    def __init__(self, model: Model, gain: int = 0, hop: int = 0) -> None:
        """gain: 0 to 8, steps of 6 dB that `feed_slots` amplifies by.

        hop: run() is going to be asked for windows that are so many frames apart; then it computes only what is new in
        each, with the same result. A window left out, or another run of the model in between, costs time and changes
        nothing. ValueError with a named reason where the network cannot do that: hop=0 always works.
        """

    def feed(self, samples: Buffer) -> int:
        """int16 samples (array("h") or bytes) of any number; returns how many frames they completed."""

    def feed_slots(self, slots: Buffer, channels: int = 1, channel: int = 0) -> int:
        """32-bit slots as machine.I2S gives them: DC is removed and `gain` applied first.

        channels: interleaved in `slots` (2 with I2S.STEREO), of which only `channel` is heard.
        """

    def level(self) -> int:
        """RMS of the samples fed since the last call."""

    def reset(self) -> None:
        """Begin a new stream."""

class Deadman:
    """Holds pins at a level when it is no longer fed, from the chip's timer: although the interpreter may be stuck.

    There is one for the whole chip; a new one replaces it. A pin held stays so until its PWM is made anew:
    pwm.deinit(); pwm.init(freq=..., duty_u16=...).
    """

    def __init__(self, pins: list[int] | tuple[int, ...], level: bool = False) -> None:
        """pins: at most 8 GPIO numbers, of outputs. level: what they are held at.

        ValueError where the chip has no such output, OSError where it has no timer left.
        """

    def feed(self, ms: int) -> None:
        """Act ms from now (at most 60000) unless fed again; 0: do not act. OSError where the timer does not start.

        While the flash is erased, the chip acts later, by up to some hundred ms.
        """

    def trips(self) -> int:
        """How often it has acted since the chip started."""
