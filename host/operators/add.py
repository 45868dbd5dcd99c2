"""Weighted sum of two values. Its kernel: native/core/operators/add.c."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from host.integers.arithmetic import expand, middle, requantize
from host.operators.constants import affine_constants
from host.operators.graph import Node, factor
from host.operators.operator import Operator, register
from host.operators.record import numbers


@register
@dataclass(frozen=True, eq=False)
class Add(Operator):
    """a * mult + b * other_mult + bias, b's cells covering `factor` [frames, bands] values of a.

    They may cover more frames than a has, by an even number: a is added to the middle of them.
    """

    KIND = 4
    FUNCTIONS: ClassVar[dict[str, str]] = {"tympan_add": "gate"}  # as much work a value as a gate

    source: int
    other: int
    mult: np.ndarray  # int16 [channels]
    other_mult: np.ndarray  # int16 [channels]
    bias: np.ndarray  # int16 [channels], shifted left by bias_shift
    shift: int
    zero: int
    bias_shift: int = 0
    factor: tuple[int, int] = (1, 1)

    def record(self):
        return numbers("4B", self.other, *self.factor, self.bias_shift), (self.bias, self.mult, self.other_mult)

    @classmethod
    def read(cls, r, head, channels):
        other, t, f, bias_shift = r.take("4B")
        bias, mult, other_mult = (r.array("<i2", channels) for _ in range(3))
        return cls(head.source, other, mult, other_mult, bias, head.shift, head.zero, bias_shift, (t, f))

    def inputs(self):
        return self.source, self.other

    def output_shape(self, shapes):
        return shapes[self.source]

    def _lag(self, values, out) -> int:
        """Frames by which the other begins earlier: it may cover more frames, and this input lies in their middle."""
        return (values[self.other].frames * self.factor[0] - out.frames) // 2

    def step(self, steps):
        step = steps[self.source]
        return step if steps[self.other] * self.factor[0] == step else None

    def ready(self, values, out):
        covered = values[self.other].produced * self.factor[0] - self._lag(values, out)
        return min(values[self.source].produced, max(0, covered))

    def wanted(self, values, out, index):
        uses = [out.produced] if index == self.source else []
        later = [(out.produced + self._lag(values, out)) // self.factor[0]] if index == self.other else []
        return min(uses + later)

    def overwritable(self):
        return (self.source,)

    def reference(self, values, zeros):
        a = values[self.source]
        acc = (a - zeros[self.source]) * self.mult.astype(np.int64) + (self.bias.astype(np.int64) << self.bias_shift)
        other = (values[self.other] - zeros[self.other]) * self.other_mult.astype(np.int64)
        return requantize(acc + middle(expand(other, self.factor), a.shape[1]), 1, self.shift, self.zero)

    def pytorch(self, values, zeros):
        from host.integers import pytorch

        a = values[self.source]
        other = (values[self.other] - zeros[self.other]) * pytorch.channels(self.other_mult, a)
        acc = (a - zeros[self.source]) * pytorch.channels(self.mult, a)
        acc = acc + pytorch.channels(self.bias, a) * (1 << self.bias_shift)
        acc = acc + pytorch.middle(pytorch.expand(other, self.factor), a.shape[2])
        return pytorch.requantize(acc, 1, self.shift, self.zero)

    @staticmethod
    def lower(a: Node, b: Node, gain, other_gain, bias, scale: float, zero: int) -> Node:
        """a * gain + b * other_gain + bias, all float [channels].

        b's cells may cover several values of a; or b has more frames than a, an even number: its middle is added.
        """
        name = a.builder.name(Add)
        c = affine_constants([gain, other_gain], bias, [a.scale, b.scale], scale, zero, name=name)
        op = Add(
            a.index, b.index, c.factors[0], c.factors[1], c.bias, c.shift, zero, c.bias_shift,
            factor(a, b, name, spare=True),
        )  # fmt: skip
        return a.builder.append(op, scale)

    def work(self, read, written, strips):
        return "gate", (math.prod(written),)

    def describe(self):
        return f"reads {self.source} and {self.other}"
