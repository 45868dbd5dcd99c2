"""What a model.bin holds, as text for people."""

from host.base.text import printable
from host.compiler.plan import least
from host.engines.native import ModelError, NativeListener, NativeModel
from host.format.file import checksum, read
from host.format.program import Plan, Program


def listing(file: bytes, name: str) -> tuple[str, bool]:
    """What a file holds, and whether the C core takes it; of one that it refuses no more than why.

    name: what the file is called. FormatError where it cannot even be read.
    """
    program, plan = read(file)
    head = (
        f"{name}: {printable(program.name) or 'a model without a name'}, {len(file)} bytes, "
        f"format {file[4]}.{file[5]}, CRC-32 {checksum(file):08x}"
    )
    try:
        said = verdict(NativeModel(file), program)
    except OSError as error:
        return f"{head}\n\nnot verified: {error}", False
    except ModelError as error:
        return f"{head}\n\nREFUSED by the C core: {error}", False
    return "\n".join([head, *contents(program, plan), "", said]), True


def hearing(program: Program) -> list[str]:
    """Lines on what becomes of sound before the network and behind it."""
    c, s = program.frontend, program.listening
    high = c.edges[-1] * c.rate / 65536
    kind = f"{len(c.gains)} MFCCs of {c.bands} mel bands" if c.gains else f"{c.bands} mel bands"
    window = ((c.frames - 1) * c.hop + c.frame) * 1000 // c.rate
    return [
        f"hears      {', '.join(map(printable, program.labels))}",
        f"front end  {c.rate} Hz, {c.frame} samples every {c.hop}, {kind}, "
        f"{c.edges[0] * c.rate / 65536:.0f} to {high:.0f} Hz; window of {c.frames} frames ({window} ms)",
        f"listening  a window every {s.hop} ms; a command leads {s.votes} of {s.history} with a mean of "
        f"{100 * s.threshold / 65535:.0f} %; then deaf for {s.cooldown} ms; gate at RMS {s.gate}",
    ]


def contents(program: Program, plan: Plan) -> list[str]:
    """Lines on all that a verified file holds."""
    shapes, macs = program.shapes(), program.multiply_adds()
    lines = [
        *(hearing(program) if program.hears else [f"tells      {', '.join(map(printable, program.labels))}"]),
        f"network    {program.weights():,} weights, {sum(macs):,} multiply-adds per window",
        f"plan       {'fast' if plan.ahead else 'small'}: strips of {plan.strip} frames in {plan.arena} bytes of "
        f"arena, of which {least(program, plan.strip)} live at one time",
        "",
        "value  operator           frames x bands x channels  multiply-adds  held     at",
        f"{0:>5}  {'features' if program.hears else 'input':<18} {_shape(shapes[0]):>25}",
    ]
    for i, op in enumerate(program.operators):
        held = f"{plan.columns[i]:>4} {plan.offsets[i]:>6}" if plan.columns[i] else f"{'-':>4} {'-':>6}"
        what = f"{i + 1:>5}  {type(op).__name__:<18} {_shape(shapes[i + 1]):>25}  {macs[i] or '':>13}"
        lines.append(f"{what}  {held}  {op.describe()}")
    return lines


def _shape(shape: tuple[int, int, int]) -> str:
    return " x ".join(map(str, shape))


def verdict(model: NativeModel, program: Program) -> str:
    """What the C core says of a file that it takes: the memory, and whether it can listen to a stream."""
    uses = ", ".join(f"{name} {size}" for name, size in model.memory.items())
    said = f"verified by the C core; memory in bytes: {uses}, together {sum(model.memory.values())}"
    if not program.hears:
        return said
    try:
        NativeListener(model, program.hop)
        stream = f"only what is new in it, {program.hop} frames"
    except ModelError as refused:
        stream = f"all of it: {refused}"
    return f"{said}\nof each window in a stream it computes {stream}"
