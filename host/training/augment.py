"""Augmentation of log-mel levels, and the features of a batch."""

import numpy as np
import torch

from host.format.program import FrontEnd
from host.models.frontends import DB_GAIN
from host.reference import frontend as reference
from host.training.recipes import Recipe


def crop(levels: np.ndarray, start: np.ndarray, frames: int) -> np.ndarray:
    """levels [n, available, bands] -> [n, frames, bands] from start [n]; beyond the ends the edge frame repeats."""
    index = np.clip(start[:, None] + np.arange(frames), 0, levels.shape[1] - 1)
    return levels[np.arange(len(levels))[:, None], index]


def centred(levels: np.ndarray, frames: int) -> np.ndarray:
    """The middle of each clip: what evaluation sees."""
    return crop(levels, np.full(len(levels), (levels.shape[1] - frames) // 2), frames)


def augmented(levels: np.ndarray, frames: int, recipe: Recipe, rng: np.random.Generator) -> np.ndarray:
    """Shifted, louder or softer, noisier: uint8 [n, available, bands] -> uint8 [n, frames, bands]."""
    n = len(levels)
    middle = (levels.shape[1] - frames) // 2
    x = crop(levels, middle + rng.integers(-recipe.shift, recipe.shift + 1, n), frames).astype(np.float32)
    if recipe.gain:
        x += rng.uniform(-recipe.gain, recipe.gain, (n, 1, 1)).astype(np.float32) * DB_GAIN
    if recipe.noise:
        x += rng.standard_normal(x.shape, np.float32) * recipe.noise * rng.random((n, 1, 1), np.float32)
    return np.clip(np.floor(x + 0.5), 0, 255).astype(np.uint8)


def to_features(levels: np.ndarray, config: FrontEnd) -> torch.Tensor:
    """The network's uint8 input, as the robot computes it from the levels."""
    return torch.from_numpy(reference.features(levels, config))
