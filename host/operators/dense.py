"""Fully connected layer. Its kernel: native/core/operators/dense.c."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from host.integers.arithmetic import requantize
from host.operators.constants import WeightRounding, linear_constants, nearest
from host.operators.graph import LoweringError, Node
from host.operators.operator import Operator, register
from host.operators.record import numbers

LOGIT_SCALE = 1 / 256


@register
@dataclass(frozen=True, eq=False)
class Dense(Operator):
    """Fully connected layer on a [1, 1, channels] value; writes int16 logits in Q8."""

    KIND = 6
    NUMBER_BYTES = 2
    FUNCTIONS: ClassVar[dict[str, str]] = {"tympan_dense": "dense"}

    source: int
    weight: np.ndarray  # int8 [classes, channels in]
    bias: np.ndarray  # int16 [classes], shifted left by bias_shift
    mult: np.ndarray  # uint8 [classes]
    shift: int
    bias_shift: int = 0
    zero: int = 0

    def record(self):
        return numbers("2BH", len(self.weight), self.bias_shift, 0), (self.bias, self.mult, self.weight)

    @classmethod
    def read(cls, r, head, channels):
        classes, bias_shift, _ = r.take("2BH")
        bias, mult = r.array("<i2", classes), r.array("u1", classes)
        return cls(head.source, r.array("i1", classes, channels), bias, mult, head.shift, bias_shift)

    def output_shape(self, shapes):
        return 1, 1, len(self.weight)

    @property
    def weights(self):
        return self.weight.size

    def step(self, steps):
        return None if steps[self.source] else 0

    def reference(self, values, zeros):
        acc = (values[self.source] - zeros[self.source]) @ self.weight.astype(np.int64).T
        acc = acc + (self.bias.astype(np.int64) << self.bias_shift)
        return requantize(acc, self.mult.astype(np.int64), self.shift, 0, -32768, 32767)

    def pytorch(self, values, zeros):
        import torch.nn.functional as F

        from host.integers import pytorch

        x = values[self.source]
        acc = F.conv2d(x - zeros[self.source], pytorch.tensor(self.weight, x)[..., None, None])
        acc = acc + pytorch.channels(self.bias, x) * (1 << self.bias_shift)
        return pytorch.requantize(acc, pytorch.channels(self.mult, x), self.shift, 0, -32768, 32767)

    @staticmethod
    def lower(x: Node, weight, bias, rounded: WeightRounding = nearest) -> Node:
        """weight: float [classes, in]; bias: float [classes]."""
        name = x.builder.name(Dense)
        if x.shape[:2] != (1, 1):
            cells = f"{x.shape[0]} x {x.shape[1]} cells"
            raise LoweringError(f"{name}: follows a global average pool, not a value of {cells}")
        c = linear_constants(weight, bias, x.scale, x.zero, LOGIT_SCALE, 0, name, rounded)
        return x.builder.append(Dense(x.index, c.weight, c.bias, c.mult, c.shift, c.bias_shift), LOGIT_SCALE)

    def multiply_adds(self, written):
        return self.weight.size

    def work(self, read, written, strips):
        return "dense", (self.weight.size,)
