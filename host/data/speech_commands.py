"""A folder of <word>/*.wav in the layout of Speech Commands (P. Warden, arXiv 1804.03209)."""

import hashlib
import os
import re
from contextlib import suppress
from pathlib import Path

import numpy as np
from tqdm import tqdm

from host.data import archive, audio
from host.data.dataset import NOISE_FOLDER, SILENCE, TESTING, TRAINING, VALIDATION, DataError
from host.engines.native import FrontEndEngine
from host.models.frontends import FRAME, HOP, log_mel

SPLITS = ("auto", "lists", "hash", "random")
# long recordings of noise that train nothing, so that the tables of accuracy in noise mean something
HELD_OUT = ("exercise_bike", "running_tap")
_HASH_RANGE = 2**27 - 1


def recordings(folder: Path) -> list[Path]:
    """The .wav files of a folder, sorted by name; hidden ones are an operating system's."""
    return sorted(p for p in folder.iterdir() if p.suffix.lower() == ".wav" and p.name[0] != ".")


def word_folders(root: Path) -> list[Path]:
    """The folders that hold recordings, sorted by name."""
    if not root.is_dir():
        raise DataError(f"{root}: no such folder; expected one folder of .wav files per word in it")
    found = (p for p in root.iterdir() if p.is_dir() and p.name[0] != "." and p.name != "__MACOSX")
    folders = sorted(p for p in found if recordings(p))
    if not folders:
        raise DataError(f"{root}: no <word>/*.wav in it; expected one folder of .wav files per word")
    return folders


def hash_split(name: str) -> str:
    """The data set's own rule: a speaker's clips share a split, chosen by the SHA-1 of the file name's first part."""
    speaker = re.sub(r"_nohash_.*$", "", Path(name).stem)
    share = int(hashlib.sha1(os.fsencode(speaker)).hexdigest(), 16) % (_HASH_RANGE + 1) * 100 / _HASH_RANGE
    return VALIDATION if share < 10 else TESTING if share < 20 else TRAINING


def _listed(root: Path) -> dict[str, str]:
    found = {}
    for split, name in ((VALIDATION, "validation_list.txt"), (TESTING, "testing_list.txt")):
        path = root / name
        if path.exists():
            text = path.read_text("utf-8-sig", "surrogateescape").replace("\\", "/")
            found |= {line.strip(): split for line in text.splitlines() if line.strip()}
    if found and not any((root / name).is_file() for name in found):
        raise DataError(
            f"{root}: its lists name none of its recordings; write them as <word>/<file>.wav in UTF-8, "
            "or use --split hash or random"
        )
    return found


def _clips(path: Path, length: int) -> list[np.ndarray]:
    """What a file gives: itself, or a clip of `length` samples every half second of a long recording of noise."""
    samples = audio.read(path)
    if path.parent.name != NOISE_FOLDER or len(samples) <= length:
        return [samples]
    return [samples[i : i + length] for i in range(0, len(samples) - length + 1, audio.RATE // 2)]


def _levels(root: Path, files: list[Path], cache: Path, quiet: bool, length: int = audio.RATE):
    """(levels, names) of every clip, from the cache where nothing has changed; a name is "<word>/<file>#<i>/<n>"."""
    config = log_mel()
    state = [(p.relative_to(root).as_posix(), p.stat().st_size, p.stat().st_mtime_ns) for p in files]
    key = repr((config, length, str(root.resolve()), state))
    cached = cache / f"levels-{hashlib.sha256(key.encode()).hexdigest()[:16]}.npz"
    with suppress(Exception), np.load(cached, allow_pickle=False) as found:  # it is not there, or damaged in any way
        return found["X"], found["name"]
    engine, levels, names = FrontEndEngine(config), [], []
    for path, (name, _, _) in zip(tqdm(files, "features", leave=False, disable=quiet or None), state, strict=True):
        clips = _clips(path, length)
        levels += [engine.clips(audio.centred(clip, length)[None])[0] for clip in clips]
        names += [f"{name}#{i}/{len(clips)}" for i in range(len(clips))]
    archive.keep(cached, X=np.stack(levels), name=np.array(names))
    return np.stack(levels), np.array(names)


def read(root: Path, split: str, cache: Path, quiet: bool = False):
    """(levels uint8 [clips, 98, 40], words, split): every clip centred in one second, log-mels cached under `cache`.

    split: "lists" by the folder's validation_list.txt and testing_list.txt, "hash" by the data set's rule, "auto" by
    the lists where they are there, else by the rule. Noise recordings are cut into clips, the last tenth of each for
    validation, or of those that are one clip every tenth, beginning with the second; HELD_OUT are left out.
    """
    listed = _listed(root) if split in ("auto", "lists") else {}
    if split == "lists" and not listed:
        raise DataError(f"{root}: no validation_list.txt or testing_list.txt; use --split hash or random")
    files = [p for folder in word_folders(root) for p in _used(folder)]
    if not files:
        raise DataError(f"{root}: holds nothing but {NOISE_FOLDER}; expected one folder of .wav files per word")
    return _split(*_levels(root, files, cache, quiet), listed)


def read_noise(folder: Path, frames: int, cache: Path, quiet: bool = False):
    """The same of a `_background_noise_` folder alone, in clips of as many frames. DataError where it is not one."""
    if folder.name != NOISE_FOLDER or not folder.is_dir():
        raise DataError(f"{folder}: not a folder named {NOISE_FOLDER} of long recordings")
    if not _used(folder):
        raise DataError(f"{folder}: no recordings in it but {' and '.join(HELD_OUT)}, which train nothing")
    length = FRAME + (frames - 1) * HOP
    return _split(*_levels(folder.parent, _used(folder), cache, quiet, length), {})


def _used(folder: Path) -> list[Path]:
    """The recordings of a word; of noise those that may train."""
    files = recordings(folder)
    return [p for p in files if p.stem not in HELD_OUT] if folder.name == NOISE_FOLDER else files


def _split(levels, names, listed: dict[str, str]):
    """(levels, words, split) from the names that `_levels` gives."""
    words, splits, short = [], [], 0
    for name in names:
        path, _, part = str(name).rpartition("#")
        word, index, count = path.split("/")[0], *map(int, part.split("/"))
        words.append(NOISE_FOLDER if word == SILENCE else word)
        if word == NOISE_FOLDER:
            short += count == 1
            last = index >= count - max(count // 10, 1) if count > 1 else short % 10 == 2
            splits.append(VALIDATION if last else TRAINING)
        else:
            splits.append(listed.get(path, TRAINING) if listed else hash_split(path))
    return levels, np.array(words), np.array(splits, dtype="<U10")
