"""What was said to a robot against what it heard."""

from host.data.dataset import WORDS
from host.data.synthetic import Said
from host.simulator.run import Heard

PATIENCE = 1.2  # seconds after a word in which the robot may still say that it heard it


def compare(said: list[Said], heard: list[Heard]) -> tuple[list[tuple[Said, Heard | None]], list[Heard]]:
    """Each command said with what was heard of it, and what was heard besides (wrong words, repetitions, others)."""
    left = list(heard)
    pairs = []
    for s in said:
        if s.word not in WORDS:
            continue
        match = next((h for h in left if h.word == s.word and s.start < h.s < s.end + PATIENCE), None)
        if match:
            left.remove(match)
        pairs.append((s, match))
    return pairs, left


def scored(said: list[Said], pairs, false: list[Heard]) -> list[str]:
    """A line per word said and per false command, in the order of time."""
    found = {id(s): h for s, h in pairs}
    lines = []
    for s in said:
        h = found.get(id(s))
        if s.word not in WORDS:
            outcome = "(no command)"
        elif h:
            outcome = f"heard at {h.s:5.2f} s, {100 * h.confidence:.0f} %"
        else:
            outcome = "MISSED"
        lines.append((s.start, f"{s.start:6.2f} s  said {s.word:<12} {outcome}"))
    lines += [(h.s, f"{h.s:6.2f} s  FALSE: heard {h.word}, {100 * h.confidence:.0f} %") for h in false]
    return [line for _, line in sorted(lines)]
