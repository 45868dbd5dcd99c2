"""An .npz of cached log-mel levels: X uint8 [clips, frames, bands], word, split and name [clips]."""

import zipfile
from pathlib import Path

import numpy as np

from host.data.dataset import TESTING, TRAINING, VALIDATION, DataError


def read(path: Path):
    """(levels, words, split) of an archive; noise without a split goes 9 : 1 to training and validation."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            missing = {"X", "word", "split"} - set(archive.files)
            if missing:
                raise DataError(f"{path}: no array named {', '.join(sorted(missing))}; expected X, word, split")
            levels, words, split = archive["X"], archive["word"], archive["split"].astype("<U10")
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path}: not a readable .npz archive ({error})") from error
    if levels.dtype != np.uint8 or levels.ndim != 3 or len(levels) != len(words) or len(levels) != len(split):
        raise DataError(f"{path}: X is {levels.dtype} {levels.shape}; expected uint8 [clips, frames, bands]")
    loose = np.flatnonzero(~np.isin(split, (TRAINING, VALIDATION, TESTING)))
    split[loose] = TRAINING
    split[loose[::10]] = VALIDATION
    return levels, words, split


def save(path: Path, **arrays) -> None:
    """Write atomically, so that an interrupted run leaves no half archive."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"partial-{path.name}")
    np.savez(partial, **arrays)
    partial.rename(path)
