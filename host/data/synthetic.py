"""A spoken data set made on the spot: the ten words, other words and noise, by voices that differ between splits."""

import signal
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from host.data.audio import RATE
from host.data.dataset import SILENCE, TESTING, TRAINING, UNKNOWN, VALIDATION, WORDS
from host.data.speech import (
    TESTING_VOICES,
    TRAINING_VOICES,
    VALIDATION_VOICES,
    decibels,
    noise,
    random_speaker,
    synthesizer,
    to_int16,
)
from host.engines.native import FrontEndEngine
from host.models.frontends import log_mel

VOICES = {TRAINING: TRAINING_VOICES, VALIDATION: VALIDATION_VOICES, TESTING: TESTING_VOICES}
OTHER_WORDS = (
    "bed", "bird", "cat", "dog", "eight", "five", "four", "happy", "house", "marvin", "nine", "one", "seven", "six",
    "three", "tree", "two", "wow", "zero", "learn", "robot", "table", "window", "hello", "please", "morning", "paper",
    "water", "kitchen", "garden", "music", "thank you", "maybe", "where is it", "come here", "good", "bad", "what",
    "because", "under", "people", "number", "sister", "orange", "school", "picture", "and then", "I think so", "look",
)  # fmt: skip
CLIP = RATE * 8 // 5  # the word in the middle, so that a training window can move 300 ms either way


@dataclass(frozen=True)
class _Job:
    word: str
    split: str
    seed: int


def _silence(rng: np.random.Generator) -> np.ndarray:
    """No speech: noise, loud noise, or noise with a knock in it."""
    x = noise(rng, CLIP) * decibels(rng.uniform(-80, -12))
    if rng.random() < 0.3:
        at, length = rng.integers(0, CLIP - 4000), int(rng.integers(200, 4000))
        x[at : at + length] += (
            noise(rng, length) * np.exp(-5 * np.arange(length) / length) * decibels(rng.uniform(-35, -10))
        )
    return x


def _clip(job: _Job) -> np.ndarray:
    """int16 [CLIP] for one job; everything random comes from its seed."""
    rng = np.random.default_rng(job.seed)
    if job.word == SILENCE:
        return to_int16(_silence(rng))
    text = str(rng.choice(OTHER_WORDS)) if job.word == UNKNOWN else job.word
    spoken = synthesizer().say(text, random_speaker(rng, VOICES[job.split]))[:CLIP] * decibels(rng.uniform(-26, -3))
    x = np.zeros(CLIP)
    start = (CLIP - len(spoken)) // 2
    x[start : start + len(spoken)] = spoken
    level = np.sqrt(np.mean(spoken**2))
    return to_int16(x + noise(rng, CLIP) * level * decibels(-rng.uniform(8, 45)))


def _levels(jobs: list[_Job]) -> np.ndarray:
    return FrontEndEngine(log_mel()).clips(np.stack([_clip(job) for job in jobs]))


def make(seed: int, per_word: int = 400, workers: int = 2, quiet: bool = False):
    """(levels uint8 [clips, 158, 40], words, split): per_word training clips of each word and of silence, three times
    as many of other words; a fifth as many validation clips."""
    jobs = []
    for split, share in ((TRAINING, 1.0), (VALIDATION, 0.2)):
        for word, times in [(w, 1) for w in WORDS] + [(UNKNOWN, 3), (SILENCE, 1)]:
            jobs += [
                _Job(word, split, seed * 1_000_003 + len(jobs) + i) for i in range(round(per_word * share * times))
            ]
    chunks = [jobs[i : i + 40] for i in range(0, len(jobs), 40)]
    # Ctrl-C is for the process that waits: it lets the others end what they are at
    with ProcessPoolExecutor(workers, None, signal.signal, (signal.SIGINT, signal.SIG_IGN)) as pool:
        parts = list(
            tqdm(
                pool.map(_levels, chunks), "speaking", len(chunks), unit="x40 words", leave=False, disable=quiet or None
            )
        )
    return np.concatenate(parts), np.array([j.word for j in jobs]), np.array([j.split for j in jobs])


@dataclass(frozen=True)
class Said:
    """A word in a recording, times in seconds."""

    word: str
    start: float
    end: float


def conversation(seed: int, commands: int = 10, others: int = 4) -> tuple[np.ndarray, list[Said]]:
    """A recording of commands and other words by voices that no training heard: (int16 [n], what was said when)."""
    rng = np.random.default_rng(seed)
    words = list(rng.permutation(WORDS))[:commands] + list(rng.choice(OTHER_WORDS, others, replace=False))
    parts, said, at = [np.zeros(RATE * 3 // 2)], [], RATE * 3 // 2
    for word in rng.permutation(np.array(words, dtype=object)):
        spoken = synthesizer().say(word, random_speaker(rng, TESTING_VOICES)) * decibels(rng.uniform(-18, -4))
        gap = int(rng.uniform(1.3, 2.2) * RATE)
        said.append(Said(word, at / RATE, (at + len(spoken)) / RATE))
        parts += [spoken, np.zeros(gap)]
        at += len(spoken) + gap
    clean = np.concatenate(parts)
    return to_int16(clean + noise(rng, len(clean)) * decibels(-55)), said
