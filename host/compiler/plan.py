"""The memory plan: how many frames of each value are held, and where, while the network runs in strips.

Running the schedule (host/compiler/schedule.py) gives the live ranges, and from them how far apart values must lie;
buffers may overlap where the bytes of one are dead while those of the other are live. Values are placed one after the
other, the largest first, at the lowest place that those before them leave; then other orders are tried, until the arena
has no more bytes than are live at one time, or none was better. The plan of a network that can run on a stream holds
for that too.
"""

import math
import random

from host.compiler.schedule import distances
from host.format.program import Plan, Program

# Frames per strip, and whether constants may be prepared when the model is opened. Strips of a hop and more make few
# calls of kernels that each have much to do; each frame less takes bytes off what values hold.
PLANS = {"small": (6, False), "fast": (24, True)}
ROUNDS = 1000  # orders tried


def _aligned(byte: int) -> int:
    return (byte + 3) & ~3


class _Arena:
    """Where the values of a program can lie. A value's place is that of its frames; a pool's sums lie before."""

    def __init__(self, program: Program, strip: int):
        found = distances(program, strip)
        self.values = found.values
        self.live = found.live
        # of each value, what each other one demands: (other, open intervals in which the value's place less the other's
        # must not lie, whether it may lie at the very place of the other all the same)
        self.others: dict[int, list] = {v: [] for v in range(1, len(self.values) - 1)}
        for (u, v), intervals in sorted(found.forbidden.items()):
            self.others[v].append((u, sorted(intervals), (u, v) not in found.unshared))

    def size(self, v: int) -> int:
        return self.values[v].sums + self.values[v].columns * self.values[v].frame_bytes

    def end(self, v: int, place: int) -> int:
        return _aligned(place - self.values[v].sums + self.size(v))

    def bytes(self, places: dict[int, int]) -> int:
        return max(self.end(v, place) for v, place in places.items())

    def lowest(self, v: int, places: dict[int, int]) -> int:
        """The lowest place at which a value overwrites nothing of those that are placed, nor they of it."""
        others = [(places[u], intervals, shared) for u, intervals, shared in self.others[v] if u in places]
        first = place = self.values[v].sums
        for low, high in sorted((at + low, at + high) for at, intervals, _ in others for low, high in intervals):
            if low < place < high:
                place = _aligned(high)

        def allowed(place: int) -> bool:
            return all(
                (place == at and shared) or not any(low < place - at < high for low, high in intervals)
                for at, intervals, shared in others
            )

        same = [at for at, _, shared in others if shared and first <= at < place]
        return min(filter(allowed, same), default=place)

    def place(self, order: list[int], places: dict[int, int], most: float = math.inf) -> dict[int, int] | None:
        """The place of each value where those that have none are placed in this order; None beyond `most` bytes."""
        places = dict(places)
        for v in order:
            if v not in places:
                places[v] = self.lowest(v, places)
                if self.end(v, places[v]) > most:
                    return None
        return places

    def search(self) -> dict[int, int]:
        """The places that take the fewest bytes of those found; the same each time."""
        order = sorted(self.others, key=lambda v: (-self.size(v), v))
        best = self.place(order, {})
        assert best is not None, "nothing limits it"
        rng = random.Random(0)
        for _ in range(ROUNDS):
            if self.bytes(best) <= _aligned(self.live):
                break
            start, to = rng.randrange(len(order)), rng.randrange(len(order))
            other = list(order)
            other.insert(to, other.pop(start))
            before = {v: best[v] for v in order[: min(start, to)]}
            found = self.place(other, before, self.bytes(best))
            if found:
                best, order = found, other
        return best


def least(program: Program, strip: int) -> int:
    """Bytes of values that live at one time in strips of `strip` frames: no arena can be smaller."""
    return _Arena(program, strip).live


def plan(program: Program, strip: int = 2, ahead: bool = False) -> Plan:
    """A plan in strips of `strip` feature frames; ahead: constants may be prepared when the model is opened."""
    arena = _Arena(program, strip)
    places = arena.search()
    columns = [value.columns for value in arena.values[1:-1]]
    offsets = [places[v] - arena.values[v].sums for v in sorted(places)]
    return Plan(strip, (*columns, 0), (*offsets, 0), arena.bytes(places), ahead)


def planned(program: Program, name: str, strip: int | None = None) -> Plan:
    """The plan of that name among PLANS, or one like it in strips of `strip` frames."""
    frames, ahead = PLANS[name]
    return plan(program, strip or frames, ahead)
