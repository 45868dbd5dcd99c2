"""From real-valued layers to integer operators.

A network's own `forward` is run on `Node`s instead of tensors; each layer then calls the function below that bears its
operator's name, which appends the operator to the program and returns the node of what it writes.
"""

from dataclasses import dataclass, field

import numpy as np

from host.compiler.quantize import affine_constants, linear_constants, pool_constants
from host.format.program import (
    Add,
    Conv2D,
    Dense,
    FrontEnd,
    Gate,
    GlobalAveragePool,
    Listening,
    MaxPool,
    Operator,
    Program,
    Softmax,
    output_shape,
)

FEATURE_SCALE = 1 / 32
ATTENTION_SCALE = 1 / 16  # of what enters a gate's sigmoid; its zero point is 128
LOGIT_SCALE = 1 / 256


class LoweringError(ValueError):
    """A network that the operators of the robot cannot express."""


@dataclass
class Builder:
    """The operators lowered so far and the shapes of their values."""

    operators: list[Operator] = field(default_factory=list)
    shapes: list[tuple[int, int, int]] = field(default_factory=list)

    def name(self, kind: str) -> str:
        """What to call the next operator in a message; `host.inspect` and a trace count them alike."""
        return f"operator {len(self.operators) + 1}, {kind}"

    def append(self, op: Operator, scale: float) -> "Node":
        shape = output_shape(op, self.shapes)
        if min(shape) < 1:
            name = self.name(type(op).__name__)
            raise LoweringError(f"{name}: its input of {self.shapes[op.source][0]} frames is shorter than its kernel")
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
    def shape(self) -> tuple[int, int, int]:
        return self.builder.shapes[self.index]


def conv2d(x: Node, weight, bias, scale: float, zero: int, stride=(1, 1), pad=0, groups=1) -> Node:
    """weight: float [out, in / groups, kernel frames, kernel bands] (PyTorch's order); bias: float [out]."""
    name = x.builder.name("Conv2D")
    c = linear_constants(weight, bias, x.scale, x.zero, scale, zero, name)
    w = np.ascontiguousarray(c.weight.transpose(0, 2, 3, 1))
    op = Conv2D(x.index, w, c.bias, c.mult, c.shift, zero, c.bias_shift, stride, pad, groups)
    return x.builder.append(op, scale)


def max_pool(x: Node, size: tuple[int, int]) -> Node:
    return x.builder.append(MaxPool(x.index, size, x.zero), x.scale)


def factor(v: Node, a: Node, name: str, spare: bool = False) -> tuple[int, int]:
    """How many frames and bands of v one cell of a covers; spare: a may have more frames, v in their middle."""
    t, f = max(1, v.shape[0] // a.shape[0]), v.shape[1] // a.shape[1]
    more = a.shape[0] * t - v.shape[0]
    if (a.shape[1] * f, a.shape[2]) != v.shape[1:] or more < 0 or (more and not spare):
        raise LoweringError(f"{name}: {a.shape} does not tile {v.shape} (frames, bands, channels)")
    if more % 2:
        raise LoweringError(f"{name}: {v.shape[0]} frames do not lie in the middle of {a.shape[0]}: one is left over")
    return t, f


def gate(v: Node, a: Node, gain, strength, bias, scale: float, zero: int, residual: Node | None) -> Node:
    """v * (gain + strength * sigmoid(a)) + bias (+ residual), all float [channels]."""
    residual_scale = residual.scale if residual else 0.0
    name = v.builder.name("Gate")
    c = affine_constants([gain, strength], bias, [v.scale, v.scale], scale, zero, residual_scale, name)
    op = Gate(
        v.index, a.index, c.factors[0], c.factors[1], c.bias, c.shift, zero, c.bias_shift, factor(v, a, name),
        residual.index if residual else None, c.residual,
    )  # fmt: skip
    return v.builder.append(op, scale)


def add(a: Node, b: Node, gain, other_gain, bias, scale: float, zero: int) -> Node:
    """a * gain + b * other_gain + bias, all float [channels].

    b's cells may cover several values of a; or b has more frames than a, an even number: its middle is added.
    """
    name = a.builder.name("Add")
    c = affine_constants([gain, other_gain], bias, [a.scale, b.scale], scale, zero, name=name)
    op = Add(
        a.index, b.index, c.factors[0], c.factors[1], c.bias, c.shift, zero, c.bias_shift, factor(a, b, name, True)
    )  # fmt: skip
    return a.builder.append(op, scale)


def global_average_pool(x: Node, scale: float, zero: int) -> Node:
    frames, bands, _ = x.shape
    name = x.builder.name("GlobalAveragePool")
    mult, shift = pool_constants(frames * bands, x.scale, scale, zero, name)
    return x.builder.append(GlobalAveragePool(x.index, mult, shift, zero), scale)


def dense(x: Node, weight, bias) -> Node:
    """weight: float [classes, in]; bias: float [classes]."""
    name = x.builder.name("Dense")
    if x.shape[:2] != (1, 1):
        raise LoweringError(f"{name}: follows a global average pool, not a value of {x.shape[0]} x {x.shape[1]} cells")
    c = linear_constants(weight, bias, x.scale, x.zero, LOGIT_SCALE, 0, name)
    return x.builder.append(Dense(x.index, c.weight, c.bias, c.mult, c.shift, c.bias_shift), LOGIT_SCALE)


def softmax(x: Node) -> Node:
    return x.builder.append(Softmax(x.index), 1 / 65535)


def lower(body, frontend: FrontEnd, labels, listening: Listening | None = None, name: str = "") -> Program:
    """The program of a network: `body` maps the features' node to the logits' node."""
    builder = Builder(shapes=[(frontend.frames, frontend.width, 1)])
    softmax(body(Node(builder, 0, FEATURE_SCALE, frontend.zero)))
    if builder.shapes[-1] != (1, 1, len(labels)):
        raise LoweringError(f"{name}: {builder.shapes[-1][2]} outputs for {len(labels)} labels")
    return Program(frontend, builder.operators, tuple(labels), listening or Listening(), name)
