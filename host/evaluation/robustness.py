"""Accuracy over level and over noise: the same clips softer, louder, or with noise in them that no training heard.

A level of g dB multiplies every sample by 10^(g/20); it is rounded and saturates at 16 bits, as a microphone's would.
Noise is a piece of one of the recordings `HELD_OUT`, scaled so that its RMS over the window lies s dB below that
of the clip (SNR s), and added. Which recording and which piece, the CRC-32 of the clip's name decides: a clip meets the
same noise at every SNR, with every model, whatever other clips there are.
"""

import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from host.base.errors import DataError
from host.base.text import normal
from host.data import audio
from host.data.dataset import NOISE_FOLDER
from host.data.speech import decibels
from host.data.speech_commands import HELD_OUT
from host.evaluation.clips import Clips
from host.evaluation.model import BATCH, Model
from host.evaluation.result import judge

LEVELS = (-40, -30, -20, -10, 0, 10)
SNRS = (20, 10, 5, 0)


def at_level(windows: np.ndarray, db: float) -> np.ndarray:
    """int16 [n, samples] -> the same, db louder."""
    return audio.to_int16(windows / 32768 * decibels(db))


def with_noise(windows: np.ndarray, noise: np.ndarray, snr: float) -> np.ndarray:
    """int16 [n, samples] and as much noise -> their mixtures; a clip of zeros stays one."""
    clip, other = windows / 32768, noise / 32768
    gain = _rms(clip) / np.maximum(_rms(other), 1 / 32768) * decibels(-snr)
    return audio.to_int16(clip + gain * other)


def _rms(x: np.ndarray) -> np.ndarray:
    return np.sqrt(np.mean(x**2, 1, keepdims=True))


def held_out_noise(root: Path, given: Path | None = None) -> list[np.ndarray]:
    """The held-out recordings, int16, from the folder given, or from the noise folder inside or beside `root`."""
    places = [given] if given else [root / NOISE_FOLDER, root.absolute().parent / NOISE_FOLDER]
    for place in places:
        if all((place / f"{name}.wav").is_file() for name in HELD_OUT):
            return [audio.read(place / f"{name}.wav") for name in HELD_OUT]
    raise DataError(
        f"no {' and '.join(f'{name}.wav' for name in HELD_OUT)} in {' or '.join(map(str, places))}; "
        "they are recordings of Speech Commands: name their folder with --noise"
    )


def pieces(names: list[str], recordings: list[np.ndarray], samples: int) -> np.ndarray:
    """int16 [clips, samples]: the noise that each of these clips meets. DataError where a recording is shorter."""
    if min(map(len, recordings)) < samples:
        raise DataError(f"a recording of noise is shorter than a window, {samples} samples; give the data set's own")
    found = np.empty((len(names), samples), np.int16)
    for row, name in zip(found, names, strict=True):
        at, which = divmod(zlib.crc32(normal(name).encode("utf-8", "surrogateescape")), len(recordings))
        start = at % (len(recordings[which]) - samples + 1)
        row[:] = recordings[which][start : start + samples]
    return found


def measure(
    model: Model, labels: tuple[str, ...], clips: Clips, recordings: list[np.ndarray], engine: str = "native",
    quiet: bool = False,
) -> dict[str, dict[str, dict]]:  # fmt: skip
    """What the model makes of the clips: {"level": {"-40": figures, ...}, "snr": {"20": figures, ...}}, keys in dB.

    recordings: of noise; where there are none "snr" is empty.
    """
    changes: list[tuple[str, int, Callable[..., np.ndarray], tuple[np.ndarray, ...]]]
    changes = [("level", db, at_level, (clips.windows,)) for db in LEVELS]
    if recordings:
        noise = pieces(clips.names, recordings, clips.windows.shape[1])
        changes += [("snr", db, with_noise, (clips.windows, noise)) for db in SNRS]
    found: dict[str, dict[str, dict]] = {"level": {}, "snr": {}}
    for kind, db, change, arrays in tqdm(changes, "levels and noise", leave=False, disable=quiet or None):
        batches = (slice(i, i + BATCH) for i in range(0, len(clips.windows), BATCH))
        windows = np.concatenate([change(*(a[b] for a in arrays), db) for b in batches])
        altered = replace(clips, windows=windows)
        found[kind][str(db)] = judge(model, labels, altered, engine).figures()
    return found
