"""What data hold: findings about recordings and clips, and a table of all of it."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from host.base.text import printable
from host.data import findings
from host.data.audio import Facts
from host.data.dataset import NOISE_FOLDER, SILENCE, TESTING, TRAINING, VALIDATION, Part
from host.data.findings import Finding, Kind
from host.features.frontends import RATE

LOSSY = {".mp3", ".ogg", ".oga", ".opus"}
LONG, SHORT = 1.5, 0.2  # seconds
CLIPPED = 0.01  # of the samples
SOFT = -70  # dBFS


def _finding(kind: Kind, source: str, names: np.ndarray, chosen: np.ndarray, detail=lambda i: "") -> list[Finding]:
    """A finding of those of the names that are chosen, bool [names]; detail: what to say of the one that is named."""
    rows = np.flatnonzero(chosen)
    if not len(rows):
        return []
    more = detail(rows[0])
    return [Finding(kind, source, len(rows), f"{names[rows[0]]}{f' ({more})' if more else ''}")]


def of_recordings(source: str, names: np.ndarray, facts: np.ndarray, noise: np.ndarray) -> list[Finding]:
    """What is to be said of recordings that are used all the same; noise: bool [recordings], which may be long or soft.

    facts: audio.FACTS [recordings].
    """
    seconds, level, offset = facts["seconds"], facts["level"], np.abs(facts["offset"])
    loud_offset = 20 * np.log10(np.maximum(offset, 1e-9)) > np.maximum(level, SOFT)
    lossy = np.array([Path(name).suffix.lower() in LOSSY for name in names], bool)
    chosen = (
        (findings.LOST, lossy, lambda f: ""),
        (findings.CONVERTED, (facts["rate"] != RATE) | (facts["channels"] != 1), _format),
        (findings.CUT_SHORT, facts["announced"] > seconds, lambda f: f.cut_short),
        (findings.LONG, (seconds > LONG) & ~noise, lambda f: f"{f.seconds:.1f} s"),
        (findings.SHORT, (seconds < SHORT) & ~noise, lambda f: f"{f.seconds:.3f} s"),
        (findings.CLIPPED, facts["clipped"] > CLIPPED, lambda f: f"{100 * f.clipped:.0f} %"),
        (findings.OFFSET, loud_offset, lambda f: f"{100 * f.offset:.0f} % of full scale"),
        (findings.SOFT, np.isfinite(level) & (level < SOFT) & ~noise, lambda f: f"{f.level:.0f} dBFS"),
    )
    found = []
    for kind, which, detail in chosen:
        found += _finding(kind, source, names, which, lambda i, detail=detail: detail(Facts(*facts[i])))
    return found


def _format(f: Facts) -> str:
    return f"{f.rate:.0f} Hz, {f.channels:.0f} channel{'s' if f.channels > 1 else ''}"


def unknown_speakers(source: str, part: Part) -> list[Finding]:
    """The recordings of words whose names do not say who speaks."""
    unknown = np.array(["_nohash_" not in name for name in part.names]) & (part.words != NOISE_FOLDER)
    return _finding(findings.NO_SPEAKER, source, part.names, unknown)


def soundless(levels: np.ndarray) -> np.ndarray:
    """bool [clips]: whether a clip is the same from its first frame to its last, as no sound is."""
    return (levels == levels[:, :1]).all((1, 2))


def tested(source: str, names: np.ndarray, windows: np.ndarray, facts: np.ndarray, silence: np.ndarray):
    """The findings about clips that are tested on, where nothing is left out.

    windows int16 [clips, samples], facts audio.FACTS [clips], silence bool [clips]: of that class.
    """
    silent, twice = ~np.isfinite(facts["level"]) & ~silence, np.zeros(len(names), bool)
    first: dict[int, int] = {}
    for best, *others in copies(windows, silent | silence):
        twice[others] = True
        first |= dict.fromkeys(others, best)
    found = of_recordings(source, names, facts, silence)
    found += _finding(findings.STILL_SOUNDLESS, source, names, silent)
    return found + _finding(findings.STILL_TWICE, source, names, twice, lambda i: f"as {names[first[i]]}")


def copies(clips: Iterable[np.ndarray], but: np.ndarray) -> list[np.ndarray]:
    """The rows of clips that are equal, a group each, in order; those of `but`, bool [clips], are in none."""
    groups: dict[bytes, list[int]] = {}
    for i, clip in enumerate(clips):
        if not but[i]:
            groups.setdefault(hashlib.blake2b(clip.tobytes(), digest_size=16).digest(), []).append(i)
    return [np.array(rows) for rows in groups.values() if len(rows) > 1]


def kept(
    source: str, part: Part, target: np.ndarray, origin: np.ndarray, once: bool
) -> tuple[np.ndarray, list[Finding]]:
    """Which clips may be used, bool [clips], and what is to be said of the others.

    target: int [clips], -1 of no class; origin: int [clips], their sources. A clip of a word has to hold sound. One
    that is there as two classes counts as neither. One that is there in two sources or two splits counts once, in the
    split that it would spoil most: testing before validation before training; `once`: in one of each, too.
    """
    noise = np.isin(part.words, (NOISE_FOLDER, SILENCE))
    silent = soundless(part.levels) & ~noise & (target >= 0)
    order = np.array([(TESTING, VALIDATION, TRAINING).index(s) for s in part.split])
    alike = {kind: np.zeros(len(target), bool) for kind in (
        findings.TWICE, findings.LEAKED, findings.CONTRADICTED, findings.STILL_TWICE
    )}  # fmt: skip
    other = np.zeros(len(target), int)
    for rows in copies(part.levels, silent | noise | (target < 0)):
        best, *rest = rows[np.argsort(order[rows], kind="stable")]
        other[rest], other[best] = best, rest[0]
        if len(set(target[rows])) > 1:
            alike[findings.CONTRADICTED][rows] = True
            continue
        for row in rest:
            again = once or origin[row] != origin[best]
            kind = findings.TWICE if again else findings.STILL_TWICE
            alike[kind if order[row] == order[best] else findings.LEAKED][row] = True
    found = _finding(findings.SOUNDLESS, source, part.names, silent)
    for kind, chosen in alike.items():
        found += _finding(kind, source, part.names, chosen, lambda i: f"as {part.names[other[i]]}")
    out = alike[findings.TWICE] | alike[findings.LEAKED] | alike[findings.CONTRADICTED]
    return ~(silent | out), found


def table(part: Part, target: np.ndarray, keep: np.ndarray, labels: tuple[str, ...]) -> str:
    """What the words hold, a line each, in the order of their classes: for people.

    seconds: shortest, median and longest recording; dBFS: its level, lowest twentieth, median and highest twentieth.
    """
    head = ("word", "class", *(TRAINING, VALIDATION, TESTING), "left out", "seconds", "dBFS (RMS)", "speakers")
    lines = [head]
    words = sorted(set(part.words.tolist()), key=lambda w: (min(target[part.words == w]) % (len(labels) + 1), w))
    for word in words:
        mine = part.words == word
        classed = target[mine][0]
        used = keep & (target >= 0) & mine
        counts = [np.sum(used & (part.split == s)) for s in (TRAINING, VALIDATION, TESTING)]
        lines.append((
            printable(word), labels[classed] if classed >= 0 else "-", *counts, np.sum(mine & ~used),
            *_spreads(part.facts, mine), _speakers(part.names[mine]) if word != NOISE_FOLDER else "-",
        ))  # fmt: skip
    widths = [max(len(str(line[i])) for line in lines) for i in range(len(head))]
    aligned = ("<", "<", ">", ">", ">", ">", ">", ">", ">")
    return "\n".join("  ".join(f"{c!s:{a}{w}}" for c, a, w in zip(x, aligned, widths, strict=True)) for x in lines)


def _spreads(facts: np.ndarray | None, mine: np.ndarray) -> tuple[str, str]:
    """Low, median and high of seconds and level, "-" where nothing is known of them."""
    if facts is None or np.isnan(facts["seconds"][mine]).all():
        return "-", "-"
    known = facts[mine][~np.isnan(facts["seconds"][mine])]
    level = known["level"][np.isfinite(known["level"])]
    seconds = " ".join(f"{x:.2f}" for x in np.percentile(known["seconds"], (0, 50, 100)))
    return seconds, " ".join(f"{x:.0f}" for x in np.percentile(level, (5, 50, 95))) if len(level) else "-"


def _speakers(names: np.ndarray) -> str:
    """How many people say a word, by the names of its recordings."""
    known = {name.rpartition("/")[2].partition("_nohash_")[0] for name in names if "_nohash_" in name}
    return str(len(known)) if known else "-"
