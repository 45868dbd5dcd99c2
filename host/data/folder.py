"""What lies in a folder of recordings, <word>/<file>, and what of it is passed over."""

import os
import shlex
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from host.base.errors import DataError
from host.base.text import printable
from host.data import findings
from host.data.dataset import NOISE_FOLDER, SILENCE, UNKNOWN
from host.data.findings import Finding, Kind
from host.data.names import key, near

# what libsndfile reads by name; some it reads by content alone
READ = {
    ".wav", ".wave", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".aifc", ".au", ".snd", ".caf", ".w64",
    ".rf64",
}  # fmt: skip
UNREAD = {
    ".m4a", ".mp4", ".aac", ".amr", ".3gp", ".wma", ".webm", ".weba", ".mkv", ".mka", ".mov", ".spx", ".wv", ".ape",
    ".raw", ".pcm", ".cbor",
}  # fmt: skip
PACKED = {".zip", ".tar", ".gz", ".tgz", ".7z", ".rar", ".tm"}
_SPLITS = {"train", "training", "test", "testing", "valid", "validation", "val", "dev", "eval"}
_SYSTEM = {"__macosx", "thumbs.db", "desktop.ini"}
_NOISE = {"noise", "noises", "background", "ambient", "quiet", "room"}


def _owned(name: str) -> bool:
    """Whether a name is the owner's: hidden ones are an operating system's."""
    return name[0] != "." and name.lower() not in _SYSTEM


def recordings(folder: Path) -> list[Path]:
    """The recordings of a folder, by the ends of their names, sorted."""
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in READ and _owned(p.name))


def is_noise(folder: Path) -> bool:
    """Whether a word's folder is the one of noise."""
    return near(folder.name, (NOISE_FOLDER,)) is not None


def word_folders(root: Path) -> list[Path]:
    """The folders that hold recordings, sorted by name. DataError where there are none."""
    if root.is_file():
        raise DataError(f"{root}: a file, not a folder; unpack it if recordings are packed in it, and name the folder")
    if not root.is_dir():
        raise DataError(f"{root}: no such folder; expected one folder of .wav files per word in it")
    folders = [f for f in _folders(root) if recordings(f)]
    if not folders:
        raise DataError(f"{root}: no <word>/*.wav in it; {layout(root)}")
    return folders


def _folders(root: Path) -> list[Path]:
    return sorted(p for p in root.iterdir() if p.is_dir() and _owned(p.name))


def layout(root: Path) -> str:
    """What to do about a folder that does not hold the words that were expected in it."""
    deeper = [f for f in _folders(root) if any(recordings(g) for g in _folders(f))]
    if deeper:
        others = f", likewise {', '.join(f.name for f in deeper[1:4])}" if deeper[1:] else ""
        return f"its words lie a folder deeper: name {deeper[0]}{others}"
    loose = recordings(root)
    labelled = next((p for f in [root, *_folders(root)] for p in recordings(f) if "." in p.stem), None)
    if labelled and (loose or _split_folders(root)):
        where = shlex.quote(str(labelled.parent))
        return (
            f"{labelled.relative_to(root)} begins with its word, as Edge Impulse exports it; sort by it:  cd {where};  "
            'for f in *.*.*; do mkdir -p "${f%%.*}"; mv "$f" "${f%%.*}/"; done'
        )
    if loose:
        return f"{len(loose)} recordings lie in it, {loose[0].name} for one: put each in a folder of its word"
    passed = passed_over(root)
    return "; ".join(str(f) for f in passed) if passed else "expected one folder of .wav files per word"


def _split_folders(root: Path) -> list[str]:
    """The folders called like splits, where there are several; one such name may well be a word."""
    named = [f.name for f in _folders(root) if f.name.lower() in _SPLITS]
    return named if len(named) > 1 else []


def passed_over(root: Path) -> list[Finding]:
    """The files that reading <word>/<file> passes over, but for those beside the words that are no sound."""
    passed: dict[Kind, list[str]] = {}
    for path in _files(root):
        depth, suffix = len(path.parts) - 1, path.suffix.lower()
        if suffix in READ:
            kind = {0: findings.LOOSE, 1: None}.get(depth, findings.DEEPER)
        elif suffix in UNREAD:
            kind = findings.UNREAD
        else:
            kind = findings.NO_RECORDING if depth or suffix in PACKED else None
        if kind:
            passed.setdefault(kind, []).append(path.as_posix())
    found = [Finding(kind, str(root), len(names), _example(kind, names)) for kind, names in passed.items()]
    if splits := _split_folders(root):
        found.append(Finding(findings.SPLITS, str(root), len(splits), listed(splits)))
    return found


def _example(kind: Kind, names: list[str]) -> str:
    if kind.noun != "file":
        return names[0]
    counts = Counter(Path(n).suffix.lower() or "without an ending" for n in names)
    return f"{', '.join(f'{n} {suffix}' for suffix, n in counts.most_common(5))}, {names[0]}"


def _files(root: Path) -> Iterable[Path]:
    """Every file of the owner's, relative to the root."""
    yield from (Path(p.name) for p in sorted(root.iterdir()) if p.is_file() and _owned(p.name))
    for folder in _folders(root):  # a word's folder may be a link
        for where, inner, names in os.walk(folder):
            inner[:] = sorted(filter(_owned, inner))
            yield from (Path(where, n).relative_to(root) for n in sorted(names) if _owned(n))


def spelled(root: str, words: Iterable[str], labels: tuple[str, ...]) -> list[Finding]:
    """What is to be said of words, as their folders are called, that mean one of the labels by another spelling."""
    other = [f"'{w}' is {meant}" for w in words if (meant := near(w, labels)) not in (w, None)]
    return [Finding(findings.SPELLING, root, len(other), listed(other))] if other else []


def classed(root: str, words: Iterable[str], labels: tuple[str, ...]) -> list[Finding]:
    """The same of words to be learned, and which of them may be noise."""
    noise = [w for w in words if key(w) in _NOISE and near(w, (*labels, NOISE_FOLDER, SILENCE)) is None]
    found = [Finding(findings.NOISE, root, len(noise), listed(noise))] if noise else []
    return spelled(root, words, labels) + found


def others(words: Iterable[str], labels: tuple[str, ...]) -> list[str]:
    """Lines on the words, as their folders are called, that are none of the labels."""
    other = [w for w in words if near(w, (*labels, NOISE_FOLDER, SILENCE)) is None]
    what = "counted as unknown" if UNKNOWN in labels else "of no class and left out"
    return [f"{what}: {printable(listed(other, 12))}"] if other else []


def listed(names: list[str], most: int = 8) -> str:
    """The first few of many names."""
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")
