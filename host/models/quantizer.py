"""Fake quantisation to uint8 with a learned step (LSQ, arXiv 1902.08153)."""

import math
from dataclasses import dataclass

import torch
from torch import nn

# peak of a layer whose ReLU lets nothing pass: a smaller step would leave its weights without integer constants
FAINTEST = 0.01


@dataclass(frozen=True)
class Signal:
    """What flows between layers in training: real values [batch, channels, frames, bands] and their grid.

    `scale` is None while quantisation is off; then `real` is not on any grid.
    """

    real: torch.Tensor
    scale: float | None
    zero: int


class _FakeQuantize(torch.autograd.Function):
    """clamp(round_half_up(x / step) + zero, 0, 255) back in real values; gradients of LSQ."""

    @staticmethod
    def forward(ctx, x, step, zero):
        v = x * (1 / step)
        q = v.clamp(-zero, 255 - zero).add_(0.5).floor_()
        ctx.save_for_backward(v, q)
        ctx.zero = zero
        return q * step

    @staticmethod
    def backward(ctx, grad):
        v, q = ctx.saved_tensors
        grad_x = torch.ops.aten.hardtanh_backward(grad, v, -ctx.zero, 255 - ctx.zero)
        # LSQ's gradient scale keeps the step's updates in proportion to its size
        grad_step = (_dot(grad, q) - _dot(grad_x, v)) / math.sqrt(v.numel() * 255 / v.shape[0])
        return grad_x, grad_step, None


def _dot(a, b):
    """Inner product of two channels-last tensors, without a temporary."""
    return torch.dot(a.permute(0, 2, 3, 1).reshape(-1), b.permute(0, 2, 3, 1).reshape(-1))


class Quantizer(nn.Module):
    """Puts a layer's output on a uint8 grid. Off, it only watches the range it will have to cover.

    zero: zero point, 0 for what is never negative (so that the clamp is the ReLU), 128 for the rest.
    step: a fixed step, for outputs whose scale the integer semantics prescribes; else the step is learned.
    """

    enabled: torch.Tensor
    peak: torch.Tensor
    log_step: torch.Tensor

    def __init__(self, zero: int, step: float | None = None):
        super().__init__()
        self.zero = zero
        self.learned = step is None
        if step is None:
            self.log_step = nn.Parameter(torch.zeros(()))
            self.register_buffer("peak", torch.zeros(()))
        else:
            self.register_buffer("log_step", torch.tensor(math.log(step)))
        self.register_buffer("enabled", torch.tensor(False))

    def enable(self) -> None:
        """Quantise from now on, the step set from the range seen so far, if the layer is not dead."""
        if self.learned and not self.enabled:
            self.log_step.data = torch.log(self.peak.clamp(min=FAINTEST) / max(self.zero, 255 - self.zero))
        self.enabled.fill_(True)

    @property
    def scale(self) -> float:
        return math.exp(self.log_step.item())

    def forward(self, real: torch.Tensor) -> Signal:
        if self.zero == 0:
            real = torch.relu(real) if not self.enabled else real
        if not self.enabled:
            if self.learned and self.training:
                x = real.detach()
                seen = torch.maximum(x.amax(), -x.amin())  # a sixth of the time of abs().amax(), which copies
                self.peak.copy_(seen if self.peak == 0 else 0.95 * self.peak + 0.05 * seen)
            return Signal(real, None, self.zero)
        step = self.log_step.exp()
        return Signal(_FakeQuantize.apply(real, step, self.zero), self.scale, self.zero)
