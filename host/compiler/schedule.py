"""When each operator runs and which frames of each value are held meanwhile: native/core/schedule.c in Python.

A window passes through the network in strips of a few feature frames. Per strip each operator computes every frame its
inputs allow; what no operator will read again is dropped at the strip's end. On a stream nothing ends: of a window only
the last hop runs, and values keep what the next hop reads.
"""

from dataclasses import dataclass, field

from host.format.program import Add, Conv2D, Dense, Gate, GlobalAveragePool, MaxPool, Operator, Program, Softmax, lag


@dataclass
class Value:
    """What of a value is in memory while the schedule runs; frames count from the start of the window."""

    frames: int  # in a window
    frame_bytes: int
    sums: int = 0  # bytes that a pool keeps before its output
    step: int = 0  # frames between the windows of a stream; 0 behind the pool, and in a window by itself
    base: int = 0
    produced: int = 0
    summed: int = 0
    columns: int = 0  # the most frames held so far


@dataclass
class Lifetimes:
    """What a plan must respect: `columns` frames of each value, and for each value those alive while it is written.

    Of what is alive, `hard` leaves out the moment at which an operator writes frames over those it has just read last.
    """

    values: list[Value]
    clashes: list[set[int]] = field(default_factory=list)
    hard: list[set[int]] = field(default_factory=list)

    def add(self, other: "Lifetimes") -> None:
        """Respect the other's too."""
        for v, value in enumerate(self.values):
            value.columns = max(value.columns, other.values[v].columns)
            self.clashes[v] |= other.clashes[v]
            self.hard[v] |= other.hard[v]


def inputs(op: Operator) -> list[int]:
    """Values that an operator reads."""
    match op:
        case Gate():
            return [op.source, op.attention] + ([] if op.residual is None else [op.residual])
        case Add():
            return [op.source, op.other]
        case _:
            return [op.source]


def overwritable(op: Operator) -> list[int]:
    """Values that an operator may write over while it reads them: it works value by value on them."""
    match op:
        case Gate(residual=None) | Add():
            found = [op.source]
        case Gate():
            found = [op.source, op.residual]
        case _:
            found = []
    return [v for v in found if v]  # the features are the caller's


def steps(program: Program, hop: int) -> list[int] | None:
    """For windows `hop` feature frames apart, how many frames that is of each value, 0 behind the pool.

    None where the network cannot run on a stream: something but one global average pool needs a whole window, or the
    hop is no multiple of the strides.
    """
    found, pooled = [hop], False
    for op in program.operators:
        step, by = found[op.source], 1
        match op:
            case Conv2D():
                by = op.stride[0]
            case MaxPool():
                by = op.size[0]
            case Gate():
                others = [found[op.attention] * op.factor[0]] + ([] if op.residual is None else [found[op.residual]])
                if any(other != step for other in others):
                    return None
            case Add():
                if found[op.other] * op.factor[0] != step:
                    return None
            case GlobalAveragePool():
                if pooled or not step:
                    return None
                pooled, step = True, 0
            case Dense() | Softmax():
                if step:
                    return None
        if step % by:
            return None
        found.append(step // by)
    return found


def _ready(op: Operator, values: list[Value], out: Value) -> int:
    """Frames that an operator can have produced, in all."""
    x = values[op.source].produced
    match op:
        case Conv2D():
            x = max(0, (x - op.weight.shape[1]) // op.stride[0] + 1)
        case MaxPool():
            x //= op.size[0]
        case Gate():
            x = min(x, values[op.attention].produced * op.factor[0])
            if op.residual is not None:
                x = min(x, values[op.residual].produced)
        case Add():
            x = min(x, max(0, values[op.other].produced * op.factor[0] - lag(op, values[op.other].frames, out.frames)))
        case GlobalAveragePool():
            x = int(x == values[op.source].frames)
    return min(x, out.frames)


def _wanted(op: Operator, values: list[Value], out: Value, index: int) -> int:
    """First frame of value `index` that the operator will still read."""
    produced, never = out.produced, values[index].frames
    if produced >= out.frames and not out.step:
        return never
    first = never
    if index == op.source:
        match op:
            case Conv2D():
                first = produced * op.stride[0]
            case MaxPool():
                first = produced * op.size[0]
            case GlobalAveragePool():
                first = out.summed
            case _:
                first = produced
    if isinstance(op, Gate) and index == op.attention:
        first = min(first, produced // op.factor[0])
    if isinstance(op, Gate) and index == op.residual:
        first = min(first, produced)
    if isinstance(op, Add) and index == op.other:
        first = min(first, (produced + lag(op, values[index].frames, out.frames)) // op.factor[0])
    return min(first, never)


class _Run:
    """The schedule of one window, or with `step` of each value, of a stream."""

    def __init__(self, program: Program, strip: int, step: list[int] | None = None):
        self.ops, self.strip = program.operators, strip
        shapes = program.shapes()
        self.values = [Value(t, f * c) for t, f, c in shapes]
        for i, op in enumerate(self.ops):
            if isinstance(op, GlobalAveragePool):
                self.values[i + 1].sums = 4 * shapes[i + 1][2]
            if isinstance(op, Dense):
                self.values[i + 1].frame_bytes *= 2
        for value, n in zip(self.values, step or [], strict=False):
            value.step = n
        self.readers = [[i for i, op in enumerate(self.ops) if v in inputs(op)] for v in range(len(self.values))]
        self.lives = Lifetimes(self.values, [set() for _ in self.values], [set() for _ in self.values])

    def needed(self, v: int, without: int = -1) -> int:
        """First frame of a value that some operator, but for one, will still read."""
        least = self.values[v].produced
        for i in self.readers[v]:
            if i != without:
                least = min(least, _wanted(self.ops[i], self.values, self.values[i + 1], v))
        return least

    def finish(self) -> None:
        """Run the strips that are left of the window."""
        features = self.values[0]
        while features.produced < features.frames:
            features.produced = min(features.produced + self.strip, features.frames)
            for i, op in enumerate(self.ops):
                ready = _ready(op, self.values, self.values[i + 1])
                if ready > self.values[i + 1].produced or isinstance(op, GlobalAveragePool):
                    self.write(i, ready)
            for v, value in enumerate(self.values):
                value.base = max(value.base, self.needed(v))

    def write(self, i: int, ready: int) -> None:
        """Let operator i write all frames up to `ready`."""
        op, out = self.ops[i], self.values[i + 1]
        for v, value in enumerate(self.values):
            alive = self.needed(v) < value.produced or (value.summed and not value.produced)
            if v in (0, i + 1) or not alive:
                continue
            self.lives.clashes[i + 1].add(v)
            self.lives.clashes[v].add(i + 1)
            if not (v in overwritable(op) and value.base == out.base and self.needed(v, without=i) >= ready):
                self.lives.hard[i + 1].add(v)
                self.lives.hard[v].add(i + 1)
        if isinstance(op, GlobalAveragePool):
            out.summed = self.values[op.source].produced
        out.produced = ready
        out.columns = max(out.columns, ready - out.base)

    def advance(self) -> bool:
        """Let frames count from the start of the next window; False where that does not begin within what is kept."""
        if any(self.needed(v) < value.step for v, value in enumerate(self.values)):
            return False
        for v, value in enumerate(self.values):
            value.base = max(0, value.base - value.step) if value.step else 0
            value.produced = value.produced - value.step if value.step else 0
            if value.summed:
                value.summed = self.values[self.ops[v - 1].source].produced
        self.values[0].base = 0
        return True


def lifetimes(program: Program, strip: int, hop: int) -> Lifetimes:
    """Of windows by themselves, and where the network can, of a stream with windows `hop` feature frames apart."""
    window = _Run(program, strip)
    window.finish()
    step = steps(program, hop)
    if step:
        stream = _Run(program, strip, step)
        stream.finish()
        if stream.advance():
            stream.finish()
            window.lives.add(stream.lives)
    return window.lives
