"""Augmentation of log-mel levels, and the features of a batch."""

import math

import numpy as np
import torch

from host.data.dataset import SILENCE, Dataset
from host.features.frontends import DB_GAIN, HIGHEST
from host.format.program import FrontEnd
from host.reference import frontend as reference
from host.training.recipes import Recipe

NEPER = np.float32(10 * DB_GAIN / math.log(10))  # levels for a factor e of energy


def crop(levels: np.ndarray, start: np.ndarray, frames: int) -> np.ndarray:
    """levels [n, available, bands] -> [n, frames, bands] from start [n]; beyond the ends the edge frame repeats."""
    index = np.clip(start[:, None] + np.arange(frames), 0, levels.shape[1] - 1)
    return levels[np.arange(len(levels))[:, None], index]


def voiced(levels: np.ndarray, start: np.ndarray, frames: int, speed: np.ndarray, tract: np.ndarray) -> np.ndarray:
    """Clips said faster by factors `speed` [n], by vocal tracts shorter by factors `tract` [n], interpolated.

    levels uint8 [n, available, bands], start [n] -> float32 [n, frames, bands]; beyond the ends the edge frame or band
    repeats. Energy at a frequency moves to `tract` times that (VTLP, Jaitly and Hinton 2013).
    """
    n, available, bands = levels.shape
    at = start[:, None] + (frames - 1) / 2 + (np.arange(frames) - (frames - 1) / 2) * speed[:, None]
    at = np.clip(at, 0, available - 1).astype(np.float32)
    before = np.minimum(at.astype(np.int64), available - 2)
    part, clips = (at - before)[..., None], np.arange(n)[:, None]
    x = levels[clips, before] * (1 - part) + levels[clips, before + 1] * part
    step = math.log1p(HIGHEST / 700) / (bands + 1)  # between bands, in units of 1127 mel
    hertz = np.expm1(step * np.arange(1, bands + 1))
    band = np.clip(np.log1p(hertz / tract[:, None]) / step - 1, 0, bands - 1)
    weights = np.maximum(0, 1 - np.abs(np.arange(bands)[:, None] - band[:, None, :])).astype(np.float32)
    return x @ weights  # [n, bands read, bands]: each band is of two neighbours


def centred(levels: np.ndarray, frames: int) -> np.ndarray:
    """The middle of each clip: what evaluation sees."""
    return crop(levels, np.full(len(levels), (levels.shape[1] - frames) // 2), frames)


def loudness(levels: np.ndarray) -> np.ndarray:
    """The level of each clip's mean energy, all bands together: [n, frames, bands] -> float32 [n, 1, 1]."""
    energy = np.exp(levels.astype(np.float32) / NEPER).sum(2).mean(1)
    return NEPER * np.log(energy)[:, None, None]


def mixed(levels: np.ndarray, noise: np.ndarray, snr: np.ndarray) -> np.ndarray:
    """Clips with noise added at an SNR in dB: float32 and uint8 [n, frames, bands], float [n] -> float32.

    Energies add, as they do in the microphone but for the phases.
    """
    gain = loudness(levels) - loudness(noise) - snr.astype(np.float32)[:, None, None] * DB_GAIN
    return NEPER * np.logaddexp(levels / NEPER, (noise + gain) / NEPER)


def augmented(data: Dataset, rows: np.ndarray, frames: int, recipe: Recipe, rng: np.random.Generator) -> np.ndarray:
    """Clips shifted, with noise in them, louder or softer: uint8 [rows, frames, bands]."""
    levels, n = data.levels[rows], len(rows)
    middle = (levels.shape[1] - frames) // 2
    start = middle + rng.integers(-recipe.shift, recipe.shift + 1, n)
    if recipe.speed or recipe.tract:
        speed, tract = (np.exp(rng.uniform(-1, 1, n) * np.log1p(most)) for most in (recipe.speed, recipe.tract))
        x = voiced(levels, start, frames, speed, tract)
    else:
        x = crop(levels, start, frames).astype(np.float32)
    if recipe.noise_gain and SILENCE in data.labels:
        silent = (data.target[rows] == data.labels.index(SILENCE))[:, None, None]
        x += silent * rng.uniform(-recipe.noise_gain, recipe.noise_gain, (n, 1, 1)).astype(np.float32) * DB_GAIN
    if recipe.mixed:
        chosen = np.flatnonzero(rng.random(n) < recipe.mixed)
        picked = data.noise[rng.integers(len(data.noise), size=len(chosen))]
        start = rng.integers(0, picked.shape[1] - frames + 1, len(chosen))
        x[chosen] = mixed(x[chosen], crop(picked, start, frames), rng.uniform(*recipe.snr, len(chosen)))
    if any(recipe.gain):
        x += rng.uniform(*recipe.gain, (n, 1, 1)).astype(np.float32) * DB_GAIN
    if recipe.noise:
        x += rng.standard_normal(x.shape, np.float32) * recipe.noise * rng.random((n, 1, 1), np.float32)
    return np.clip(np.floor(x + 0.5), 0, 255).astype(np.uint8)


def to_features(levels: np.ndarray, config: FrontEnd) -> torch.Tensor:
    """The network's uint8 input, as the robot computes it from the levels."""
    return torch.from_numpy(reference.features(levels, config))
