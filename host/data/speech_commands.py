"""A folder of <word>/*.wav in the layout of Speech Commands (P. Warden, arXiv 1804.03209)."""

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from host.base.errors import DataError
from host.base.text import normal
from host.data import archive, audio, findings, survey
from host.data.dataset import NOISE_FOLDER, SILENCE, TESTING, TRAINING, VALIDATION, Part
from host.data.findings import Finding, RecordingError, refused
from host.data.folder import is_noise, layout, passed_over, recordings, spelled, word_folders
from host.data.names import near
from host.engines.native import FrontEndEngine
from host.features.frontends import FRAME, HOP, log_mel

SPLITS = ("auto", "lists", "hash", "random")
# long recordings of noise that train nothing, so that the tables of accuracy in noise mean something
HELD_OUT = ("exercise_bike", "running_tap")
_HASH_RANGE = 2**27 - 1


def speaker(name: str) -> str:
    """The first part of a recording's name, who speaks."""
    return re.sub(r"_nohash_.*$", "", Path(name).stem)


def hash_split(name: str) -> str:
    """The data set's own rule: a speaker's clips share a split, chosen by the SHA-1 of the file name's first part."""
    share = int(hashlib.sha1(os.fsencode(speaker(name))).hexdigest(), 16) % (_HASH_RANGE + 1) * 100 / _HASH_RANGE
    return VALIDATION if share < 10 else TESTING if share < 20 else TRAINING


def _listed(root: Path) -> tuple[dict[str, str], list[Finding]]:
    """The split of each recording that the folder's lists name, and the lines that name none."""
    lines: dict[str, str] = {}
    for split, name in ((VALIDATION, "validation_list.txt"), (TESTING, "testing_list.txt")):
        path = root / name
        if path.exists():
            text = path.read_text("utf-8-sig", "surrogateescape").replace("\\", "/")
            lines |= {line.strip(): split for line in text.splitlines() if line.strip()}
    there = {normal(f"{f.name}/{p.name}") for f in word_folders(root) for p in recordings(f)} if lines else set()
    lost = [name for name in lines if normal(name) not in there]
    if lines and len(lost) == len(lines):
        raise DataError(
            f"{root}: its lists name none of its recordings; write them as <word>/<file>.wav in UTF-8, "
            "or use --split hash or random"
        )
    found = {normal(name): split for name, split in lines.items()}
    return found, [Finding(findings.UNLISTED, str(root), len(lost), lost[0])] if lost else []


def split_rule(root: Path) -> Callable[[str], str]:
    """Which split "<word>/<file>" belongs to: by the folder's lists where it has them, else by the data set's rule."""
    listed, _ = _listed(root)
    return (lambda name: listed.get(normal(name), TRAINING)) if listed else hash_split


def listen(
    root: Path, files: list[Path], resample: bool = False, quiet: bool = False
) -> Iterator[tuple[np.ndarray, audio.Facts]]:
    """(samples, facts) of each recording. At the end DataError where any cannot be used: one sentence of all."""
    errors = []
    for path in tqdm(files, "reading", leave=False, disable=quiet or None):
        try:
            yield audio.listen(path, resample)
        except RecordingError as error:
            errors.append((path.relative_to(root).as_posix(), error))
    if errors:
        raise refused(str(root), errors)


def _clips(samples: np.ndarray, noise: bool, length: int) -> list[np.ndarray]:
    """The clips that are made of one file's samples.

    A word is one clip. A recording of noise longer than `length` samples is cut: a clip of that length begins every
    half second, so that neighbours overlap.
    """
    if not noise or len(samples) <= length:
        return [samples]
    return [samples[i : i + length] for i in range(0, len(samples) - length + 1, audio.RATE // 2)]


def _stamp(path: Path) -> tuple[int, int] | None:
    """A file's size and when it was last written; None of what is not there, as listen() will say."""
    with suppress(OSError):
        status = path.stat()
        return status.st_size, status.st_mtime_ns
    return None


def _levels(root: Path, files: list[Path], noise: set[Path], cache: Path, resample: bool, quiet: bool, length: int):
    """(levels, names, facts) of every clip; from the cache where neither files nor options have changed since.

    A clip's name is "<word>/<file>#<i>/<n>": the i-th, from 0, of the n clips that were made of its file. facts: those
    of the file.
    """
    config = log_mel()
    state = [(p.relative_to(root).as_posix(), p in noise, _stamp(p)) for p in files]
    key = repr((config, length, resample, audio.FACTS, str(root.resolve()), state))
    cached = cache / f"levels-{hashlib.sha256(key.encode()).hexdigest()[:16]}.npz"
    with suppress(Exception), np.load(cached, allow_pickle=False) as found:  # it is not there, or damaged in any way
        return found["X"], found["name"], found["facts"]
    engine, levels, names, facts = FrontEndEngine(config), [], [], []
    heard = listen(root, files, resample, quiet)
    for path, (samples, found) in zip(files, heard, strict=True):
        clips = _clips(samples, path in noise, length)
        levels += [engine.clips(audio.centred(clip, length)[None])[0] for clip in clips]
        names += [f"{path.relative_to(root).as_posix()}#{i}/{len(clips)}" for i in range(len(clips))]
        facts += [found] * len(clips)
    arrays = {"X": np.stack(levels), "name": np.array(names), "facts": audio.table(facts)}
    archive.keep(cached, **arrays)
    return tuple(arrays.values())


def read(root: Path, split: str, cache: Path, quiet: bool = False, resample: bool = False) -> Part:
    """Every clip of a folder, centred in one second; log-mels [clips, 98, 40] are cached under `cache`.

    split: "lists" by the folder's validation_list.txt and testing_list.txt, "hash" by the data set's rule, "auto" by
    the lists where they are there, else by the rule. Noise recordings are cut into clips, the last tenth of each for
    validation, or of those that are one clip every tenth, beginning with the second; HELD_OUT are left out.
    resample: recordings of any rate and number of channels. DataError where one cannot be used.
    """
    listed, found = _listed(root) if split in ("auto", "lists") else ({}, [])
    if split == "lists" and not listed:
        raise DataError(f"{root}: no validation_list.txt or testing_list.txt; use --split hash or random")
    folders = word_folders(root)
    # a random split leaves noise where it is, and draws no silence either
    quiet_too = (SILENCE,) if split == "random" else ()
    noise = {p for f in folders if is_noise(f) or near(f.name, quiet_too) for p in _training_noise(f)}
    files = [p for f in folders for p in recordings(f) if p in noise or not is_noise(f)]
    if not files:
        raise DataError(f"{root}: holds nothing but {NOISE_FOLDER}; {layout(root)}")
    part = _part(root, files, noise, listed, cache, resample, quiet, audio.RATE)
    found += passed_over(root) + spelled(str(root), [f.name for f in folders], (NOISE_FOLDER, SILENCE))
    if split != "random" and not listed:
        found += survey.unknown_speakers(str(root), part)
    return replace(part, findings=found + part.findings)


def read_noise(folder: Path, frames: int, cache: Path, quiet: bool = False, resample: bool = False) -> Part:
    """The same of a folder of noise alone, in clips of as many frames. DataError where it is not one."""
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; expected one of recordings of noise")
    files = _training_noise(folder)
    if not files:
        held = f" but {' and '.join(HELD_OUT)}, which train nothing" if recordings(folder) else ""
        raise DataError(f"{folder}: no recordings in it{held}; name a folder of long recordings of noise")
    length = FRAME + (frames - 1) * HOP
    return _part(folder.parent, files, set(files), {}, cache, resample, quiet, length)


def _training_noise(folder: Path) -> list[Path]:
    return [p for p in recordings(folder) if p.stem not in HELD_OUT]


def _part(root, files, noise, listed: dict[str, str], cache, resample, quiet, length) -> Part:
    """The clips of files, with the words and splits that their names give."""
    levels, labels, facts = _levels(root, files, noise, cache, resample, quiet, length)
    noisy = {p.parent.name for p in noise}
    words, splits, names, first, short = [], [], [], [], 0
    for label in labels:
        path, _, part = str(label).rpartition("#")
        word, index, count = path.split("/")[0], *map(int, part.split("/"))
        names.append(path)
        first.append(index == 0)
        if word in noisy:
            short += count == 1
            last = index >= count - max(count // 10, 1) if count > 1 else short % 10 == 2
            splits.append(VALIDATION if last else TRAINING)
            words.append(NOISE_FOLDER)
        else:
            words.append(NOISE_FOLDER if near(word, (SILENCE,)) else word)
            splits.append(listed.get(normal(path), TRAINING) if listed else hash_split(path))
    said, called, whole = np.array(words), np.array(names), np.array(first)
    found = survey.of_recordings(str(root), called[whole], facts[whole], said[whole] == NOISE_FOLDER)
    return Part(levels, said, np.array(splits, dtype="<U10"), called, facts, found)
