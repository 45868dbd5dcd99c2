"""The memory plan: how many frames of each value are held, and where, while the network runs in strips.

The schedule below is the robot's (native/core/schedule.c): per strip, each operator computes every frame its inputs
allow; what no operator will read again is dropped at the end of the strip. Running it once for a whole window gives
each buffer's size and which buffers are never alive together; a first fit by size then places them.
"""

from dataclasses import dataclass

from host.format.program import Add, Conv2D, Gate, GlobalAveragePool, MaxPool, Operator, Plan, Program, Softmax, lag

# Frames per strip, and whether constants may be prepared when the model is opened. Strips of a hop of 200 ms make few
# calls of kernels that each have much to do; strips of two frames take the fewest bytes.
PLANS = {"small": (2, False), "fast": (20, True)}


@dataclass
class _Value:
    frames: int
    frame_bytes: int
    sums: int = 0  # bytes that a pool keeps before its output
    base: int = 0
    produced: int = 0
    summed: int = 0
    columns: int = 0


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


def _ready(op: Operator, values: list[_Value], out: _Value) -> int:
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


def _wanted(op: Operator, values: list[_Value], out: _Value, index: int, produced: int) -> int:
    """First frame of value `index` that the operator will still read."""
    never = values[index].frames
    if produced >= out.frames:
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


def _simulate(program: Program, strip: int):
    """Run the schedule; return the values, per value those alive while it is written, and its readers.

    Of what is alive, `hard` leaves out the moment at which an operator writes frames over those it has just read last.
    """
    ops = program.operators
    shapes = program.shapes()
    values = [_Value(t, f * c) for t, f, c in shapes]
    for i, op in enumerate(ops):
        if isinstance(op, GlobalAveragePool):
            values[i + 1].sums = 4 * shapes[i + 1][2]
        if op.__class__.__name__ == "Dense":
            values[i + 1].frame_bytes *= 2
    readers = [[i for i, op in enumerate(ops) if v in inputs(op)] for v in range(len(values))]
    clashes, hard = [set() for _ in values], [set() for _ in values]

    def needed(v: int, without: int = -1) -> int:
        least = values[v].produced
        for i in readers[v]:
            if i != without:
                least = min(least, _wanted(ops[i], values, values[i + 1], v, values[i + 1].produced))
        return least

    for fed in range(strip, shapes[0][0] + strip, strip):
        values[0].produced = min(fed, shapes[0][0])
        for i, op in enumerate(ops):
            out = values[i + 1]
            ready = _ready(op, values, out)
            pool = isinstance(op, GlobalAveragePool)
            if ready == out.produced and not pool:
                continue
            for v in range(1, len(values)):
                alive = needed(v) < values[v].produced or (values[v].summed and not values[v].produced)
                if v == i + 1 or not alive:
                    continue
                clashes[i + 1].add(v)
                clashes[v].add(i + 1)
                if not (v in overwritable(op) and values[v].base == out.base and needed(v, without=i) >= ready):
                    hard[i + 1].add(v)
                    hard[v].add(i + 1)
            if pool:
                out.summed = values[op.source].produced
            out.produced = ready
            out.columns = max(out.columns, ready - out.base)
        for v, value in enumerate(values):
            value.base = max(value.base, needed(v))
    return values, clashes, hard


def _share_in_place(ops, values, clashes, hard) -> list[int]:
    """For each value the one whose buffer it takes over: a gate or an add may write where it reads last."""
    owner = list(range(len(values)))
    for i, op in enumerate(ops):
        out = i + 1
        for v in overwritable(op):
            equal = values[v].columns == values[out].columns and values[v].frame_bytes == values[out].frame_bytes
            equal = equal and not values[v].sums  # a pool's output does not begin where its buffer does
            if equal and v not in hard[out] and not ((clashes[out] - {v}) & _group(owner, v)):
                owner[out] = owner[v]
                break
    return owner


def _group(owner: list[int], v: int) -> set[int]:
    return {u for u, o in enumerate(owner) if o == owner[v]}


def plan(program: Program, strip: int = 2, ahead: bool = False) -> Plan:
    """A plan in strips of `strip` feature frames; the fewest bytes that first fit by size finds."""
    values, clashes, hard = _simulate(program, strip)
    last = len(values) - 1  # the softmax writes to its caller
    assert isinstance(program.operators[-1], Softmax)
    owner = _share_in_place(program.operators, values, clashes, hard)
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
    return Plan(strip, tuple(columns), tuple(offsets), max(end for _, end in placed.values()), ahead)


def planned(program: Program, name: str, strip: int | None = None) -> Plan:
    """The plan of that name among PLANS, or one like it in strips of `strip` frames."""
    frames, ahead = PLANS[name]
    return plan(program, strip or frames, ahead)
