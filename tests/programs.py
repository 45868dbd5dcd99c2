"""Random small programs over all operators, and signals that are hard on a front end."""

import numpy as np

from host.features.frontends import FRAME, HOP, RATE, htk_edges, log_mel
from host.format.program import FrontEnd, Input, Program
from host.operators import Add, AveragePool, Builder, Conv2D, Dense, Gate, GlobalAveragePool, MaxPool, Node, Softmax


def random_frontend(rng: np.random.Generator, frames: int, width: int) -> FrontEnd:
    """Log-mels of `width` bands, or as many MFCCs of more bands."""
    base = log_mel(frames)
    bands = width if rng.random() < 0.5 else width + int(rng.integers(0, 20))
    # few bands are wide; wider than 64 bins between two edges the format does not go
    high = float(rng.uniform(2500, 7500 if bands > 12 else 3000))
    edges = htk_edges(float(rng.uniform(0, 200)), high, bands)
    edges = tuple(np.maximum.accumulate(np.array(edges) + np.arange(len(edges))).tolist())  # strictly ascending
    frame = int(rng.choice([FRAME, 512, 200, 333]))
    hop = 16 * int(rng.integers(max(1, frame // 64), frame // 16 + 1)) if frame != FRAME else HOP
    gains, offsets, shift = (), (), 0
    if bands != width:
        gains = tuple(rng.integers(-3000, 3000, width).tolist())
        offsets = tuple(rng.integers(-(1 << 22), 1 << 22, width).tolist())
        shift = int(rng.integers(10, 16))
    zero = int(rng.integers(0, 256))
    log_gain, log_offset = base.log_gain, base.log_offset
    apart = rng.spawn(1)[0]  # takes nothing from what is drawn next
    if apart.random() < 0.3:  # levels at both ends of a byte, and falling ones
        log_gain = int(log_gain * apart.choice([-1, 0.5, 1.5]))
        log_offset += int(apart.integers(-1 << 27, 1 << 27))
    return FrontEnd(RATE, frame, hop, frames, edges, log_gain, log_offset, gains, offsets, shift, zero)


def _conv(rng, x: Node, out: int, kernel=(1, 1), **options) -> Node:
    per_group = x.shape[2] // options.get("groups", 1)
    weight = rng.standard_normal((out, per_group, *kernel)) * rng.uniform(0.1, 2, (out, 1, 1, 1))
    bias = rng.standard_normal(out) * 10 ** rng.uniform(-3, 1)
    zero = int(rng.choice([0, 128, 40]))
    return Conv2D.lower(x, weight, bias, float(10 ** rng.uniform(-2.5, -0.5)), zero, **options)


def _layer(rng, x: Node) -> Node:
    frames, bands, channels = x.shape
    kind = rng.choice(["conv", "grouped", "pool", "condense", "add", "residual", "average"])
    if kind == "conv":
        kernel = (int(rng.integers(1, min(4, frames) + 1)), int(rng.integers(1, 4)))
        dilation = int(rng.choice([d for d in (1, 1, 2, 4, 8) if (kernel[0] - 1) * d < frames]))
        stride = (int(rng.integers(1, 3)), int(rng.integers(1, 3)))
        pad = int(rng.integers(0, kernel[1]))
        if bands + 2 * pad < kernel[1]:
            return x
        return _conv(rng, x, int(rng.integers(1, 9)), kernel, stride=stride, pad=pad, dilation=dilation)
    if kind == "grouped":
        kernel, dilation = (min(3, frames), min(3, bands)), 2 if frames > 8 and rng.random() < 0.3 else 1
        more = {"pad": kernel[1] // 2, "groups": channels, "dilation": dilation}
        return _conv(rng, x, channels * int(rng.integers(1, 3)), kernel, **more)
    if kind == "pool" and frames > 3:
        return MaxPool.lower(x, (int(rng.integers(1, 3)), int(rng.integers(1, min(2, bands) + 1))))
    if kind == "average" and frames > 3:
        size = (int(rng.integers(1, 4)), int(rng.integers(1, min(3, bands) + 1)))
        return AveragePool.lower(x, size, float(10 ** rng.uniform(-2.5, -0.5)), int(rng.choice([0, 128, 40])))
    if kind == "residual":  # round a convolution, which shortens what passes it
        kernel = (int(rng.choice([k for k in (1, 3, 5) if k <= frames])), 3)
        y = _conv(rng, x, channels, kernel, pad=1)
        gain, other, bias = rng.standard_normal((3, channels))
        return Add.lower(y, x, gain, other, bias, float(10 ** rng.uniform(-2, -0.5)), int(rng.choice([0, 128])))
    # values that gate or are added may be coarser by whole factors
    t = 2 if frames % 2 == 0 and rng.random() < 0.7 else 1
    f = 2 if bands % 2 == 0 and rng.random() < 0.7 else 1
    coarse = _conv(rng, MaxPool.lower(x, (t, f)) if t * f > 1 else x, channels)
    gain, other, bias = rng.standard_normal((3, channels))
    scale, zero = float(10 ** rng.uniform(-2, -0.5)), int(rng.choice([0, 100, 128]))
    if kind == "add":
        return Add.lower(x, coarse, gain, other, bias, scale, zero)
    return Gate.lower(x, coarse, gain, other, bias, scale, zero, x if rng.random() < 0.5 else None)


def random_program(seed: int, hears: bool = True) -> Program:
    """A valid program: a few layers of random kind and shape, then pool, dense and softmax."""
    rng = np.random.default_rng(seed)
    frames, width, classes = int(rng.integers(8, 40)), int(rng.integers(2, 14)), int(rng.integers(2, 13))
    source = random_frontend(rng, frames, width)
    if not hears:
        source = Input(frames, width, int(rng.integers(1, 5)), int(rng.integers(0, 256)))

    def body(x: Node) -> Node:
        for _ in range(int(rng.integers(1, 6))):
            if x.shape[0] >= 4:
                x = _layer(rng, x)
        x = GlobalAveragePool.lower(x, float(10 ** rng.uniform(-2.5, -0.5)), int(rng.choice([0, 128])))
        return Dense.lower(x, rng.standard_normal((classes, x.shape[2])), rng.standard_normal(classes))

    builder = Builder(shapes=[source.shape])
    Softmax.lower(body(Node(builder, 0, 1 / 32, source.zero)))
    labels = tuple(f"word{i}" for i in range(classes))
    return Program(source, builder.operators, labels, name=f"random {seed}")


def kinds(program: Program) -> list[str]:
    """NumPy types of the values that the C core writes."""
    return ["u1"] * (len(program.operators) - 2) + ["<i2", "<u2"]


def hard_signals(count: int, samples: int, seed: int = 0) -> np.ndarray:
    """int16 [count, samples]: silence, full scale, square, click, offsets, and noise of all levels."""
    rng = np.random.default_rng(seed)
    levels = 10 ** rng.uniform(0, 4.5, (count, 1))
    x = (rng.standard_normal((count, samples)) * levels).clip(-32768, 32767).astype(np.int16)
    t = np.arange(samples)
    x[0] = 0
    x[1] = 32767
    x[2] = -32768
    x[3] = np.where(t % 50 < 25, 32767, -32768)
    x[4] = t == samples // 2
    x[5] = np.round(32767 * np.sin(2 * np.pi * 1000 * t / RATE))
    x[6] = 1
    x[7] = np.where(t % 2, 32767, -32768)
    return x


def golden_windows(count: int, samples: int) -> np.ndarray:
    """int16 [count, samples] from integers alone, the same for ever: noise that grows from window to window."""
    state, out = 1, np.empty(count * samples, np.int64)
    for i in range(len(out)):
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        out[i] = (state >> 15) - 32768
    return (out.reshape(count, samples) >> np.arange(count - 1, -1, -1)[:, None]).astype(np.int16)
