"""The operators of a network while it is lowered, and the values that they write.

A network's own `forward` is run on `Node`s instead of tensors; each layer then calls `lower` of its operator, which
appends the operator and returns the node of what it writes.
"""

from dataclasses import dataclass, field

from host.base.errors import Error
from host.operators.operator import Operator, Shape


class LoweringError(Error):
    """A network that the operators of the robot cannot express."""


@dataclass
class Builder:
    """The operators lowered so far and the shapes of their values."""

    operators: list[Operator] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)

    def name(self, kind: type[Operator]) -> str:
        """What to call the next operator in a message; `host.inspect` and a trace count them alike."""
        return f"operator {len(self.operators) + 1}, {kind.__name__}"

    def append(self, op: Operator, scale: float) -> "Node":
        """LoweringError where the input is too short for the operator."""
        shape = op.output_shape(self.shapes)
        if min(shape) < 1:
            frames = self.shapes[op.source][0]
            raise LoweringError(f"{self.name(type(op))}: its input of {frames} frames is shorter than its kernel")
        self.operators.append(op)
        self.shapes.append(shape)
        return Node(self, len(self.operators), scale, op.zero)


@dataclass(frozen=True)
class Node:
    """A value of the program being lowered; stands where training has a tensor."""

    builder: Builder
    index: int
    scale: float
    zero: int

    @property
    def shape(self) -> Shape:
        return self.builder.shapes[self.index]


def factor(v: Node, a: Node, name: str, spare: bool = False) -> tuple[int, int]:
    """How many frames and bands of v one cell of a covers; spare: a may have more frames, v in their middle."""
    t, f = max(1, v.shape[0] // a.shape[0]), v.shape[1] // a.shape[1]
    more = a.shape[0] * t - v.shape[0]
    if (a.shape[1] * f, a.shape[2]) != v.shape[1:] or more < 0 or (more and not spare):
        raise LoweringError(f"{name}: {a.shape} does not tile {v.shape} (frames, bands, channels)")
    if more % 2:
        raise LoweringError(f"{name}: {v.shape[0]} frames do not lie in the middle of {a.shape[0]}: one is left over")
    return t, f
