"""What every operator of a model.bin has: all that the host knows of one kind is in the file of its name.

Its twins in C are native/core/operators/<name>.h, what it is to the loader, and <name>.c, its kernel.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple, Self

import numpy as np

from host.operators.record import Reader

if TYPE_CHECKING:
    import torch

Shape = tuple[int, int, int]  # (frames, bands, channels)


class Head(NamedTuple):
    """What the records of all kinds begin with, behind the kind."""

    source: int
    zero: int
    shift: int


@dataclass(frozen=True)
class Strips:
    """How a plan runs a window: `count` strips of `frames` feature frames; ahead: weights are unpacked beforehand."""

    frames: int
    count: int
    ahead: bool


@dataclass
class Value:
    """What of a value is in memory while the schedule runs; frames count from the start of the window."""

    frames: int  # in a window
    frame_bytes: int
    sums: int = 0  # bytes that a pool keeps before its output
    step: int = 0  # frames between the windows of a stream; 0 behind the pool, and in a window by itself
    base: int = 0
    produced: int = 0
    summed: int = 0  # frames that a pool has added up
    columns: int = 0  # the most frames held so far


KINDS: dict[int, type["Operator"]] = {}  # by the number in the file


class Operator(ABC):
    """An operator reads value `source`, and perhaps others, and writes one value with the zero point `zero`.

    A subclass is a frozen dataclass with a KIND, and registers itself; TypeError where it lacks a method or its number
    is taken.
    """

    KIND: ClassVar[int]
    SINCE: ClassVar[int] = 0  # the first minor version of the file that has it
    # a pool over the whole window adds frames up as they come; its sums, int32 [channels], lie before its output
    SUMS: ClassVar[bool] = False
    # every network ends in it
    ENDS: ClassVar[bool] = False
    # bytes of a number that it writes
    NUMBER_BYTES: ClassVar[int] = 1
    # beginnings of the names of the C functions that do its work, and the name of that work in the cost estimate
    FUNCTIONS: ClassVar[dict[str, str]] = {}

    source: int
    zero: int

    # ---- the record in the file ----

    @abstractmethod
    def record(self) -> tuple[bytes, tuple[np.ndarray, ...]]:
        """What follows the head of its record: numbers, then arrays."""

    @classmethod
    @abstractmethod
    def read(cls, r: Reader, head: Head, channels: int) -> Self:
        """The operator of a record whose head was read; channels: those of its source. FormatError."""

    # ---- shape ----

    def inputs(self) -> tuple[int, ...]:
        """The values that it reads."""
        return (self.source,)

    @abstractmethod
    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """The shape that it writes, from the shapes of the values before it."""

    @property
    def weights(self) -> int:
        """How many weights it has."""
        return 0

    # ---- schedule: which frames it reads and writes as a window passes in strips ----

    @property
    def frame_stride(self) -> int:
        """Frames of its source from one frame that it writes to the next."""
        return 1

    def step(self, steps: Sequence[int]) -> int | None:
        """Frames from a window of a stream to the next in what it writes; steps: those of the values before it.

        0 behind the pool. None where it cannot run on such a stream: the next window does not begin with a whole
        number of its strides, or it needs a whole window.
        """
        step = steps[self.source]
        return None if step % self.frame_stride else step // self.frame_stride

    def ready(self, values: Sequence[Value], out: Value) -> int:
        """Frames that it can have written, in all, from what its inputs have."""
        return values[self.source].produced // self.frame_stride

    def wanted(self, values: Sequence[Value], out: Value, index: int) -> int:
        """The first frame of value `index`, one of its inputs, that it will still read once it has written
        `out.produced` frames, if these are not all."""
        return out.produced * self.frame_stride

    def overwritable(self) -> tuple[int, ...]:
        """Inputs whose place it may write to: it has read a number for the last time when it writes the same one."""
        return ()

    # ---- executions ----

    @abstractmethod
    def reference(self, values: Sequence[np.ndarray], zeros: Sequence[int]) -> np.ndarray:
        """The specification: what it writes, in NumPy integers (docs/semantics.md, section 5).

        values: int64 [batch, frames, bands, channels] by index, those before it; zeros: their zero points.
        """

    @abstractmethod
    def pytorch(self, values: "Sequence[torch.Tensor]", zeros: Sequence[int]) -> "torch.Tensor":
        """The same integers in PyTorch: float64 [batch, channels, frames, bands]."""

    # ---- cost and words ----

    def multiply_adds(self, written: Shape) -> int:
        """Multiply-adds of its weights in a window, as papers count; written: the shape that it writes."""
        return 0

    @abstractmethod
    def work(self, read: Shape, written: Shape, strips: Strips) -> tuple[str, tuple[float, ...]]:
        """(name of the work, units): what its instructions grow with, for host/exploration/instructions.py."""

    def describe(self) -> str:
        """What it reads and what sets it apart, in a few words."""
        return f"reads {self.source}"


def register(kind: type[Operator]) -> type[Operator]:
    """Enter an operator's class in KINDS."""
    missing: frozenset[str] = getattr(kind, "__abstractmethods__", frozenset())
    if missing or not hasattr(kind, "KIND"):
        raise TypeError(f"operator {kind.__name__} lacks {', '.join(sorted(missing or {'KIND'}))}")
    if kind.KIND in KINDS:
        raise TypeError(f"operators {KINDS[kind.KIND].__name__} and {kind.__name__} are both of kind {kind.KIND}")
    KINDS[kind.KIND] = kind
    return kind
