"""Recordings to int16 samples at 16 kHz, or a sentence that says why not."""

import os
from pathlib import Path

import numpy as np
import soundfile

from host.data.dataset import DataError

RATE = 16000


def read(path: Path) -> np.ndarray:
    """A mono 16 kHz recording as int16 [n], n > 0: exactly its numbers where it holds 16 bits, else rounded to them."""
    if not Path(path).is_file():
        raise DataError(f"{path}: no such file")
    try:
        with soundfile.SoundFile(os.fsencode(path)) as f:
            rate, channels, subtype = f.samplerate, f.channels, f.subtype
            samples = f.read(dtype="int16" if subtype == "PCM_16" else "float64")
    except soundfile.LibsndfileError as error:
        raise DataError(f"{path}: not a readable recording ({error.error_string})") from error
    if rate != RATE:
        raise DataError(f"{path}: {rate} Hz; the front end takes {RATE} Hz (sox {Path(path).name} -r {RATE} out.wav)")
    if channels != 1:
        raise DataError(f"{path}: {channels} channels; the front end takes one (sox {Path(path).name} out.wav remix 1)")
    if not len(samples):
        raise DataError(f"{path}: the recording is empty")
    if samples.dtype != np.int16:
        if not np.isfinite(samples).all():
            raise DataError(f"{path}: holds samples that are no numbers; record it again")
        samples = to_int16(samples)
    return samples


def to_int16(x: np.ndarray) -> np.ndarray:
    """Full scale 1 to int16, rounded and saturated."""
    return np.clip(np.floor(x * 32768 + 0.5), -32768, 32767).astype(np.int16)


def centred(samples: np.ndarray, count: int) -> np.ndarray:
    """The middle `count` samples; a shorter recording gets zeros on both sides.

    An odd zero goes behind, an odd sample is cut in front: the middle of a middle is the middle.
    """
    missing = count - len(samples)
    if missing <= 0:
        return samples[(1 - missing) // 2 :][:count]
    return np.pad(samples, (missing // 2, missing - missing // 2))
