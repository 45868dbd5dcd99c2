"""Mean over a whole window. Its kernel: native/core/operators/global_average_pool.c."""

import math
from dataclasses import dataclass
from typing import ClassVar

from host.integers.arithmetic import requantize
from host.operators.constants import pool_constants
from host.operators.graph import Node
from host.operators.operator import Operator, register
from host.operators.record import numbers


@register
@dataclass(frozen=True, eq=False)
class GlobalAveragePool(Operator):
    """Mean over all frames and bands, the division folded into `mult` (uint16) and `shift`."""

    KIND = 5
    SUMS = True
    FUNCTIONS: ClassVar[dict[str, str]] = {"tympan_global": "mean"}

    source: int
    mult: int
    shift: int
    zero: int

    def record(self):
        return numbers("2H", self.mult, 0), ()

    @classmethod
    def read(cls, r, head, channels):
        mult, _ = r.take("2H")
        return cls(head.source, mult, head.shift, head.zero)

    def output_shape(self, shapes):
        return 1, 1, shapes[self.source][2]

    def step(self, steps):
        return 0 if steps[self.source] else None

    def ready(self, values, out):
        return int(values[self.source].produced == values[self.source].frames)

    def wanted(self, values, out, index):
        return out.summed

    def reference(self, values, zeros):
        total = (values[self.source] - zeros[self.source]).sum((1, 2), keepdims=True)
        return requantize(total, self.mult, self.shift, self.zero)

    def pytorch(self, values, zeros):
        from host.integers import pytorch

        total = (values[self.source] - zeros[self.source]).sum((2, 3), keepdim=True)
        return pytorch.requantize(total, self.mult, self.shift, self.zero)

    @staticmethod
    def lower(x: Node, scale: float, zero: int) -> Node:
        frames, bands, _ = x.shape
        mult, shift = pool_constants(frames * bands, x.scale, scale, zero, x.builder.name(GlobalAveragePool))
        return x.builder.append(GlobalAveragePool(x.index, mult, shift, zero), scale)

    def work(self, read, written, strips):
        return "mean", (math.prod(read),)
