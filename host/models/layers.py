"""The layers networks are made of; each trains on the robot's grid and lowers itself to one operator.

A layer is called with a `Signal` (training, or evaluation before quantisation) and returns one, or with a `Node`
(lowering) and returns one: a network's `forward` is written once and serves both.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from host import operators
from host.models.quantizer import Quantizer, Signal
from host.operators import Node
from host.operators.constants import WeightRounding, linear_constants, nearest
from host.operators.dense import LOGIT_SCALE
from host.operators.gate import ATTENTION_SCALE

# of batch norm's running statistics: with PyTorch's 0.1 the folded constants, and so the accuracy, flicker
MOMENTUM = 0.02


def numbers(t: torch.Tensor):
    """Parameters as float64 NumPy, for the quantiser and the compiler."""
    return t.detach().cpu().double().numpy()


class Weighted(nn.Module):
    """What layers with weights have in common.

    rounded: puts the weights on their grid, in training and when they are lowered. mask: of 0 and 1 in the weights'
    shape, None for none: where it is 0 a weight counts as 0, in training and on the robot. A checkpoint keeps it.
    """

    mask: torch.Tensor | None
    rounded: WeightRounding = staticmethod(nearest)

    def hold(self, mask: torch.Tensor | None) -> None:
        """Hold weights at zero from now on; None lets go of them."""
        self.register_buffer("mask", mask)

    def masked(self, weight: torch.Tensor) -> torch.Tensor:
        """The weights as they count."""
        return weight if self.mask is None else weight * self.mask

    def _load_from_state_dict(self, state, prefix, *rest):
        if (mask := state.get(f"{prefix}mask")) is not None and self.mask is None:
            self.hold(torch.empty_like(mask))
        super()._load_from_state_dict(state, prefix, *rest)


def on_grid(weight, bias, x: Signal, scale: float, zero: int, rounded: WeightRounding):
    """The layer's parameters rounded as the compiler will round them; gradients pass straight through."""
    assert x.scale is not None, "the network is quantised"
    c = linear_constants(numbers(weight), numbers(bias), x.scale, x.zero, scale, zero, rounded=rounded)
    step = c.scale.reshape(-1, *[1] * (weight.ndim - 1))
    w = torch.from_numpy(c.weight * step).to(weight)
    b = torch.from_numpy((c.bias.astype("int64") << c.bias_shift) * x.scale * c.scale).to(bias)
    return weight + (w - weight).detach(), bias + (b - bias).detach()


def folded(norm: nn.BatchNorm2d) -> tuple[torch.Tensor, torch.Tensor]:
    """Batch norm with its running statistics as per-channel (gain, bias), both [channels]."""
    assert norm.running_mean is not None and norm.running_var is not None, "it keeps statistics"
    gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    return gain, norm.bias - gain * norm.running_mean


class Conv2D(Weighted):
    """Convolution over [frames, bands], valid in frames; kernel and stride are (frames, bands).

    same: bands are padded with zeros to keep their number (before a stride); else valid in bands too.
    norm: batch norm follows, folded into the weights, its statistics frozen once quantised. relu: whether a ReLU
    follows. bias: whether there is one where no batch norm brings its own. attention: the output enters a gate's
    sigmoid, whose scale is prescribed. dilation: frames from one of the kernel to the next.
    """

    def __init__(
        self, channels_in, channels_out, kernel=(1, 1), stride=(1, 1), groups=1, same=True, norm=False, relu=True,
        bias=True, attention=False, dilation=1,
    ):  # fmt: skip
        super().__init__()
        padding = (0, kernel[1] // 2 if same else 0)
        geometry = kernel, stride, padding, (dilation, 1), groups
        self.conv = nn.Conv2d(channels_in, channels_out, *geometry, bias=bias and not norm)
        self.norm = nn.BatchNorm2d(channels_out, momentum=MOMENTUM) if norm else None
        self.quantizer = Quantizer(0 if relu else 128, ATTENTION_SCALE if attention else None)
        self.hold(None)

    def parameters_folded(self) -> tuple[torch.Tensor, torch.Tensor]:
        """(weight, bias) with the batch norm in them."""
        weight, bias = self.masked(self.conv.weight), self.conv.bias
        if self.norm is None:
            return weight, weight.new_zeros(len(weight)) if bias is None else bias
        gain, bias = folded(self.norm)
        return weight * gain[:, None, None, None], bias

    def forward(self, x):
        q, c = self.quantizer, self.conv
        if isinstance(x, Node):
            weight, bias = map(numbers, self.parameters_folded())
            geometry = c.stride, c.padding[1], c.groups, c.dilation[0]
            return operators.Conv2D.lower(x, weight, bias, q.scale, q.zero, *geometry, self.rounded)
        if x.scale is None:
            y = F.conv2d(x.real, self.masked(c.weight), c.bias, c.stride, c.padding, c.dilation, c.groups)
            y = y if self.norm is None else self.norm(y)
        else:
            weight, bias = on_grid(*self.parameters_folded(), x, q.scale, q.zero, self.rounded)
            y = F.conv2d(x.real, weight, bias, c.stride, c.padding, c.dilation, c.groups)
        return q(y.contiguous(memory_format=torch.channels_last))


class MaxPool(nn.Module):
    """Maximum over cells of (frames, bands)."""

    def __init__(self, size: tuple[int, int]):
        super().__init__()
        self.size = size

    def forward(self, x):
        if isinstance(x, Node):
            return operators.MaxPool.lower(x, self.size)
        return Signal(F.max_pool2d(x.real, self.size), x.scale, x.zero)


class AveragePool(nn.Module):
    """Mean over cells of (frames, bands) of what went through a ReLU."""

    def __init__(self, size: tuple[int, int]):
        super().__init__()
        self.size = size
        self.quantizer = Quantizer(0)

    def forward(self, x):
        q = self.quantizer
        if isinstance(x, Node):
            return operators.AveragePool.lower(x, self.size, q.scale, q.zero)
        return q(F.avg_pool2d(x.real, self.size))


class Gate(nn.Module):
    """Selective attention F(V, A, S), batch norm and an optional residual in one operator.

    form "code": V * S * sigmoid(A) + V, which tends to V as S -> 0. form "text": V * S + A, which tends to A.
    A is not expanded: its cells cover several values of V (nearest-neighbour expansion commutes with what made it).
    norm: batch norm behind the gate. residual: whether one will be added.
    """

    def __init__(self, channels: int, form: str = "code", norm: bool = True, residual: bool = False):
        super().__init__()
        if form not in ("code", "text"):
            raise ValueError(f"gate form {form!r}: 'code' (V * S * sigmoid(A) + V) or 'text' (V * S + A)")
        self.form = form
        self.strength = nn.Parameter(torch.ones(()))
        self.norm = nn.BatchNorm2d(channels, momentum=MOMENTUM) if norm else None
        self.channels = channels
        self.quantizer = Quantizer(128)
        self.before_residual = Quantizer(128) if form == "text" and residual else None

    def affine(self):
        """Batch norm as per-channel (gain, bias), float64 [channels]."""
        if self.norm is None:
            return np.ones(self.channels), np.zeros(self.channels)
        gain, bias = folded(self.norm)
        return numbers(gain), numbers(bias)

    def forward(self, v, a, residual=None):
        if isinstance(v, Node):
            return self.lower(v, a, residual)
        size = v.real.shape[2:]
        if self.form == "code":
            y = v.real * F.interpolate(1 + self.strength * torch.sigmoid(a.real), size)
        else:
            y = v.real * self.strength + F.interpolate(a.real, size)
        if self.norm is not None:
            y = self.norm(y)
        if residual is None:
            return self.quantizer(y)
        if self.form == "text":
            assert self.before_residual is not None, "a residual was announced"
            y = self.before_residual(y).real
        return self.quantizer(y + residual.real)

    def lower(self, v: Node, a: Node, residual: Node | None) -> Node:
        gain, bias = self.affine()
        strength, q = self.strength.item(), self.quantizer
        if self.form == "code":
            return operators.Gate.lower(v, a, gain, gain * strength, bias, q.scale, q.zero, residual)
        if residual is None:
            return operators.Add.lower(v, a, gain * strength, gain, bias, q.scale, q.zero)
        inner = self.before_residual
        assert inner is not None, "a residual was announced"
        y = operators.Add.lower(v, a, gain * strength, gain, bias, inner.scale, inner.zero)
        return operators.Add.lower(y, residual, gain * 0 + 1, gain * 0 + 1, gain * 0, q.scale, q.zero)


class Add(nn.Module):
    """x plus the middle of a residual: edges are valid in time, so what x was made of may have more frames than x.

    relu: whether one follows.
    """

    def __init__(self, *, relu: bool = False):
        super().__init__()
        self.quantizer = Quantizer(0 if relu else 128)

    def forward(self, x, residual):
        q = self.quantizer
        if isinstance(x, Node):
            one = np.ones(x.shape[2])
            return operators.Add.lower(x, residual, one, one, 0 * one, q.scale, q.zero)
        frames = x.real.shape[2]
        lag = (residual.real.shape[2] - frames) // 2
        return q(x.real + residual.real.narrow(2, lag, frames))


class GlobalAveragePool(nn.Module):
    """Mean over all frames and bands."""

    def __init__(self):
        super().__init__()
        self.quantizer = Quantizer(0)

    def forward(self, x):
        q = self.quantizer
        if isinstance(x, Node):
            return operators.GlobalAveragePool.lower(x, q.scale, q.zero)
        return q(x.real.mean((2, 3), keepdim=True))


class Dense(Weighted, nn.Linear):
    """Fully connected layer to logits; [batch, channels, 1, 1] -> [batch, classes, 1, 1]."""

    def __init__(self, channels: int, classes: int, bias: bool = True):
        super().__init__(channels, classes, bias)
        self.hold(None)

    def forward(self, x):
        bias = self.bias if self.bias is not None else self.weight.new_zeros(self.out_features)
        if isinstance(x, Node):
            return operators.Dense.lower(x, numbers(self.masked(self.weight)), numbers(bias), self.rounded)
        weight = self.masked(self.weight)
        if x.scale is not None:
            weight, bias = on_grid(weight, bias, x, LOGIT_SCALE, 0, self.rounded)
        return Signal(F.linear(x.real.flatten(1), weight, bias)[..., None, None], None, 0)
