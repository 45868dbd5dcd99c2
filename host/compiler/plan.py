"""The memory plan: how many frames of each value are held, and where, while the network runs in strips.

Running the schedule (host/compiler/schedule.py) gives each buffer's size and which buffers are never alive together; a
first fit by size then places them. The plan of a network that can run on a stream holds for that too.
"""

from host.compiler.schedule import Lifetimes, lifetimes, overwritable
from host.format.program import Plan, Program, Softmax


def _share_in_place(program: Program, lives: Lifetimes) -> list[int]:
    """For each value the one whose buffer it takes over: a gate or an add may write where it reads last."""
    values, clashes = lives.values, lives.clashes
    owner = list(range(len(values)))
    for i, op in enumerate(program.operators):
        out = i + 1
        for v in overwritable(op):
            equal = values[v].columns == values[out].columns and values[v].frame_bytes == values[out].frame_bytes
            equal = equal and not values[v].sums  # a pool's output does not begin where its buffer does
            if equal and v not in lives.hard[out] and not ((clashes[out] - {v}) & _group(owner, v)):
                owner[out] = owner[v]
                break
    return owner


def _group(owner: list[int], v: int) -> set[int]:
    return {u for u, o in enumerate(owner) if o == owner[v]}


def plan(program: Program, strip: int = 2) -> Plan:
    """A plan in strips of `strip` feature frames; the fewest bytes that first fit by size finds."""
    lives = lifetimes(program, strip, program.hop)
    values, clashes = lives.values, lives.clashes
    last = len(values) - 1  # the softmax writes to its caller
    assert isinstance(program.operators[-1], Softmax)
    owner = _share_in_place(program, lives)
    groups: dict[int, set[int]] = {}
    for v in range(1, last):
        groups.setdefault(owner[v], set()).add(v)

    def size(members: set[int]) -> int:
        most = max(values[v].sums + values[v].columns * values[v].frame_bytes for v in members)
        return (most + 3) & ~3

    placed: dict[int, tuple[int, int]] = {}
    for root in sorted(groups, key=lambda r: (-size(groups[r]), r)):
        members = groups[root]
        enemies = {owner[u] for v in members for u in clashes[v] if u not in members}
        taken = sorted(placed[r] for r in enemies if r in placed)
        offset = 0
        for start, end in taken:
            if offset + size(members) <= start:
                break
            offset = max(offset, end)
        placed[root] = (offset, offset + size(members))
    offsets = [placed[owner[v]][0] if v < last else 0 for v in range(1, last + 1)]
    columns = [values[v].columns if v < last else 0 for v in range(1, last + 1)]
    return Plan(strip, tuple(columns), tuple(offsets), max(end for _, end in placed.values()))
