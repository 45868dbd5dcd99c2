"""A program run by PyTorch in float64, which holds every one of its integers exactly.

Its operators mirror host/reference/operators.py; it exists so that a network in evaluation mode computes, in batches
and where the network is, what the robot computes.
"""

import torch
import torch.nn.functional as F

from host.format.program import Add, Conv2D, Dense, Gate, GlobalAveragePool, MaxPool, Program, Softmax
from host.reference.tables import EXP2_TABLE, LOG2E_Q8_TO_Q10, sigmoid_table


def _tensor(array, like):
    return torch.as_tensor(array, dtype=torch.float64, device=like.device)


def _channels(array, like):
    return _tensor(array, like)[:, None, None]


def _requantize(acc, mult, shift, zero, low=0, high=255):
    return torch.floor((acc * mult + (zero << shift) + (1 << shift >> 1)) / (1 << shift)).clamp(low, high)


def _expand(x, factor):
    return x.repeat_interleave(factor[0], 2).repeat_interleave(factor[1], 3)


def _middle(x, frames):
    return x.narrow(2, (x.shape[2] - frames) // 2, frames)


def _softmax(x):
    table = _tensor(EXP2_TABLE, x)
    y = torch.floor((x.amax(1, keepdim=True) - x) * LOG2E_Q8_TO_Q10 / 1024).long()
    n, i, f = y >> 10, (y >> 5) & 31, y & 31
    value = (table[i] - torch.floor((table[i] - table[i + 1]) * f / 32)).long()
    e = torch.where(n > 15, torch.zeros_like(value), value >> n.clamp(max=15))
    total = e.sum(1, keepdim=True)
    return ((e * 65535 + (total >> 1)) // total).double()


def run(program: Program, features: torch.Tensor) -> list[torch.Tensor]:
    """Every value: features uint8 [batch, frames, width] -> float64 [batch, channels, frames, bands]."""
    zeros = program.zeros()
    values = [features.double().unsqueeze(1)]
    for op in program.operators:
        x = values[op.source]
        centred = x - zeros[op.source]
        match op:
            case Conv2D():
                w = _tensor(op.weight, x).permute(0, 3, 1, 2)
                acc = F.conv2d(centred, w, None, op.stride, (0, op.pad), groups=op.groups)
                acc = acc + _channels(op.bias, x) * (1 << op.bias_shift)
                y = _requantize(acc, _channels(op.mult, x), op.shift, op.zero)
            case MaxPool():
                y = F.max_pool2d(x, op.size)
            case Gate():
                sigmoid = _tensor(sigmoid_table(), x)[values[op.attention].long()]
                gain = _channels(op.mult, x) + torch.floor(_channels(op.slope, x) * sigmoid / 256)
                acc = centred * _expand(gain, op.factor) + _channels(op.bias, x) * (1 << op.bias_shift)
                if op.residual is not None:
                    acc = acc + (values[op.residual] - zeros[op.residual]) * op.residual_mult
                y = _requantize(acc, 1, op.shift, op.zero)
            case Add():
                other = (values[op.other] - zeros[op.other]) * _channels(op.other_mult, x)
                acc = centred * _channels(op.mult, x) + _channels(op.bias, x) * (1 << op.bias_shift)
                y = _requantize(acc + _middle(_expand(other, op.factor), x.shape[2]), 1, op.shift, op.zero)
            case GlobalAveragePool():
                y = _requantize(centred.sum((2, 3), keepdim=True), op.mult, op.shift, op.zero)
            case Dense():
                acc = F.conv2d(centred, _tensor(op.weight, x)[..., None, None])
                acc = acc + _channels(op.bias, x) * (1 << op.bias_shift)
                y = _requantize(acc, _channels(op.mult, x), op.shift, 0, -32768, 32767)
            case Softmax():
                y = _softmax(x)
        values.append(y)
    return values
