"""A spoken data set made on the spot: ten words, other words and noise, by voices that differ between splits."""

import multiprocessing
import signal
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from host.data.audio import to_int16
from host.data.dataset import SILENCE, TESTING, TRAINING, UNKNOWN, VALIDATION
from host.data.languages import ENGLISH, LANGUAGES, Language
from host.data.speech import (
    TESTING_VOICES,
    TRAINING_VOICES,
    VALIDATION_VOICES,
    decibels,
    noise,
    random_speaker,
    synthesizer,
)
from host.engines.native import FrontEndEngine
from host.features.frontends import RATE, log_mel

VOICES = {TRAINING: TRAINING_VOICES, VALIDATION: VALIDATION_VOICES, TESTING: TESTING_VOICES}
CLIP = RATE * 8 // 5  # the word in the middle, so that a training window can move 300 ms either way


TEST_SEED = 1 << 62  # beyond the seeds of any training clip


@dataclass(frozen=True)
class _Job:
    language: str
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
    rng, language = np.random.default_rng(job.seed), LANGUAGES[job.language]
    if job.word == SILENCE:
        return to_int16(_silence(rng))
    others = language.unheard if job.split == TESTING else language.others
    text = str(rng.choice(others)) if job.word == UNKNOWN else job.word
    speaker = random_speaker(rng, VOICES[job.split], language.accents)
    spoken = synthesizer().say(text, speaker)[:CLIP] * decibels(rng.uniform(-26, -3))
    x = np.zeros(CLIP)
    start = (CLIP - len(spoken)) // 2
    x[start : start + len(spoken)] = spoken
    level = np.sqrt(np.mean(spoken**2))
    return to_int16(x + noise(rng, CLIP) * level * decibels(-rng.uniform(8, 45)))


def _samples(jobs: list[_Job]) -> np.ndarray:
    return np.stack([_clip(job) for job in jobs])


def _levels(jobs: list[_Job]) -> np.ndarray:
    return FrontEndEngine(log_mel()).clips(_samples(jobs))


def _spoken(what, jobs: list[_Job], workers: int, quiet: bool) -> np.ndarray:
    """`what` (_samples or _levels) of all jobs.

    What eSpeak NG says depends on all it said before, so every few words are said by a process that said nothing yet:
    then they are the same every time, but for three voices of training (Alicia, f2, sandro).
    """
    chunks = [jobs[i : i + 40] for i in range(0, len(jobs), 40)]
    fresh = multiprocessing.get_context("forkserver")
    fresh.set_forkserver_preload([__name__])
    # Ctrl-C is for the process that waits: it lets the others end what they are at
    ignore = (signal.SIGINT, signal.SIG_IGN)
    with ProcessPoolExecutor(workers, fresh, signal.signal, ignore, max_tasks_per_child=1) as pool:
        parts = pool.map(what, chunks)
        bar = tqdm(parts, "speaking", len(chunks), unit="x40 words", leave=False, disable=quiet or None)
        return np.concatenate(list(bar))


def made_of(language: Language) -> str:
    """What determines the clips of a language but for seed and code: a cache of them is good while it is the same."""
    return repr((language, VOICES, CLIP, log_mel()))


def _jobs(seed: int, per_word: int | None, language: Language) -> list[_Job]:
    """The clips of training, then those of validation."""
    count = per_word or language.per_word
    jobs: list[_Job] = []
    for split, share in ((TRAINING, 1.0), (VALIDATION, 0.2)):
        for word, times in [(w, 1) for w in language.words] + [(UNKNOWN, 3), (SILENCE, 1)]:
            first = seed * 1_000_003 + len(jobs)
            jobs += [_Job(language.source, word, split, first + i) for i in range(round(count * share * times))]
    return jobs


def make(seed: int, per_word: int | None = None, language: Language = ENGLISH, workers: int = 2, quiet: bool = False):
    """(levels uint8 [clips, 158, 40], words, split): per_word training clips (default: the language's) of each word and
    of silence, three times as many of other words; a fifth as many validation clips."""
    jobs = _jobs(seed, per_word, language)
    levels = _spoken(_levels, jobs, workers, quiet)
    return levels, np.array([j.word for j in jobs]), np.array([j.split for j in jobs])


def validation_clips(language: Language, per_word: int | None = None, workers: int = 2, quiet: bool = False):
    """(samples int16 [clips, CLIP], words): the recordings of what `make` gives validation with seed 0."""
    jobs = [job for job in _jobs(0, per_word, language) if job.split == VALIDATION]
    return _spoken(_samples, jobs, workers, quiet), np.array([job.word for job in jobs])


def testing_clips(language: Language, per_word: int = 100, workers: int = 2, quiet: bool = False):
    """(samples int16 [clips, CLIP], words): as many clips of each word, of unheard words and of silence, by voices of
    which training and validation heard none. They are the same every time."""
    words = [w for w in (*language.words, UNKNOWN, SILENCE) for _ in range(per_word)]
    jobs = [_Job(language.source, word, TESTING, TEST_SEED + i) for i, word in enumerate(words)]
    return _spoken(_samples, jobs, workers, quiet), np.array(words)


@dataclass(frozen=True)
class Said:
    """A word in a recording, times in seconds."""

    word: str
    start: float
    end: float


def conversation(seed: int, commands: int = 10, others: int = 4) -> tuple[np.ndarray, list[Said]]:
    """A recording of commands and other words by voices that no training heard: (int16 [n], what was said when)."""
    rng = np.random.default_rng(seed)
    words = list(rng.permutation(ENGLISH.words))[:commands] + list(rng.choice(ENGLISH.others, others, replace=False))
    parts, said, at = [np.zeros(RATE * 3 // 2)], [], RATE * 3 // 2
    for word in rng.permutation(np.array(words, dtype=object)):
        spoken = synthesizer().say(word, random_speaker(rng, TESTING_VOICES, ENGLISH.accents)) * decibels(
            rng.uniform(-18, -4)
        )
        gap = int(rng.uniform(1.3, 2.2) * RATE)
        said.append(Said(word, at / RATE, (at + len(spoken)) / RATE))
        parts += [spoken, np.zeros(gap)]
        at += len(spoken) + gap
    clean = np.concatenate(parts)
    return to_int16(clean + noise(rng, len(clean)) * decibels(-55)), said
