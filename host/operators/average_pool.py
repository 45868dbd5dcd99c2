"""Mean over cells. Its kernel: native/core/operators/average_pool.c."""

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
class AveragePool(Operator):
    """Mean over cells of `size` [frames, bands], stride `size`, the division folded into `mult` (uint16) and `shift`.

    An incomplete last cell is dropped.
    """

    KIND = 8
    SINCE = 1
    FUNCTIONS: ClassVar[dict[str, str]] = {"tympan_average_pool": "pool"}

    source: int
    size: tuple[int, int]
    mult: int
    shift: int
    zero: int

    def record(self):
        return numbers("H2B", self.mult, *self.size), ()

    @classmethod
    def read(cls, r, head, channels):
        mult, t, f = r.take("H2B")
        return cls(head.source, (max(t, 1), max(f, 1)), mult, head.shift, head.zero)

    def output_shape(self, shapes):
        frames, bands, channels = shapes[self.source]
        return frames // self.size[0], bands // self.size[1], channels

    @property
    def frame_stride(self):
        return self.size[0]

    def reference(self, values, zeros):
        x, (t, f) = values[self.source] - zeros[self.source], self.size
        b, frames, bands, channels = x.shape
        cells = x[:, : frames // t * t, : bands // f * f].reshape(b, frames // t, t, bands // f, f, channels)
        return requantize(cells.sum((2, 4)), self.mult, self.shift, self.zero)

    def pytorch(self, values, zeros):
        import torch.nn.functional as F

        from host.integers import pytorch

        total = F.avg_pool2d(values[self.source] - zeros[self.source], self.size, divisor_override=1)
        return pytorch.requantize(total, self.mult, self.shift, self.zero)

    @staticmethod
    def lower(x: Node, size: tuple[int, int], scale: float, zero: int) -> Node:
        mult, shift = pool_constants(math.prod(size), x.scale, scale, zero, x.builder.name(AveragePool))
        return x.builder.append(AveragePool(x.index, size, mult, shift, zero), scale)

    def work(self, read, written, strips):
        return "pool", (math.prod(written),)

    def describe(self):
        return f"reads {self.source}; {self.size[0]} x {self.size[1]}"
