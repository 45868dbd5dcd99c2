"""An .npz of cached log-mel levels: X uint8 [clips, frames, bands], word and split [clips]."""

import io
from contextlib import suppress
from pathlib import Path

import numpy as np

from host.base.errors import DataError
from host.base.files import write_whole
from host.data.dataset import NOISE_FOLDER, TESTING, TRAINING, VALIDATION
from host.features.frontends import BANDS


def read(path: Path):
    """(levels, words, split) of an archive; noise without a split goes 9 : 1 to training and validation."""
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    try:
        with np.load(path, allow_pickle=False) as archive:
            missing = {"X", "word", "split"} - set(archive.files)
            levels, words, split = (None,) * 3 if missing else (archive[k] for k in ("X", "word", "split"))
            levels, words, split = np.asarray(levels), np.array(words, str), np.array(split, str)
    except Exception as error:  # NumPy and zipfile raise whatever comes first
        raise DataError(f"{path}: not a readable .npz archive of strings and numbers; write it again") from error
    if missing:
        raise DataError(f"{path}: no array named {', '.join(sorted(missing))}; expected X, word, split")
    if levels.dtype != np.uint8 or levels.ndim != 3 or levels.shape[2] != BANDS:
        raise DataError(f"{path}: X is {levels.dtype} {levels.shape}; expected uint8 [clips, frames, {BANDS} bands]")
    if not words.shape == split.shape == levels.shape[:1]:
        raise DataError(
            f"{path}: word is {words.shape}, split {split.shape}; expected one of each for {len(levels)} clips"
        )
    loose = ~np.isin(split, (TRAINING, VALIDATION, TESTING))
    foreign = loose & (words != NOISE_FOLDER)
    if foreign.any():
        raise DataError(f"{path}: split {str(split[foreign][0])!r}; expected {TRAINING}, {VALIDATION} or {TESTING}")
    split = split.astype("<U10")
    rows = np.flatnonzero(loose)
    split[rows] = TRAINING
    split[rows[::10]] = VALIDATION
    return levels, words, split


def keep(path: Path, **arrays) -> None:
    """save() to a cache: where that cannot be written the same is computed again the next time."""
    with suppress(OSError):
        save(path, **arrays)


def save(path: Path, **arrays) -> None:
    """Write atomically, so that an interrupted run leaves no half archive."""
    memory = io.BytesIO()
    np.savez(memory, **arrays)
    write_whole(path, memory.getbuffer())
