"""The front ends that the shipped networks use, as `FrontEnd` parameters."""

import math

import numpy as np

from host.format.program import FrontEnd
from host.integers.tables import Q30, cos30

RATE = 16000  # Hz, of all sound here
FRAME, HOP, BANDS = 480, 160, 40
HIGHEST = 4000  # Hz, the upper edge of the last band
# level = floor(2.28 * 10 log10(energy) + 146.5), the scale of the shared log-mel pictures
DB_GAIN, DB_OFFSET = 2.28, 146.5


def htk_edges(low: float, high: float, bands: int) -> tuple[int, ...]:
    """Edges of `bands` triangles spaced evenly on the HTK mel scale, 1127 ln(1 + f / 700), in 1/128 bin."""
    mel = np.linspace(1127 * math.log1p(low / 700), 1127 * math.log1p(high / 700), bands + 2)
    hertz = 700 * np.expm1(mel / 1127)
    return tuple(int(e) for e in np.round(hertz * 512 / RATE * 128))


def log_mel(frames: int = 98) -> FrontEnd:
    """40 HTK-mel bands, 0 to 4000 Hz, 30 ms every 10 ms, as the levels of the shared pictures."""
    gain = DB_GAIN * 10 * math.log10(2) / 1024 * (1 << 20)
    return FrontEnd(RATE, FRAME, HOP, frames, htk_edges(0, HIGHEST, BANDS), round(gain), round(DB_OFFSET * (1 << 20)))


def mfcc(mean, std, frames: int = 94) -> FrontEnd:
    """Orthonormal DCT-II of `log_mel`, each coefficient centred and scaled to 32 steps per standard deviation.

    mean, std: of the coefficients in levels over the training data, as `coefficients` returns them.
    """
    base = log_mel(frames)
    scale = np.array([math.sqrt((1 if k == 0 else 2) / BANDS) for k in range(len(mean))]) * 32 / np.asarray(std)
    shift = 15
    while np.abs(np.round(scale * (1 << shift))).max() > 32767:
        shift -= 1
    gains = np.round(scale * (1 << shift)).astype(np.int64)
    offsets = np.round((128.5 - 32 * np.asarray(mean) / np.asarray(std)) * (1 << shift)).astype(np.int64)
    return FrontEnd(
        base.rate, base.frame, base.hop, frames, base.edges, base.log_gain, base.log_offset,
        tuple(gains.tolist()), tuple(offsets.tolist()), shift,
    )  # fmt: skip


def coefficients(levels: np.ndarray, count: int) -> np.ndarray:
    """Orthonormal DCT-II: levels [..., BANDS] -> float64 [..., count]."""
    k, m = np.ogrid[:count, :BANDS]
    basis = cos30(k * (2 * m + 1), 4 * BANDS) / Q30 * math.sqrt(2 / BANDS)
    basis[0] /= math.sqrt(2)
    return levels @ basis.T
