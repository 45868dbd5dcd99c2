"""What each operator computes, in NumPy integers: the specification (docs/semantics.md, section 5).

Values are int64 [batch, frames, bands, channels] holding uint8 (logits int16, probabilities uint16). Every `>>` is an
arithmetic shift. Read beside each function: its lowering in host/compiler/lowering.py, its kernel in
native/core/operators/.
"""

import numpy as np

from host.format.program import Add, Conv2D, Dense, Gate, GlobalAveragePool, MaxPool, Program, Softmax
from host.reference.tables import LOG2E_Q8_TO_Q10, exp2_neg_q15, sigmoid_table

SIGMOID = sigmoid_table()


def requantize(acc, mult, shift: int, zero: int, low: int = 0, high: int = 255):
    """clamp(zero + acc * mult / 2^shift), rounded half up."""
    return np.clip((acc * mult + (zero << shift) + (1 << shift >> 1)) >> shift, low, high)


def expand(x, factor: tuple[int, int]):
    """Nearest-neighbour upsampling of frames and bands."""
    return x.repeat(factor[0], axis=1).repeat(factor[1], axis=2)


def middle(x, frames: int):
    """The middle `frames` frames."""
    lag = (x.shape[1] - frames) // 2
    return x[:, lag : lag + frames]


def conv2d(op: Conv2D, x, zero_in: int):
    w = op.weight.astype(np.int64)
    out, kt, kf, per_group = w.shape
    st, sf = op.stride
    x = np.pad(x - zero_in, ((0, 0), (0, 0), (op.pad, op.pad), (0, 0)))
    patches = np.lib.stride_tricks.sliding_window_view(x, (kt, kf), (1, 2))[:, ::st, ::sf]
    step = out // op.groups
    acc = np.concatenate(
        [
            np.tensordot(
                patches[:, :, :, g * per_group : (g + 1) * per_group],
                w[g * step : (g + 1) * step].transpose(3, 1, 2, 0),
                3,
            )
            for g in range(op.groups)
        ],
        axis=-1,
    )
    return requantize(acc + (op.bias.astype(np.int64) << op.bias_shift), op.mult.astype(np.int64), op.shift, op.zero)


def max_pool(op: MaxPool, x):
    t, f = op.size
    b, frames, bands, channels = x.shape
    cells = x[:, : frames // t * t, : bands // f * f].reshape(b, frames // t, t, bands // f, f, channels)
    return cells.max((2, 4))


def gate(op: Gate, v, a, zero_v: int, residual=None, zero_residual: int = 0):
    gain = op.mult.astype(np.int64) + ((op.slope.astype(np.int64) * SIGMOID[a]) >> 8)
    acc = (v - zero_v) * expand(gain, op.factor) + (op.bias.astype(np.int64) << op.bias_shift)
    if residual is not None:
        acc = acc + (residual - zero_residual) * op.residual_mult
    return requantize(acc, 1, op.shift, op.zero)


def add(op: Add, a, b, zero_a: int, zero_b: int):
    acc = (a - zero_a) * op.mult.astype(np.int64) + (op.bias.astype(np.int64) << op.bias_shift)
    acc = acc + middle(expand((b - zero_b) * op.other_mult.astype(np.int64), op.factor), a.shape[1])
    return requantize(acc, 1, op.shift, op.zero)


def global_average_pool(op: GlobalAveragePool, x, zero_in: int):
    return requantize((x - zero_in).sum((1, 2), keepdims=True), op.mult, op.shift, op.zero)


def dense(op: Dense, x, zero_in: int):
    acc = (x - zero_in) @ op.weight.astype(np.int64).T + (op.bias.astype(np.int64) << op.bias_shift)
    return requantize(acc, op.mult.astype(np.int64), op.shift, 0, -32768, 32767)


def softmax(op: Softmax, x):
    below = x.max(-1, keepdims=True) - x
    e = exp2_neg_q15((below * LOG2E_Q8_TO_Q10) >> 10)
    total = e.sum(-1, keepdims=True)
    return (e * 65535 + (total >> 1)) // total


def run(program: Program, features) -> list[np.ndarray]:
    """Every value of the network: features uint8 [batch, frames, width] -> int64 arrays, probabilities last."""
    zeros = program.zeros()
    values = [np.asarray(features, np.int64)[..., None]]
    for op in program.operators:
        x, zero = values[op.source], zeros[op.source]
        match op:
            case Conv2D():
                y = conv2d(op, x, zero)
            case MaxPool():
                y = max_pool(op, x)
            case Gate(residual=None):
                y = gate(op, x, values[op.attention], zero)
            case Gate():
                y = gate(op, x, values[op.attention], zero, values[op.residual], zeros[op.residual])
            case Add():
                y = add(op, x, values[op.other], zero, zeros[op.other])
            case GlobalAveragePool():
                y = global_average_pool(op, x, zero)
            case Dense():
                y = dense(op, x, zero)
            case Softmax():
                y = softmax(op, x)
        values.append(y)
    return values
