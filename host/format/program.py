"""What a model.bin says, as plain data: front end, operators, labels, listening defaults.

A `Program` is a list of operators in execution order. Value 0 is the features; value i + 1 is what operator i writes.
Every value but the last two is uint8 [frames, bands, channels] and stands for `(q - zero) * scale`, where `zero` is the
writing operator's. docs/semantics.md, section 5, defines what each operator computes.
"""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class FrontEnd:
    """16 kHz int16 samples to uint8 features [frames, width]; docs/semantics.md, sections 3 and 4.

    edges: band edges in 1/128 FFT bin (bands + 2 of them, ascending). log_gain, log_offset: Q20 affine from log2 energy
    (Q10) to a level of 0 to 255. gains, offsets, shift: the scaled DCT-II from levels to MFCCs; no gains, no DCT.
    zero: the feature value that stands for 0.
    """

    rate: int
    frame: int
    hop: int
    frames: int
    edges: tuple[int, ...]
    log_gain: int
    log_offset: int
    gains: tuple[int, ...] = ()
    offsets: tuple[int, ...] = ()
    shift: int = 0
    zero: int = 128

    @property
    def bands(self) -> int:
        return len(self.edges) - 2

    @property
    def width(self) -> int:
        """Values in one feature frame."""
        return len(self.gains) or self.bands


@dataclass(frozen=True)
class Listening:
    """Defaults of the listening decision: `hop`, `cooldown` in ms, `threshold` in 1/65535, `gate` as RMS of int16."""

    hop: int = 200
    history: int = 5
    votes: int = 3
    threshold: int = 52428
    cooldown: int = 1000
    gate: int = 0


@dataclass(frozen=True, eq=False)
class Conv2D:
    """Convolution over [frames, bands], valid in frames, zero-padded by `pad` on both sides in bands."""

    source: int
    weight: np.ndarray  # int8 [channels out, kernel frames, kernel bands, channels in / groups]
    bias: np.ndarray  # int16 [channels out], shifted left by bias_shift
    mult: np.ndarray  # uint8 [channels out]
    shift: int
    zero: int
    bias_shift: int = 0
    stride: tuple[int, int] = (1, 1)
    pad: int = 0
    groups: int = 1


@dataclass(frozen=True, eq=False)
class MaxPool:
    """Maximum over cells of `size` [frames, bands], stride `size`; an incomplete last cell is dropped."""

    source: int
    size: tuple[int, int]
    zero: int


@dataclass(frozen=True, eq=False)
class Gate:
    """v * (mult + slope * sigmoid(a)) + bias (+ residual), a's cells covering `factor` [frames, bands] values of v."""

    source: int
    attention: int
    mult: np.ndarray  # int16 [channels]
    slope: np.ndarray  # int16 [channels]
    bias: np.ndarray  # int16 [channels], shifted left by bias_shift
    shift: int
    zero: int
    bias_shift: int = 0
    factor: tuple[int, int] = (1, 1)
    residual: int | None = None
    residual_mult: int = 0


@dataclass(frozen=True, eq=False)
class Add:
    """a * mult + b * other_mult + bias, b's cells covering `factor` [frames, bands] values of a.

    They may cover more frames than a has, by an even number: a is added to the middle of them.
    """

    source: int
    other: int
    mult: np.ndarray  # int16 [channels]
    other_mult: np.ndarray  # int16 [channels]
    bias: np.ndarray  # int16 [channels], shifted left by bias_shift
    shift: int
    zero: int
    bias_shift: int = 0
    factor: tuple[int, int] = (1, 1)


@dataclass(frozen=True, eq=False)
class GlobalAveragePool:
    """Mean over all frames and bands, the division folded into `mult` (uint16) and `shift`."""

    source: int
    mult: int
    shift: int
    zero: int


@dataclass(frozen=True, eq=False)
class Dense:
    """Fully connected layer on a [1, 1, channels] value; writes int16 logits in Q8."""

    source: int
    weight: np.ndarray  # int8 [classes, channels in]
    bias: np.ndarray  # int16 [classes], shifted left by bias_shift
    mult: np.ndarray  # uint8 [classes]
    shift: int
    bias_shift: int = 0
    zero: int = 0


@dataclass(frozen=True, eq=False)
class Softmax:
    """Logits to uint16 probabilities, 65535 standing for 1."""

    source: int
    zero: int = 0


Operator = Conv2D | MaxPool | Gate | Add | GlobalAveragePool | Dense | Softmax


@dataclass(frozen=True, eq=False)
class Plan:
    """Where values live while the network runs in strips of `strip` feature frames.

    Operator i writes into a buffer of columns[i] frames at offsets[i] of the arena; both are bytes, multiples of 4.
    ahead: whether kernels may take constants prepared when the model is opened, which is fast, or unpack them as they
    run, which takes the fewest bytes. What is computed is the same.
    """

    strip: int
    columns: tuple[int, ...]
    offsets: tuple[int, ...]
    arena: int
    ahead: bool = False


@dataclass(frozen=True, eq=False)
class Program:
    """Everything in a model.bin but its memory plan."""

    frontend: FrontEnd
    operators: list[Operator]
    labels: tuple[str, ...]
    listening: Listening = field(default_factory=Listening)
    name: str = ""

    @property
    def hop(self) -> int:
        """Feature frames between the windows that are listened to by default, as the robot counts them."""
        return max(1, self.listening.hop // (self.frontend.hop * 1000 // self.frontend.rate))

    def shapes(self) -> list[tuple[int, int, int]]:
        """(frames, bands, channels) of every value, the features first."""
        known = [(self.frontend.frames, self.frontend.width, 1)]
        for op in self.operators:
            known.append(output_shape(op, known))
        return known

    def zeros(self) -> list[int]:
        """The zero point of every value, the features first."""
        return [self.frontend.zero, *(op.zero for op in self.operators)]


def lag(op: Add, other_frames: int, frames: int) -> int:
    """How many of the frames that the other's cells cover lie before the first that an add of `frames` frames reads."""
    return (other_frames * op.factor[0] - frames) // 2


def output_shape(op: Operator, shapes: list[tuple[int, int, int]]) -> tuple[int, int, int]:
    """(frames, bands, channels) that an operator writes, from the shapes of the values before it."""
    frames, bands, channels = shapes[op.source]
    match op:
        case Conv2D(weight=w, stride=(st, sf), pad=pad):
            return (frames - w.shape[1]) // st + 1, (bands + 2 * pad - w.shape[2]) // sf + 1, w.shape[0]
        case MaxPool(size=(t, f)):
            return frames // t, bands // f, channels
        case Gate() | Add():
            return frames, bands, channels
        case GlobalAveragePool():
            return 1, 1, channels
        case Dense(weight=w):
            return 1, 1, w.shape[0]
        case Softmax():
            return 1, 1, channels
