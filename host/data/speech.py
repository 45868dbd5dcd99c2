"""Words spoken by eSpeak NG, many voices of it, as 16 kHz samples (extra `synthetic`: espeakng-loader)."""

import ctypes
import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from host.base.errors import DataError
from host.features.frontends import RATE

# a voice belongs to one split: what is tested or demonstrated was never heard in training
TRAINING_VOICES = (
    "Alex", "Alicia", "Andrea", "Andy", "Annie", "Denis", "Diogo", "Gene", "Henrique", "Hugo", "Jacky", "Lee", "Marco",
    "Mario", "Mike", "adam", "anika", "antonio", "aunty", "belinda", "benjamin", "boris", "caleb", "david", "ed", "f1",
    "f2", "f3", "m1", "m2", "m3", "m4", "m5", "klatt", "klatt2", "linda", "marcelo", "max", "michel", "miguel", "paul",
    "pedro", "quincy", "rob", "robert", "sandro", "shelby", "steph", "travis", "victor", "zac",
)  # fmt: skip
VALIDATION_VOICES = ("f4", "m6", "Michael", "edward", "ian", "john", "grandma", "steph2")
TESTING_VOICES = ("m7", "m8", "pablo", "norbert", "steph3", "klatt4", "mike2")


@dataclass(frozen=True)
class Speaker:
    """How a word is said: voice "accent+variant", rate in words per minute, pitch and its range of 0 to 100."""

    voice: str
    rate: int = 160
    pitch: int = 50
    range: int = 50


def random_speaker(rng: np.random.Generator, voices: tuple[str, ...], accents: tuple[str, ...]) -> Speaker:
    """A voice of the list in a random accent, at a random rate and pitch."""
    voice = f"{rng.choice(accents)}+{rng.choice(voices)}"
    return Speaker(voice, int(rng.integers(120, 210)), int(rng.integers(25, 76)), int(rng.integers(30, 80)))


@functools.cache
def synthesizer() -> "Synthesizer":
    """The process's one synthesizer: the library does not survive a second initialisation."""
    return Synthesizer()


class Synthesizer:
    """eSpeak NG through ctypes; get it from `synthesizer`."""

    def __init__(self):
        try:
            import espeakng_loader
        except ImportError as error:
            raise DataError("synthetic speech needs espeakng-loader: pip install 'espeakng-loader'") from error
        self._lib = ctypes.CDLL(espeakng_loader.get_library_path())
        home = str(Path(espeakng_loader.get_data_path()).parent)
        retrieval = 1
        self.rate = self._lib.espeak_Initialize(retrieval, 0, home.encode(), 0)
        if self.rate <= 0:
            raise DataError(f"eSpeak NG does not start with its data in {home}")
        kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
        self._parts: list[np.ndarray] = []
        self._callback = kind(self._collect)
        self._lib.espeak_SetSynthCallback(self._callback)

    def _collect(self, samples, count, _events) -> int:
        if samples and count > 0:
            self._parts.append(np.ctypeslib.as_array(samples, shape=(count,)).copy())
        return 0

    def say(self, text: str, speaker: Speaker) -> np.ndarray:
        """float64 samples at 16 kHz, peak 1, silence trimmed from both ends."""
        rate, pitch, pitch_range, utf8 = 1, 3, 4, 1
        if self._lib.espeak_SetVoiceByName(speaker.voice.encode()) != 0:
            raise DataError(f"eSpeak NG has no voice {speaker.voice!r}")
        for parameter, value in ((rate, speaker.rate), (pitch, speaker.pitch), (pitch_range, speaker.range)):
            self._lib.espeak_SetParameter(parameter, value, 0)
        self._parts.clear()
        data = text.encode() + b"\0"
        self._lib.espeak_Synth(data, ctypes.c_size_t(len(data)), 0, 1, 0, utf8, None, None)
        self._lib.espeak_Synchronize()
        if not self._parts:
            raise DataError(f"eSpeak NG says nothing for {text!r}")
        return trimmed(resampled(np.concatenate(self._parts) / 32768, self.rate))


def resampled(x: np.ndarray, rate: int) -> np.ndarray:
    """From `rate` to 16 kHz, band-limited, in the frequency domain; the ends are padded so that nothing wraps."""
    pad = rate // 50
    x = np.pad(x, (pad, pad + -(len(x) + 2 * pad) % (rate // 50)))  # whole 20 ms, so that the length scales exactly
    count = len(x) * RATE // rate
    spectrum = np.fft.rfft(x)[: count // 2 + 1]
    return np.fft.irfft(spectrum, count) * count / len(x)


def trimmed(x: np.ndarray, floor: float = 0.01) -> np.ndarray:
    """Scaled to a peak of 1, without what lies below `floor` of it at either end."""
    x = x / np.abs(x).max()
    loud = np.flatnonzero(np.abs(x) > floor)
    return x[loud[0] : loud[-1] + 1]


def noise(rng: np.random.Generator, count: int) -> np.ndarray:
    """Background of a random colour (white to brown, sometimes with mains hum), RMS 1, float64 [count]."""
    spectrum = np.fft.rfft(rng.standard_normal(count))
    spectrum /= np.maximum(1, np.arange(len(spectrum))) ** rng.uniform(0, 1)
    x = np.fft.irfft(spectrum, count)
    x /= np.sqrt(np.mean(x**2)) + 1e-12
    if rng.random() < 0.25:
        t = np.arange(count) / RATE
        x += sum(np.sin(2 * np.pi * 50 * k * t + rng.uniform(0, 6)) / k for k in (1, 2, 3)) * rng.uniform(0.2, 1)
    return x / np.sqrt(np.mean(x**2))


def decibels(db: float) -> float:
    return 10 ** (db / 20)
