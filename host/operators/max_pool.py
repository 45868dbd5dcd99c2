"""Maximum over cells. Its kernel: native/core/operators/max_pool.c."""

import math
from dataclasses import dataclass
from typing import ClassVar

from host.operators.graph import Node
from host.operators.operator import Operator, register
from host.operators.record import numbers


@register
@dataclass(frozen=True, eq=False)
class MaxPool(Operator):
    """Maximum over cells of `size` [frames, bands], stride `size`; an incomplete last cell is dropped."""

    KIND = 2
    FUNCTIONS: ClassVar[dict[str, str]] = {"tympan_max_pool": "pool", "pool": "pool"}

    source: int
    size: tuple[int, int]
    zero: int

    def record(self):
        return numbers("2BH", *self.size, 0), ()

    @classmethod
    def read(cls, r, head, channels):
        t, f, _ = r.take("2BH")
        return cls(head.source, (max(t, 1), max(f, 1)), head.zero)

    def output_shape(self, shapes):
        frames, bands, channels = shapes[self.source]
        return frames // self.size[0], bands // self.size[1], channels

    @property
    def frame_stride(self):
        return self.size[0]

    def reference(self, values, zeros):
        x, (t, f) = values[self.source], self.size
        b, frames, bands, channels = x.shape
        cells = x[:, : frames // t * t, : bands // f * f].reshape(b, frames // t, t, bands // f, f, channels)
        return cells.max((2, 4))

    def pytorch(self, values, zeros):
        import torch.nn.functional as F

        return F.max_pool2d(values[self.source], self.size)

    @staticmethod
    def lower(x: Node, size: tuple[int, int]) -> Node:
        return x.builder.append(MaxPool(x.index, size, x.zero), x.scale)

    def work(self, read, written, strips):
        return "pool", (math.prod(written),)

    def describe(self):
        return f"reads {self.source}; {self.size[0]} x {self.size[1]}"
