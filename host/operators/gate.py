"""Selective attention of TinySpeech (Wong et al., arXiv 2008.04245), batch norm and a residual in one operator.

Its kernel: native/core/operators/gate.c.
"""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from host.integers.arithmetic import expand, requantize
from host.integers.tables import sigmoid_table
from host.operators.constants import affine_constants
from host.operators.graph import Node, factor
from host.operators.operator import Operator, register
from host.operators.record import NONE, numbers

ATTENTION_SCALE = 1 / 16  # of what enters the sigmoid; its zero point is 128
SIGMOID = sigmoid_table()


@register
@dataclass(frozen=True, eq=False)
class Gate(Operator):
    """v * (mult + slope * sigmoid(a)) + bias (+ residual), a's cells covering `factor` [frames, bands] values of v."""

    KIND = 3
    FUNCTIONS: ClassVar[dict[str, str]] = {"tympan_prepare_affine": "gate", "tympan_gate": "gate", "gate": "gate"}

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

    def record(self):
        residual = NONE if self.residual is None else self.residual
        head = numbers("4Bh2B", self.attention, residual, *self.factor, self.residual_mult, self.bias_shift, 0)
        return head, (self.bias, self.mult, self.slope)

    @classmethod
    def read(cls, r, head, channels):
        attention, residual, t, f, residual_mult, bias_shift, _ = r.take("4Bh2B")
        bias, mult, slope = (r.array("<i2", channels) for _ in range(3))
        return cls(
            head.source, attention, mult, slope, bias, head.shift, head.zero, bias_shift, (t, f),
            None if residual == NONE else residual, residual_mult,
        )  # fmt: skip

    def inputs(self):
        return (self.source, self.attention) + (() if self.residual is None else (self.residual,))

    def output_shape(self, shapes):
        return shapes[self.source]

    def step(self, steps):
        step = steps[self.source]
        fits = steps[self.attention] * self.factor[0] == step
        return step if fits and (self.residual is None or steps[self.residual] == step) else None

    def ready(self, values, out):
        covered = values[self.attention].produced * self.factor[0]
        ready = min(covered, values[self.source].produced)
        return ready if self.residual is None else min(ready, values[self.residual].produced)

    def wanted(self, values, out, index):
        uses = [out.produced] if index in (self.source, self.residual) else []
        return min(uses + ([out.produced // self.factor[0]] if index == self.attention else []))

    def overwritable(self):
        return (self.source,) if self.residual is None else (self.source, self.residual)

    def reference(self, values, zeros):
        gain = self.mult.astype(np.int64) + ((self.slope.astype(np.int64) * SIGMOID[values[self.attention]]) >> 8)
        acc = (values[self.source] - zeros[self.source]) * expand(gain, self.factor)
        acc = acc + (self.bias.astype(np.int64) << self.bias_shift)
        if self.residual is not None:
            acc = acc + (values[self.residual] - zeros[self.residual]) * self.residual_mult
        return requantize(acc, 1, self.shift, self.zero)

    def pytorch(self, values, zeros):
        import torch

        from host.integers import pytorch

        x = values[self.source]
        sigmoid = pytorch.tensor(SIGMOID, x)[values[self.attention].long()]
        gain = pytorch.channels(self.mult, x) + torch.floor(pytorch.channels(self.slope, x) * sigmoid / 256)
        acc = (x - zeros[self.source]) * pytorch.expand(gain, self.factor)
        acc = acc + pytorch.channels(self.bias, x) * (1 << self.bias_shift)
        if self.residual is not None:
            acc = acc + (values[self.residual] - zeros[self.residual]) * self.residual_mult
        return pytorch.requantize(acc, 1, self.shift, self.zero)

    @staticmethod
    def lower(v: Node, a: Node, gain, strength, bias, scale: float, zero: int, residual: Node | None) -> Node:
        """v * (gain + strength * sigmoid(a)) + bias (+ residual), all float [channels]."""
        residual_scale = residual.scale if residual else 0.0
        name = v.builder.name(Gate)
        c = affine_constants([gain, strength], bias, [v.scale, v.scale], scale, zero, residual_scale, name)
        op = Gate(
            v.index, a.index, c.factors[0], c.factors[1], c.bias, c.shift, zero, c.bias_shift, factor(v, a, name),
            residual.index if residual else None, c.residual,
        )  # fmt: skip
        return v.builder.append(op, scale)

    def work(self, read, written, strips):
        return "gate", (math.prod(written),)

    def describe(self):
        residual = "" if self.residual is None else f", adds {self.residual}"
        return f"reads {self.source}, gated by {self.attention}{residual}"
