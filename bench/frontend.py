"""How far the integer front end lies from floating point, on synthesized words:  python -m bench.frontend [DIR]

DIR: a folder of <word>/*.wav to measure on instead.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

from host.cli.guard import guard
from host.data import audio
from host.data.folder import recordings, word_folders
from host.data.languages import ENGLISH
from host.data.speech import TESTING_VOICES, decibels, noise, random_speaker, synthesizer
from host.features.frontends import log_mel
from host.format.program import FrontEnd
from host.reference import frontend

CLIPS = 400  # of a folder
DCT_ROWS = 4  # that the C core computes together


def synthesized(count: int) -> list[np.ndarray]:
    """One-second clips of "stop" from -60 to 0 dBFS over weak noise."""
    clips = []
    for i in range(count):
        rng = np.random.default_rng(i)
        spoken = synthesizer().say("stop", random_speaker(rng, TESTING_VOICES, ENGLISH.accents))[:16000] * decibels(
            -60 * i / (count - 1)
        )
        x = noise(rng, 16000) * decibels(-85)
        x[: len(spoken)] += spoken
        clips.append(audio.to_int16(x))
    return clips


def recorded(root: Path, count: int) -> list[np.ndarray]:
    files = [p for folder in word_folders(root) for p in recordings(folder)]
    return [audio.centred(audio.read(p), 16000) for p in files[:: max(1, len(files) // count)][:count]]


def snr(exact: np.ndarray, found: np.ndarray, axis: int | None = None) -> np.ndarray:
    """Power of what is exact over that of the error, dB, along an axis or of all."""
    residue = (np.abs(found - exact) ** 2).sum(axis)
    return 10 * np.log10((np.abs(exact) ** 2).sum(axis) / np.maximum(residue, 1e-30))


def by_frame(ratio: np.ndarray) -> str:
    median, low = np.percentile(ratio, [50, 1])
    return f"SNR {median:.0f} dB in the median frame, {low:.0f} dB or more in 99 of 100"


def transform(frames: np.ndarray, config: FrontEnd) -> np.ndarray:
    """SNR of each frame's bins, dB."""
    bins = np.arange(1, 128)
    re, im = frontend.spectrum(frames, frontend.hann_q15(config.frame), bins)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(config.frame) / config.frame)
    exact = np.fft.rfft(frames / 32768 * window, frontend.FFT)[:, bins]
    return snr(exact, (re + 1j * im) / 2**20, 1)


def energies(frames: np.ndarray, config: FrontEnd) -> np.ndarray:
    """SNR of each frame's mel energies, dB."""
    energy, exponent = frontend.mel_energies(frames, config)
    return snr(frontend.float_mel_energies(frames, config), np.ldexp(energy.astype(np.float64), -exponent), 1)


def levels(frames: np.ndarray, config: FrontEnd) -> list[str]:
    """What is said of the levels that lie inside their range; a level stands for the middle of its step."""
    exact = frontend.float_log_mel(frames, config)
    inside = (exact >= 1) & (exact < 255)
    found, exact = frontend.log_mel(frames, config)[inside] + 0.5, exact[inside]
    mean, rounded = exact.mean(), np.floor(exact) + 0.5  # a level's mean carries nothing
    error = found - exact
    return [
        f"log-mel levels: SNR {snr(exact - mean, found - mean):.1f} dB; "
        f"rounding to 8 bits alone gives {snr(exact - mean, rounded - mean):.1f} dB",
        f"log-mel levels: error {error.std():.3f} rms, {np.abs(error).max():.2f} at most "
        f"(a level is 0.44 dB; rounding alone gives {(rounded - exact).std():.3f} rms, 0.50 at most)",
    ]


def tables(config: FrontEnd) -> dict[str, int]:
    """Bytes of the tables that the C core makes when a stream is opened."""
    return {
        "cosine": 4 * (frontend.FFT // 2 + 1),
        "window": 2 * frontend.FFT,
        "mel weights": 2 * len(frontend.mel_tables(config.edges)[0]),
        "DCT": 2 * -(-len(config.gains) // DCT_ROWS) * DCT_ROWS * config.bands,
    }


@guard
def main(arguments: list[str] | None = None) -> int:
    p = argparse.ArgumentParser(prog="python -m bench.frontend", description=__doc__)
    p.add_argument("folder", type=Path, nargs="?", metavar="DIR")
    args = p.parse_args(arguments)
    config = log_mel()
    clips = recorded(args.folder, CLIPS) if args.folder else synthesized(100)
    frames = np.concatenate([frontend.split_frames(c, config) for c in clips])
    loud = frames[np.abs(frames).max(1) > 0]
    print(f"{len(clips)} clips, {len(frames)} frames ({args.folder or 'synthesized'}) against float64; host, NumPy")
    print(f"transform: {by_frame(transform(loud, config))}")
    print(f"mel energies: {by_frame(energies(loud, config))}")
    print(*levels(frames, config), sep="\n")
    sizes = tables(config)
    parts = ", ".join(f"{name} {size:,}" for name, size in sizes.items() if size)
    print(f"tables: {sum(sizes.values()):,} bytes ({parts})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
