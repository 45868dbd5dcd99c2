"""How far the integer front end lies from floating point, on synthesized words:  python -m bench.frontend [DIR]

DIR: a folder of <word>/*.wav to measure on instead.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

from host.command import guard
from host.data import audio
from host.data.languages import ENGLISH
from host.data.speech import TESTING_VOICES, decibels, noise, random_speaker, synthesizer, to_int16
from host.data.speech_commands import recordings, word_folders
from host.models.frontends import log_mel
from host.reference import frontend


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
        clips.append(to_int16(x))
    return clips


def recorded(root: Path, count: int) -> list[np.ndarray]:
    files = [p for folder in word_folders(root) for p in recordings(folder)]
    return [audio.centred(audio.read(p), 16000) for p in files[:: max(1, len(files) // count)][:count]]


@guard
def main(arguments: list[str] | None = None) -> int:
    p = argparse.ArgumentParser(prog="python -m bench.frontend", description=__doc__)
    p.add_argument("folder", type=Path, nargs="?", metavar="DIR")
    args = p.parse_args(arguments)
    config = log_mel()
    clips = recorded(args.folder, 400) if args.folder else synthesized(100)
    frames = np.concatenate([frontend.split_frames(c, config) for c in clips])
    exact = frontend.float_log_mel(frames, config)
    found = frontend.log_mel(frames, config).astype(np.float64)
    inside = (exact >= 1) & (exact < 255)
    error = (found + 0.5 - exact)[inside]
    window = frontend.hann_q15(config.frame)
    bins = np.arange(1, 128)
    re, im = frontend.spectrum(frames, window, bins)
    n = np.arange(config.frame)
    reference = np.fft.rfft(frames / 32768 * (0.5 - 0.5 * np.cos(2 * np.pi * n / config.frame)), frontend.FFT)[:, bins]
    wrong = (re + 1j * im) / 2**20 - reference
    loud = np.abs(frames).max(1) > 0
    signal, residue = (np.abs(reference[loud]) ** 2).sum(1), (np.abs(wrong[loud]) ** 2).sum(1)
    ratio = 10 * np.log10(signal / np.maximum(residue, 1e-30))
    print(f"{len(clips)} clips, {len(frames)} frames ({args.folder or 'synthesized'}); host, NumPy")
    median, low = np.percentile(ratio, [50, 1])
    print(f"transform against float64: SNR {median:.0f} dB in the median frame, {low:.0f} dB or more in 99 of 100")
    print(
        f"log-mel levels against float64: error {error.std():.3f} rms, {np.abs(error).max():.2f} at most "
        f"(a level is 0.44 dB; rounding alone gives 0.289 rms, 0.50 at most)"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
