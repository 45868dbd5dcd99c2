"""The front end's integer semantics, from the microphone's 32-bit slot to the network's uint8 features.

This is the specification (docs/semantics.md, sections 3 and 4) executed with NumPy; native/core/sound/ computes the
same integers. Every `>>` is an arithmetic shift (floor). `float_log_mel` at the end is what all of it approximates.
"""

import numpy as np

from host.format.program import FrontEnd
from host.integers.tables import Q30, cos30, log2_q10

FFT = 512
HALF = FFT // 2


def capture(slots, shift: int, state=None):
    """Samples int16 from I2S slots: DC removed by a one-pole high pass (10 Hz at 16 kHz), then gain, then saturation.

    slots: int32 [n], the microphone's word left-justified. shift: 0 to 8, gain in steps of 6.02 dB.
    state: what the previous call returned, or None at the start of a stream, where the first slot is the DC estimate.
    Returns (samples int16 [n], state).
    """
    x = np.asarray(slots, np.int32).astype(np.int64) >> 8
    if state is None:
        state = int(x[0]) << 8 if len(x) else None
    out = np.empty(len(x), np.int16)
    down = 8 - shift
    half = (1 << down) >> 1
    for i, v in enumerate(x.tolist()):
        state += v - (state >> 8)
        y = (v - (state >> 8) + half) >> down
        out[i] = min(max(y, -32768), 32767)
    return out, state


def hann_q15(length: int):
    """Periodic Hann window in Q15 (1.0 is 32768), int64 [length]."""
    return (Q30 - cos30(np.arange(length), length) + (1 << 15)) >> 16


def _mulh(a, b):
    return (a * b) >> 32


def _rotate(re, im, turn):
    """(re + j im) * exp(-2 pi j turn / 512) / 4."""
    c, s = cos30(turn, FFT), cos30(turn - FFT // 4, FFT)
    return _mulh(re, c) + _mulh(im, s), _mulh(im, c) - _mulh(re, s)


def fft256(re, im):
    """DFT of 256 complex points / 256, radix 4, decimation in time; each stage divides by 4. int64 [..., 256] both."""
    order = np.array([(i & 3) << 6 | (i & 12) << 2 | (i & 48) >> 2 | i >> 6 for i in range(HALF)])
    re, im = re[..., order], im[..., order]
    span = 1
    while span < HALF:
        shape = (*re.shape[:-1], HALF // (4 * span), 4, span)
        x, y = re.reshape(shape), im.reshape(shape)
        turn = np.arange(span) * (FFT // (4 * span))
        ar, ai = x[..., 0, :] >> 2, y[..., 0, :] >> 2
        br, bi = _rotate(x[..., 1, :], y[..., 1, :], turn)
        cr, ci = _rotate(x[..., 2, :], y[..., 2, :], 2 * turn)
        dr, di = _rotate(x[..., 3, :], y[..., 3, :], 3 * turn)
        sr, si, tr, ti = ar + cr, ai + ci, ar - cr, ai - ci
        ur, ui, vr, vi = br + dr, bi + di, br - dr, bi - di
        re = np.stack([sr + ur, tr + vi, sr - ur, tr - vi], -2).reshape(re.shape)
        im = np.stack([si + ui, ti - vr, si - ui, ti + vr], -2).reshape(im.shape)
        span *= 4
    return re, im


def spectrum(frames, window, bins):
    """Bins of the 512-point DFT of windowed frames, times 2^20 for samples in +-1.

    frames: int16 [n, length <= 512]; window: Q15 [length]; bins: int [b], below 256. Returns (re, im) int64 [n, b].
    """
    x = np.zeros((len(frames), FFT), np.int64)
    x[:, : len(window)] = frames.astype(np.int64) * window
    zr, zi = fft256(x[:, 0::2], x[:, 1::2])
    k, m = bins, -bins % HALF
    ar, ai, br, bi = zr[:, k], zi[:, k], zr[:, m], zi[:, m]
    orr, oi = _rotate((ai >> 1) + (bi >> 1), (br >> 1) - (ar >> 1), bins)
    return (ar >> 3) + (br >> 3) + orr, (ai >> 3) - (bi >> 3) + oi


def mel_tables(edges):
    """For band edges in 1/128 bin: (bins int [b], segment int [b], rising weight Q16 [b], headroom shift).

    Bin i lies in segment j = [edge j, edge j+1): it adds its weight to band j and the rest to band j - 1.
    """
    edges = np.asarray(edges, np.int64)
    bins = np.arange(-(-edges[0] // 128), -(-edges[-1] // 128))
    segment = np.searchsorted(edges, bins << 7, side="right") - 1
    left, right = edges[segment], edges[segment + 1]
    rising = (((bins << 7) - left) << 16) // (right - left)
    bands = len(edges) - 2
    area = np.zeros(bands + 2, np.int64)
    np.add.at(area, segment + 1, rising)
    np.add.at(area, segment, 65536 - rising)
    shift = 0
    while int(area[1:-1].max()) > 131072 << shift:
        shift += 1
    return bins, segment, rising, shift


def mel_energies(frames, config: FrontEnd):
    """Energies of the bands: frames int16 [n, config.frame] -> (energy, exponent), int64 [n, bands] both.

    They stand for energy / 2^exponent, of samples in +-1.
    """
    frames = np.asarray(frames, np.int16)
    bins, segment, rising, headroom = mel_tables(config.edges)
    re, im = spectrum(frames, hann_q15(config.frame), bins)
    bands = config.bands
    # each segment has an exponent of its own, so that a weak band keeps its precision beside a strong one
    rise, fall, up = (np.zeros((bands + 1, len(frames)), np.int64) for _ in range(3))
    for j in range(bands + 1):
        here = segment == j
        x, y = re[:, here], im[:, here]
        peak = np.maximum(np.abs(x), np.abs(y)).max(1, initial=0)
        up[j] = 31 - np.frexp(peak.astype(np.float64))[1]
        x, y = x << up[j][:, None], y << up[j][:, None]
        power = (_mulh(x, x) + _mulh(y, y)) >> headroom
        upper = (power * rising[here]) >> 16
        rise[j], fall[j] = upper.sum(1), (power - upper).sum(1)
    scale = np.minimum(up[:-1], up[1:])
    energy = (rise[:-1] >> 2 * (up[:-1] - scale)) + (fall[1:] >> 2 * (up[1:] - scale))
    return energy.T, 8 + 2 * scale.T - headroom


def log_mel(frames, config: FrontEnd):
    """Log-mel energies: frames int16 [n, config.frame] -> uint8 [n, bands]."""
    energy, exponent = mel_energies(frames, config)
    log2 = log2_q10(np.maximum(energy, 1)) - (exponent << 10)
    level = np.clip((log2 * config.log_gain + config.log_offset) >> 20, 0, 255)
    return np.where(energy > 0, level, 0).astype(np.uint8)


def dct_table(config: FrontEnd):
    """int64 [coefficients, bands]: cos(pi k (2 m + 1) / (2 bands)) * gain[k], rounded."""
    k, m = np.ogrid[: len(config.gains), : config.bands]
    gains = np.asarray(config.gains, np.int64)[:, None]
    return (cos30(k * (2 * m + 1), 4 * config.bands) * gains + (Q30 >> 1)) >> 30


def features(levels, config: FrontEnd):
    """The network's input from log-mels: uint8 [..., bands] -> uint8 [..., width]."""
    if not config.gains:
        return levels
    acc = np.asarray(levels, np.int64) @ dct_table(config).T + np.asarray(config.offsets, np.int64)
    return np.clip(acc >> config.shift, 0, 255).astype(np.uint8)


def frame_count(samples: int, config: FrontEnd) -> int:
    """How many frames a stream of that many samples has produced."""
    return max(0, (samples - config.frame) // config.hop + 1)


def split_frames(samples, config: FrontEnd):
    """samples int16 [n] -> int16 [frame_count, config.frame]: frame i starts at sample i * hop, nothing is padded."""
    count = frame_count(len(samples), config)
    if not count:
        return np.zeros((0, config.frame), np.int16)
    return np.lib.stride_tricks.sliding_window_view(samples, config.frame)[:: config.hop][:count]


def float_mel_energies(frames, config: FrontEnd):
    """What `mel_energies` approximates, in floating point: int16 [n, frame] -> float64 [n, bands]."""
    n = np.arange(config.frame)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / config.frame)
    power = np.abs(np.fft.rfft(np.asarray(frames) / 32768 * window, FFT)) ** 2
    edges = np.asarray(config.edges) / 128
    f = np.arange(HALF + 1)[:, None]
    rise = (f - edges[:-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[2:] - f) / (edges[2:] - edges[1:-1])
    return power @ np.maximum(0, np.minimum(rise, fall))


def float_log_mel(frames, config: FrontEnd):
    """What `log_mel` approximates, in floating point and unclipped: int16 [n, frame] -> float64 [n, bands]."""
    energy = float_mel_energies(frames, config)
    return (np.log2(np.maximum(energy, 1e-30)) * 1024 * config.log_gain + config.log_offset) / (1 << 20)
