"""A mutant: one small change of one file, named by what it changes, so that the name outlives changes around it."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
AREAS = ("core", "host", "device", "tools")
KINDS = ("comparison", "limit", "constant", "sign", "logic", "min/max", "dropped")


class MutantError(Exception):
    """A sentence that says what cannot be done, and what to do."""


@dataclass(frozen=True)
class Change:
    """Bytes `start` to `end` of a file give way to `after`."""

    kind: str
    start: int
    end: int
    after: bytes

    def apply(self, source: bytes) -> bytes:
        return source[: self.start] + self.after + source[self.end :]


@dataclass(frozen=True)
class Mutant:
    """key: the same as long as the changed line is, wherever it has moved to in its file."""

    area: str
    path: str
    line: int
    kind: str
    before: str  # the line, or the planted bug's text
    after: str
    key: str
    change: Change = field(repr=False)
    source: bytes = field(repr=False)

    @property
    def mutated(self) -> bytes:
        return self.change.apply(self.source)

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.kind}: {self.before}  ->  {self.after}"


def larger(number: int) -> int:
    """Another constant: one more, or twice as much from 1000 on, where one more is within what is meant."""
    return 2 * number if number >= 1000 else number + 1


def area_of(path: str) -> str:
    """Which of the areas a file is of."""
    top = path.split("/", 1)[0]
    return "core" if top == "native" else top


def mutants(path: str, source: bytes, changes: list[Change]) -> list[Mutant]:
    """The changes of a file, each with its key."""
    found: list[Mutant] = []
    seen: Counter[str] = Counter()
    for change in changes:
        first, last = source.rfind(b"\n", 0, change.start) + 1, source.find(b"\n", change.end)
        last = last if last >= 0 else len(source)
        before = " ".join(source[first:last].decode().split())
        after = " ".join((source[first : change.start] + change.after + source[change.end : last]).decode().split())
        line = source.count(b"\n", 0, change.start) + 1
        text = f"{path}\n{change.kind}\n{before}\n{after}"
        seen[text] += 1
        key = hashlib.sha256(f"{text}\n{seen[text]}".encode()).hexdigest()[:12]
        found.append(Mutant(area_of(path), path, line, change.kind, before, after, key, change, source))
    return found


def sample(candidates: list[Mutant], count: int, seed: int) -> list[Mutant]:
    """`count` mutants, as many of each kind while there are some, in an order that their keys and the seed give.

    A change of the sources exchanges the mutants of the changed lines and few others.
    """

    def order(mutant: Mutant) -> str:
        return hashlib.sha256(f"{seed} {mutant.key}".encode()).hexdigest()

    return spread([sorted((m for m in candidates if m.kind == kind), key=order) for kind in KINDS])[:count]


def spread(lists: list[list]) -> list:
    """The first of each list, then the second of each, and so on."""
    return [one[i] for i in range(max(map(len, lists), default=0)) for one in lists if i < len(one)]
