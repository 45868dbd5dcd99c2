"""What a model.bin says, as plain data: front end, operators, labels, listening defaults.

A `Program` is a list of operators in execution order. Value 0 is the features; value i + 1 is what operator i writes.
Every value but the last two is uint8 [frames, bands, channels] and stands for `(q - zero) * scale`, where `zero` is the
writing operator's. docs/semantics.md, section 5, defines what each operator computes.
"""

from dataclasses import dataclass, field

from host.operators import Operator
from host.operators.operator import Shape
from host.operators.record import FormatError


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

    @property
    def shape(self) -> Shape:
        """Of what the network reads."""
        return self.frames, self.width, 1


@dataclass(frozen=True)
class Input:
    """What a network reads that does not hear: uint8 [frames, bands, channels], where `zero` stands for 0.

    A picture is [rows, columns, colours], a window of an accelerometer [samples, 1, axes].
    """

    frames: int
    bands: int
    channels: int = 1
    zero: int = 128

    @property
    def shape(self) -> Shape:
        return self.frames, self.bands, self.channels


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
    """Everything in a model.bin but its memory plan.

    input: the front end that makes what the network reads of sound, or what that is where it does not hear. notes: by
    tag, the sections that readers may ignore; a tag is four letters of ASCII, the first of them small.
    """

    input: FrontEnd | Input
    operators: list[Operator]
    labels: tuple[str, ...]
    listening: Listening = field(default_factory=Listening)
    name: str = ""
    notes: dict[str, bytes] = field(default_factory=dict)

    @property
    def hears(self) -> bool:
        """Whether the input is sound."""
        return isinstance(self.input, FrontEnd)

    @property
    def frontend(self) -> FrontEnd:
        """FormatError where the input is no sound."""
        if not isinstance(self.input, FrontEnd):
            raise FormatError("this model does not hear: what it reads is no sound")
        return self.input

    @property
    def needs(self) -> int:
        """The lowest minor version of a reader that can read its file."""
        return max([0 if self.hears else 1, *(op.SINCE for op in self.operators)])

    @property
    def hop(self) -> int:
        """Feature frames between the windows that are listened to by default, as the robot counts them."""
        return max(1, self.listening.hop // (self.frontend.hop * 1000 // self.frontend.rate))

    def shapes(self) -> list[Shape]:
        """(frames, bands, channels) of every value, the features first."""
        known = [self.input.shape]
        for op in self.operators:
            known.append(op.output_shape(known))
        return known

    def multiply_adds(self) -> list[int]:
        """Those of each operator in a window; of weights, as papers count."""
        return [op.multiply_adds(shape) for op, shape in zip(self.operators, self.shapes()[1:], strict=True)]

    def weights(self) -> int:
        """How many weights there are."""
        return sum(op.weights for op in self.operators)

    def zeros(self) -> list[int]:
        """The zero point of every value, the features first."""
        return [self.input.zero, *(op.zero for op in self.operators)]
