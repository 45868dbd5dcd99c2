"""Convolution. Its kernel: native/core/operators/convolution/."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from host.integers.arithmetic import requantize
from host.operators.constants import WeightRounding, linear_constants, nearest
from host.operators.graph import LoweringError, Node
from host.operators.operator import Operator, register
from host.operators.record import FormatError, numbers

# as native/core has them: outputs of a tile each way, and positions from which on weights are not unpacked ahead
TILE, MANY = 4, 40
# unpacking a weight takes as long as so many multiply-adds; transforming a value of a tile as so many of its sums'
UNPACKING, TILED = 5, 28
MOST_FRAMES = 255  # that a kernel spans


@register
@dataclass(frozen=True, eq=False)
class Conv2D(Operator):
    """Convolution over [frames, bands], valid in frames, zero-padded by `pad` on both sides in bands."""

    KIND = 1
    dilation = 1  # frames of its source from one of the kernel to the next
    FUNCTIONS: ClassVar[dict[str, str]] = {
        "tympan_multiply_four": "depthwise",
        "tympan_multiply": "convolution",
        "tympan_conv2d": "convolution",
        "tympan_first_block": "convolution",
        "tympan_next_block": "convolution",
        "tympan_gather": "convolution",
        "make_block": "convolution",
        "tympan_winograd": "tiles",
        "tile_": "tiles",
        "products_of": "tiles",
    }

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

    def record(self):
        head = numbers("8B", *self.weight.shape[:3], self.pad, *self.stride, self.groups, self.bias_shift)
        return head, (self.bias, self.mult, self.weight)

    @classmethod
    def read(cls, r, head, channels):
        out, t, f, pad, st, sf, groups, bias_shift = r.take("8B")
        if 0 in (out, t, f, st, sf, groups) or channels % groups:
            raise FormatError("a convolution with no channels, kernel, stride or groups")
        bias, mult = r.array("<i2", out), r.array("u1", out)
        weight = r.array("i1", out, t, f, channels // groups)
        return cls(head.source, weight, bias, mult, head.shift, head.zero, bias_shift, (st, sf), pad, groups)

    @property
    def span(self) -> int:
        """Frames of its source from the first to the last that the kernel covers."""
        return (self.weight.shape[1] - 1) * self.dilation + 1

    def output_shape(self, shapes):
        frames, bands, _ = shapes[self.source]
        out, _, f, _ = self.weight.shape
        return (frames - self.span) // self.stride[0] + 1, (bands + 2 * self.pad - f) // self.stride[1] + 1, out

    @property
    def weights(self):
        return self.weight.size

    @property
    def frame_stride(self):
        return self.stride[0]

    def ready(self, values, out):
        return max(0, (values[self.source].produced - self.span) // self.frame_stride + 1)

    def reference(self, values, zeros):
        w = self.weight.astype(np.int64)
        out, _, kf, per_group = w.shape
        st, sf = self.stride
        x = np.pad(values[self.source] - zeros[self.source], ((0, 0), (0, 0), (self.pad, self.pad), (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(x, (self.span, kf), (1, 2))
        patches = windows[:, ::st, ::sf, :, :: self.dilation]
        step = out // self.groups
        acc = np.concatenate(
            [
                np.tensordot(
                    patches[:, :, :, g * per_group : (g + 1) * per_group],
                    w[g * step : (g + 1) * step].transpose(3, 1, 2, 0),
                    3,
                )
                for g in range(self.groups)
            ],
            axis=-1,
        )
        acc = acc + (self.bias.astype(np.int64) << self.bias_shift)
        return requantize(acc, self.mult.astype(np.int64), self.shift, self.zero)

    def pytorch(self, values, zeros):
        import torch.nn.functional as F

        from host.integers import pytorch

        x = values[self.source]
        w = pytorch.tensor(self.weight, x).permute(0, 3, 1, 2)
        acc = F.conv2d(x - zeros[self.source], w, None, self.stride, (0, self.pad), (self.dilation, 1), self.groups)
        acc = acc + pytorch.channels(self.bias, x) * (1 << self.bias_shift)
        return pytorch.requantize(acc, pytorch.channels(self.mult, x), self.shift, self.zero)

    @staticmethod
    def lower(
        x: Node, weight, bias, scale: float, zero: int, stride=(1, 1), pad=0, groups=1, dilation=1,
        rounded: WeightRounding = nearest,
    ) -> Node:  # fmt: skip
        """weight: float [out, in / groups, kernel frames, kernel bands] (PyTorch's order); bias: float [out].

        LoweringError where the kernel's frames, so far apart, span more than 255.
        """
        c = linear_constants(weight, bias, x.scale, x.zero, scale, zero, x.builder.name(Conv2D), rounded)
        w = np.ascontiguousarray(c.weight.transpose(0, 2, 3, 1))
        constants = x.index, w, c.bias, c.mult, c.shift, zero, c.bias_shift, stride, pad, groups
        op = Conv2D(*constants) if dilation == 1 else DilatedConv2D(*constants, dilation)
        if op.span > MOST_FRAMES:
            raise LoweringError(f"{x.builder.name(type(op))}: its kernel spans {op.span} frames, over {MOST_FRAMES}")
        return x.builder.append(op, scale)

    def multiply_adds(self, written):
        return written[0] * written[1] * self.weight.size

    def work(self, read, written, strips):
        macs, values = self.multiply_adds(written), math.prod(written)
        if self.groups == read[2] == written[2]:
            return "depthwise", (macs, values)
        if self._in_tiles(written[1], strips):
            return "tiles", (values + math.prod(read) + macs / TILED,)
        # each strip computes positions two at a time
        positions = written[0] * written[1] / min(strips.count, written[0])
        pairs = 2 * math.ceil(positions / 2) / positions
        unpacked = self.weight.size * self._unpackings(read[1], written, strips)
        return "convolution", (macs * pairs + UNPACKING * unpacked, values * pairs)

    def _in_tiles(self, bands, strips) -> bool:
        """Whether a convolution that writes so many bands is computed in tiles (winograd.h in its room)."""
        square = self.weight.shape[1:3] == (3, 3) and self.span == 3 and self.stride == (1, 1) and self.groups == 1
        return strips.ahead and strips.frames >= TILE and square and len(self.weight) > 1 and bands >= TILE

    def _unpackings(self, read_bands, written, strips) -> int:
        """How often a window unpacks the weights: each strip or, where patches are gathered, each frame, unless that
        was done ahead (native/core/operators/convolution/prepare.c)."""
        frames, count, (t, f) = strips.frames, strips.count, self.weight.shape[1:3]
        gathered = self.groups > 1 or self.pad or (t > 1 and (f < read_bands or self.dilation > 1))
        if gathered or (written[1] > 1 and (f > 1 or self.stride != (1, 1))):
            frames, count = 1, written[0]
        return 0 if strips.ahead and frames * written[1] < MANY else count

    def describe(self):
        out, t, f, _ = self.weight.shape
        groups = f", {self.groups} groups" if self.groups > 1 else ""
        strides = f", stride {self.stride[0]} x {self.stride[1]}" if self.stride != (1, 1) else ""
        return f"reads {self.source}; {t} x {f} to {out} channels{strides}{groups}"


@register
@dataclass(frozen=True, eq=False)
class DilatedConv2D(Conv2D):
    """A convolution whose kernel covers every `dilation`-th frame.

    A kind of its own, so that readers that do not know it refuse only files that use it.
    """

    KIND = 129
    SINCE = 1

    dilation: int = 1

    def record(self):
        head, arrays = super().record()
        return head + numbers("B3x", self.dilation), arrays

    @classmethod
    def read(cls, r, head, channels):
        out, t, f, pad, st, sf, groups, bias_shift, dilation = r.take("9B3x")
        if 0 in (out, t, f, st, sf, groups, dilation) or channels % groups:
            raise FormatError("a dilated convolution with no channels, kernel, stride, groups or dilation")
        bias, mult = r.array("<i2", out), r.array("u1", out)
        weight = r.array("i1", out, t, f, channels // groups)
        return cls(head.source, weight, bias, mult, head.shift, head.zero, bias_shift, (st, sf), pad, groups, dilation)

    def describe(self):
        return f"{super().describe()}, dilation {self.dilation}"
