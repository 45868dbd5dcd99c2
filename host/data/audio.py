"""Recordings to int16 samples at 16 kHz and what was measured of them, or a sentence that says why not."""

import os
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np
import soundfile

from host.data import findings
from host.data.findings import RecordingError
from host.data.signature import unreadable
from host.features.frontends import RATE

LOWEST_RATE = 2000  # a damaged header may say 1 Hz, and a short file would become hours
FULL_SCALE = 8  # floating point beyond it was never scaled to 1; a peak a little above 1 is clipped
UNKNOWN_SIZE = 0x7FFFF000  # from here on a header's size says that its writer did not know it


@dataclass(frozen=True)
class Facts:
    """What is known of a recording but its samples.

    rate in Hz, channels, seconds: as the file has them. announced: seconds of sound by its header. level: RMS in dBFS
    without the offset, -inf where there is none; offset: the mean, in shares of full scale; clipped: share of the
    samples at full scale.
    """

    rate: int
    channels: int
    seconds: float
    announced: float
    level: float
    offset: float
    clipped: float

    @property
    def cut_short(self) -> str:
        """What to say of a recording that ends before its header says; empty where it does not."""
        if self.announced <= self.seconds:
            return ""
        return f"its header announces {self.announced:.2f} s of sound, {self.seconds:.2f} s are there"


FACTS = np.dtype([(name, "f8") for name in Facts.__dataclass_fields__])  # the same of many recordings, as an array


def read(path: Path) -> np.ndarray:
    """A mono 16 kHz recording as int16 [n], n > 0: exactly its numbers where it holds 16 bits, else rounded to them."""
    return listen(path)[0]


def listen(path: Path, resample: bool = False) -> tuple[np.ndarray, Facts]:
    """The same with its facts; resample: of any rate and number of channels, mixed and converted."""
    if not Path(path).is_file():
        raise RecordingError(path, findings.NOT_THERE)
    with open(path, "rb") as file:
        head = file.read(512)
    try:
        with soundfile.SoundFile(os.fsencode(path)) as f:
            rate, channels, frames, subtype = f.samplerate, f.channels, f.frames, f.subtype
            x = f.read(dtype="int16" if subtype == "PCM_16" else "float64")
    except (soundfile.LibsndfileError, TypeError) as error:  # soundfile asks more about what is called .raw
        raise RecordingError(path, *unreadable(head, getattr(error, "error_string", "no header"))) from error
    announced, there = _sizes(path)
    if not len(x):
        raise RecordingError(path, findings.EMPTY if there <= announced else findings.UNFINISHED)
    if x.dtype != np.int16:
        if not np.isfinite(x).all():
            raise RecordingError(path, findings.NO_NUMBERS)
        if (peak := np.abs(x).max()) > FULL_SCALE:
            raise RecordingError(path, findings.SCALED, f"up to {peak:.0f}")
    if (rate, channels) != (RATE, 1) and not resample:
        raise RecordingError(path, findings.RATE, f"{rate} Hz, {channels} channel{'s' if channels > 1 else ''}")
    if rate < LOWEST_RATE:
        raise RecordingError(path, findings.SLOW, f"{rate} Hz")
    full = 32767 if x.dtype == np.int16 else 32767 / 32768
    clipped, seconds = float(np.mean((x >= full) | (x <= -full))), len(x) / rate
    samples = _converted(x, rate)
    if not len(samples):  # a few samples at a high rate
        raise RecordingError(path, findings.EMPTY)
    level = samples.std() / 32768
    facts = Facts(
        rate, channels, seconds, max(frames / rate, seconds * announced / there if there < announced else seconds),
        20 * np.log10(level) if level else -np.inf, float(samples.mean()) / 32768, clipped,
    )  # fmt: skip
    return samples, facts


def _converted(x: np.ndarray, rate: int) -> np.ndarray:
    """int16 or float64 [n] or [n, channels] at any rate -> int16 mono at RATE; the mean of the channels."""
    if x.dtype == np.int16:
        if x.ndim == 1 and rate == RATE:
            return x
        x = x / 32768
    if x.ndim == 2:
        x = x.mean(1)
    if rate != RATE:
        import soxr

        x = soxr.resample(x, rate, RATE, "VHQ")
    return to_int16(x)


def _sizes(path: Path) -> tuple[int, int]:
    """(bytes of sound that the header of a WAV or AIFF file announces, bytes that are there); 0, 0 where unknown."""
    with open(path, "rb") as file:
        start = file.read(12)[:4]
        name = {b"RIFF": b"data", b"FORM": b"SSND"}.get(start)
        while name and len(chunk := file.read(8)) == 8:
            size = int.from_bytes(chunk[4:], "little" if start == b"RIFF" else "big")
            if chunk[:4] == name:
                there = os.fstat(file.fileno()).st_size - file.tell()
                return (size, min(there, size) if size else there) if size < UNKNOWN_SIZE else (0, 0)
            file.seek(size + size % 2, os.SEEK_CUR)
    return 0, 0


def table(facts: list[Facts]) -> np.ndarray:
    """FACTS [recordings]."""
    return np.array([astuple(f) for f in facts], FACTS)


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
