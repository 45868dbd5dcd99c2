"""When each operator runs and which frames of each value are held meanwhile: native/core/network/schedule.c in Python.

A window passes through the network in strips of a few feature frames. Per strip each operator computes every frame its
inputs allow; what no operator will read again is dropped at the strip's end. On a stream nothing ends: of a window only
the last hop runs, and values keep what the next hop reads.
"""

import math
from dataclasses import replace

from host.format.program import Program
from host.operators import Operator
from host.operators.operator import Value


class Distances:
    """The constraints on a memory plan: at which distances one value would overwrite live bytes of another.

    values: in `columns`, how many frames the buffer of each must hold. live: the largest number of bytes that are live
    (read later, or being written) at one time; no arena can be smaller. forbidden: by two values, the open intervals in
    which the place of the second less that of the first must not lie.
    """

    def __init__(self, values: list[Value]):
        self.values = values
        self.live = 0
        self.forbidden: dict[tuple[int, int], set[tuple[int, int]]] = {}
        self.unshared: set[tuple[int, int]] = set()

    def clash(self, u: int, written: tuple[int, int], v: int, kept: tuple[int, int] | None, shared=False) -> None:
        """Writing bytes `written` of u must not touch bytes `kept` of v, which are still live; None: v has none.

        Both are [first, end), relative to where u and v lie. So the distance from u to v must not be in an interval,
        which is noted for the plan. shared: a distance of 0 is allowed all the same: u is computed in place of v.
        """
        if not kept or written[0] == written[1]:
            return
        low, high = written[0] - kept[1], written[1] - kept[0]
        self.forbidden.setdefault((u, v), set()).add((low, high))
        self.forbidden.setdefault((v, u), set()).add((-high, -low))
        if low < 0 < high and not shared:
            self.unshared |= {(u, v), (v, u)}

    def add(self, other: "Distances") -> None:
        """Take over the constraints of another schedule of the same program."""
        for value, others in zip(self.values, other.values, strict=True):
            value.columns = max(value.columns, others.columns)
        for pair, found in other.forbidden.items():
            self.forbidden.setdefault(pair, set()).update(found)
        self.unshared |= other.unshared
        self.live = max(self.live, other.live)


def steps(program: Program, hop: int) -> list[int] | None:
    """For windows `hop` feature frames apart, how many frames that is of each value, 0 behind the pool.

    None where the network cannot run on a stream: something but one global average pool needs a whole window, or the
    hop is no multiple of the strides.
    """
    if sum(op.SUMS for op in program.operators) != 1:
        return None
    found = [hop]
    for op in program.operators:
        step = op.step(found)
        if step is None:
            return None
        found.append(step)
    return found


def listened(program: Program) -> Program:
    """The program with the listening hop nearest to its own at which it can stream; as it is without one or sound."""
    if not program.hears:
        return program
    c = program.frontend
    frame_ms = c.hop * 1000 // c.rate
    hops = [hop * frame_ms for hop in range(1, c.frames + 1) if steps(program, hop)]
    if not hops:
        return program
    nearest = min(hops, key=lambda ms: (abs(ms - program.listening.hop), ms))
    return replace(program, listening=replace(program.listening, hop=nearest))


def _ready(op: Operator, values: list[Value], out: Value) -> int:
    """Frames that an operator can have produced, in all."""
    return min(op.ready(values, out), out.frames)


def _wanted(op: Operator, values: list[Value], out: Value, index: int) -> int:
    """First frame of value `index` that the operator will still read."""
    never = values[index].frames
    if out.produced >= out.frames and not out.step:
        return never
    return min(op.wanted(values, out, index), never)


class _Run:
    """The schedule of one window, or with `step` of each value, of a stream."""

    def __init__(self, program: Program, strip: int, step: list[int] | None = None):
        self.ops, self.strip = program.operators, strip
        shapes = program.shapes()
        self.values = [Value(t, f * c) for t, f, c in shapes]
        for i, op in enumerate(self.ops):
            if op.SUMS:
                self.values[i + 1].sums = 4 * shapes[i + 1][2]
            self.values[i + 1].frame_bytes *= op.NUMBER_BYTES
        for value, n in zip(self.values, step or [], strict=False):
            value.step = n
        self.distances = Distances(self.values)
        # of each value, by operator, the first frame that it will still read
        self.reads: list[dict[int, int]] = [{} for _ in self.values]
        for i in range(len(self.ops)):
            self.read_next(i)

    def read_next(self, i: int) -> None:
        """Find what operator i will still read."""
        for v in self.ops[i].inputs():
            self.reads[v][i] = _wanted(self.ops[i], self.values, self.values[i + 1], v)

    def needed(self, v: int, without: int = -1) -> int:
        """First frame of a value that some operator will still read; `without` is not asked."""
        least = self.values[v].produced
        for i, first in self.reads[v].items():
            if first < least and i != without:
                least = first
        return least

    def span(self, v: int, first: int, end: int) -> tuple[int, int]:
        """Bytes of frames `first` to `end`, counted from where the value lies."""
        value = self.values[v]
        return (first - value.base) * value.frame_bytes, (end - value.base) * value.frame_bytes

    def kept(self, v: int, needed: int) -> tuple[int, int] | None:
        """The live bytes of a value of which frames before `needed` are dead; None where none is live.

        A pool's sums, which lie before its output, are live from its first frame on.
        """
        value = self.values[v]
        if value.summed and not needed:
            return -value.sums, value.frame_bytes
        return self.span(v, needed, value.produced) if needed < value.produced else None

    def finish(self) -> None:
        """Run the strips that are left of the window."""
        features = self.values[0]
        while features.produced < features.frames:
            features.produced = min(features.produced + self.strip, features.frames)
            for i, op in enumerate(self.ops):
                ready = _ready(op, self.values, self.values[i + 1])
                if ready > self.values[i + 1].produced or op.SUMS:
                    self.write(i, ready)
            self.slide()

    def write(self, i: int, ready: int) -> None:
        """Let operator i write all frames up to `ready`."""
        op, out = self.ops[i], self.values[i + 1]
        pool = op.SUMS
        over = [v for v in op.overwritable() if v]  # the features are the caller's
        written = (-out.sums, out.frame_bytes) if pool else self.span(i + 1, out.produced, ready)
        if out is self.values[-1]:
            written = 0, 0  # to the caller
        live = written[1] - written[0]
        for v, value in enumerate(self.values[1:-1], 1):
            needed = self.needed(v)
            kept = self.kept(v, needed)
            if v == i + 1:
                kept = None if pool else kept
            elif v in over and value.base == out.base:
                # at the same place a frame is read before it is written over
                later = self.kept(v, max(needed, min(self.needed(v, without=i), ready)))
                self.distances.clash(i + 1, written, v, kept, shared=True)
                self.distances.clash(i + 1, written, v, later)
                kept = later
            else:
                self.distances.clash(i + 1, written, v, kept)
            live += kept[1] - kept[0] if kept else 0
        self.distances.live = max(self.distances.live, live)
        if pool:
            out.summed = self.values[op.source].produced
        out.produced = ready
        self.read_next(i)
        out.columns = max(out.columns, ready - out.base)

    def slide(self) -> None:
        """Move what is kept to the start of its buffer, the last value first."""
        needed = [self.needed(v) for v in range(len(self.values))]
        for v in range(len(self.values) - 2, 0, -1):
            value = self.values[v]
            if not value.base < needed[v] < value.produced:
                continue
            moved = self.span(v, value.base, value.base + value.produced - needed[v])
            for u, other in enumerate(self.values[1:-1], 1):
                kept = self.kept(u, needed[u])
                if kept and u > v and kept[0] > 0:  # it has moved
                    kept = self.span(u, other.base, other.base + other.produced - needed[u])
                if u != v:
                    self.distances.clash(v, moved, u, kept)
        for value, first in zip(self.values, needed, strict=True):
            value.base = max(value.base, first)

    def hop(self, step: list[int]) -> None:
        """Run the last hop of the next window, unless that begins behind what is kept."""
        if any(self.needed(v) < n for v, n in enumerate(step)):
            return
        for v, (value, n) in enumerate(zip(self.values, step, strict=True)):
            value.step = n
            value.base = value.base - n if n else 0
            value.produced = value.produced - n if n else 0
            if value.summed:
                value.summed = self.values[self.ops[v - 1].source].produced
        for i in range(len(self.ops)):
            self.read_next(i)
        self.finish()


def distances(program: Program, strip: int) -> Distances:
    """In windows by themselves, and where the network can, in a stream with windows of any hop."""
    window = _Run(program, strip)
    window.finish()
    frames = program.input.frames
    streamed = {hop: found for hop in range(1, frames + 1) if (found := steps(program, hop))}
    if streamed:
        stride = min(streamed)
        stream = _Run(program, strip, streamed[stride])
        stream.finish()
        # among these each strip is that begins or ends anywhere in a longer hop
        for hop in range(stride, min(frames, math.lcm(stride, strip) + strip) + 1, stride):
            stream.hop(streamed[hop])
        window.distances.add(stream.distances)
    return window.distances
