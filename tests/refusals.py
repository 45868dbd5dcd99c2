"""Small files, each with one fault, beside its twin that just has it not: a pair for each check of the C core's loader.

`ENVELOPE` here, and the tables of tests/refused_networks.py and tests/refused_sums.py, map what is wrong to the status
that the loader must give, the refused file, and the twin that it must take. Where a limit is a number, the twin meets
it exactly.
"""

import struct
from dataclasses import replace

import numpy as np

from host.format.file import _record, _sections, frontend_section, with_checksum, write
from host.format.program import FrontEnd, Plan, Program
from host.operators import Add, Conv2D, Dense, DilatedConv2D, Gate, GlobalAveragePool, Operator, Softmax

INT32_MAX = 2**31 - 1


def frontend(frames: int = 8, bands: int = 4, **changes) -> FrontEnd:
    found = FrontEnd(16000, 480, 160, frames, tuple(1 + 127 * i for i in range(bands + 2)), 7000, 150 << 20, zero=0)
    return replace(found, **changes)


def conv(
    source: int = 0, inputs: int = 1, channels: int = 1, t: int = 1, f: int = 1, groups: int = 1, **more
) -> Conv2D:
    """A convolution; its weights are 0 unless given."""
    more = {"weight": np.zeros((channels, t, f, inputs // groups), np.int8), "shift": 8, "zero": 0} | more
    more = {"bias": np.zeros(channels, np.int16), "mult": np.ones(channels, np.uint8)} | more
    return Conv2D(source, groups=groups, **more)


def dilated(dilation: int, **more) -> DilatedConv2D:
    return DilatedConv2D(**vars(conv(**more)), dilation=dilation)


def affine(channels: int = 1, **more) -> dict:
    """Constants of a gate or an add, but for the factor of its other input."""
    zeros = np.zeros(channels, np.int16)
    return {"mult": zeros, "bias": zeros, "shift": 8, "zero": 0} | more


def gate(source: int, attention: int, channels: int = 1, **more) -> Gate:
    return Gate(source, attention, **affine(channels, slope=np.zeros(channels, np.int16)) | more)


def add(source: int, other: int, channels: int = 1, **more) -> Add:
    return Add(source, other, **affine(channels, other_mult=np.zeros(channels, np.int16)) | more)


def mean(source: int, **more) -> GlobalAveragePool:
    return GlobalAveragePool(source, **{"mult": 1, "shift": 8, "zero": 0} | more)


def dense(source: int, inputs: int = 1, classes: int = 2, **more) -> Dense:
    more = {"weight": np.zeros((classes, inputs), np.int8), "shift": 8} | more
    return Dense(source, **{"bias": np.zeros(classes, np.int16), "mult": np.ones(classes, np.uint8)} | more)


def network(*operators: Operator, channels: int = 1, labels=("a", "b"), heard: FrontEnd | None = None) -> Program:
    """These operators, of which the last writes so many channels; then pool, dense layer and softmax."""
    n = len(operators)
    ending = mean(n), dense(n + 1, channels, len(labels)), Softmax(n + 2)
    return Program(heard or frontend(), [*operators, *ending], labels)


def apart(program: Program, room: int = 4096, strip: int = 1000) -> Plan:
    """A plan in which each value has so many bytes of its own, far more than it takes; the last is the caller's."""
    n = len(program.operators)
    return Plan(strip, (*[65535] * (n - 1), 0), tuple(room * i for i in range(n)), room * n)


def file_of(program: Program, planned: Plan | None = None, more: bytes = b"", **changed: bytes | None) -> bytes:
    """The program's file; sections in `changed` take the place of its own, or are left out; `more` follows them."""
    found = _sections(write(program, planned or apart(program)))
    found = {tag: data for tag, data in (found | changed).items() if data is not None}
    body = b"".join(section(tag, data) for tag, data in found.items())
    return with_checksum(b"TYMP" + bytes([1, 0, 0, 0]) + bytes(8) + body + more)


def section(tag: str, data: bytes) -> bytes:
    return tag.encode() + struct.pack("<I", len(data)) + data + bytes(-len(data) % 4)


def records(
    program: Program, count: int | None = None, more: bytes = b"", strip: int = 1000, arena: int | None = None
) -> bytes:
    """The payload of "OPER"; count: what it says of operators, if not how many there are."""
    planned = apart(program)
    packed = [_record(*item) for item in zip(program.operators, planned.columns, planned.offsets, strict=True)]
    head = struct.pack(
        "<2BHI", len(packed) if count is None else count, 0, strip, planned.arena if arena is None else arena
    )
    return head + b"".join(packed) + more


def patched(program: Program, index: int, at: int, data: bytes, **sections) -> bytes:
    """The program's file with bytes of the record of operator `index` changed."""
    oper = records(program)
    start = 8 + sum(len(_record(op, 0, 0)) for op in program.operators[:index])
    return file_of(program, OPER=oper[: start + at] + data + oper[start + at + len(data) :], **sections)


SOUND = network(conv())
FILE = file_of(SOUND)


def header(at: int, data: bytes, valid: bool = True) -> bytes:
    file = FILE[:at] + data + FILE[at + len(data) :]
    return with_checksum(file) if valid else file


ENVELOPE = {
    "nothing": ("TRUNCATED", b"", FILE),
    "less than a tag": ("TRUNCATED", b"\x89PN", FILE),
    "the tag alone": ("TRUNCATED", FILE[:4], FILE),
    "another tag alone": ("MAGIC", b"\x89PNG", FILE),
    "all but a byte of the header": ("TRUNCATED", FILE[:15], FILE),
    "the header alone": ("CHUNK", with_checksum(FILE[:16]), FILE),
    "another kind of file": ("MAGIC", header(0, b"tYMP"), FILE),
    "an older version": ("VERSION", header(4, b"\0"), FILE),
    "a newer version": ("VERSION", header(4, b"\2"), FILE),
    "a file for newer readers": ("VERSION", header(5, b"\2"), header(5, b"\1")),
    "a byte too few": ("TRUNCATED", FILE[:-1], FILE),
    "a byte too many": ("OVERSIZED", FILE + b"\0", FILE),
    "the first byte that the checksum covers": ("CHECKSUM", header(5, b"\1", valid=False), header(5, b"\1")),
    "the checksum itself": ("CHECKSUM", header(12, bytes([FILE[12] ^ 1]), valid=False), FILE),
    "the last byte": ("CHECKSUM", FILE[:-1] + bytes([FILE[-1] ^ 1]), FILE),
    "a byte behind the sections": ("CHUNK", file_of(SOUND, more=b"n"), FILE),
    "a section's head but for a byte": (
        "CHUNK",
        file_of(SOUND, more=section("name", b"")[:7]),
        file_of(SOUND, more=section("name", b"")),
    ),
    "a section longer than the file": (
        "CHUNK",
        file_of(SOUND, more=b"name\5\0\0\0abcd"),
        file_of(SOUND, more=b"name\4\0\0\0abcd"),
    ),
    "a section of 2^32 - 1 bytes": ("CHUNK", file_of(SOUND, more=b"name\xff\xff\xff\xff"), FILE),
    "a section without its padding": (
        "CHUNK",
        file_of(SOUND, more=b"name\1\0\0\0a"),
        file_of(SOUND, more=b"name\1\0\0\0a\0\0\0"),
    ),
    "an unknown section that matters": (
        "CHUNK",
        file_of(SOUND, more=section("NAME", b"")),
        file_of(SOUND, more=section("name", b"")),
    ),
    "a tag before a": ("CHUNK", file_of(SOUND, more=section("`ame", b"")), file_of(SOUND, more=section("aame", b""))),
    "a tag behind z": ("CHUNK", file_of(SOUND, more=section("{ame", b"")), file_of(SOUND, more=section("zame", b""))),
}
for tag, data in _sections(FILE).items():
    ENVELOPE[f"no {tag}"] = "CHUNK", file_of(SOUND, **{tag: None}), FILE
    ENVELOPE[f"two of {tag}"] = "CHUNK", file_of(SOUND, more=section(tag, data)), FILE


def given(frames: int = 8, bands: int = 4, channels: int = 1, zero: int = 0) -> bytes:
    """The payload of "INPT"."""
    return struct.pack("<H3B3x", frames, bands, channels, zero)


def shown(data: bytes, channels: int = 1, more: bytes = b"", **changed) -> bytes:
    """A file whose input is no sound."""
    return file_of(network(conv(inputs=channels)), more=more, **({"FRNT": None, "LSTN": None, "INPT": data} | changed))


SHOWN = shown(given())
INPUTS = {
    "an input of nothing at the end of the file": (shown(given(), INPT=None, more=section("INPT", b"")), SHOWN),
    "an input but for its last byte": (shown(given()[:7]), SHOWN),
    "an input and a byte": (shown(given() + b"\0"), SHOWN),
    "an input of no frames": (shown(given(frames=0)), shown(given(frames=1))),
    "an input of 1001 frames": (shown(given(frames=1001)), shown(given(frames=1000))),
    "an input of no bands": (shown(given(bands=0)), shown(given(bands=1))),
    "an input of no channels": (shown(given(channels=0)), shown(given(channels=255), 255)),
}
ENVELOPE |= {name: ("FRONTEND", *files) for name, files in INPUTS.items()}
ENVELOPE |= {
    "sound and another input": ("CHUNK", file_of(SOUND, INPT=given()), SHOWN),
    "an input alone": ("CHUNK", shown(given(), OPER=None), SHOWN),
    "an input without labels": ("CHUNK", shown(given(), LABL=None), SHOWN),
    "two inputs": ("CHUNK", shown(given(), more=section("INPT", given())), SHOWN),
    "an input with bad listening": ("LISTENING", shown(given(), LSTN=bytes(12)), SHOWN),
}


def hearing(heard: FrontEnd, cut: int = 0, more: bytes = b"") -> bytes:
    """A file with this front end, its section cut by some bytes or followed by some."""
    program = network(conv(), heard=heard)
    data = frontend_section(heard)
    return file_of(program, FRNT=data[: len(data) - cut] + more)


def mfcc(**changes) -> FrontEnd:
    """Three coefficients of four bands."""
    return frontend(**{"gains": (1, 1, 1), "offsets": (0, 0, 0), "shift": 8} | changes)


def edges(*found: int) -> FrontEnd:
    return replace(frontend(), edges=found)


GAIN = 20971  # the largest; with it the offset may be
ROOM = INT32_MAX - 102400 * GAIN
DCT = INT32_MAX - 4 * 255 * 100  # the largest offset of a coefficient with a gain of 100
FRONTENDS = {
    "front end of nothing at the end of the file": (file_of(SOUND, FRNT=None, more=section("FRNT", b"")), FILE),
    "front end but for its last byte": (hearing(frontend(), cut=1), hearing(frontend())),
    "front end and two bytes": (hearing(frontend(), more=b"\0\0"), hearing(frontend())),
    "front end without its gains": (hearing(mfcc(), cut=6), hearing(mfcc())),
    "rate of 8 kHz": (hearing(frontend(rate=8000)), FILE),
    "frame of 15": (hearing(frontend(frame=15, hop=15)), hearing(frontend(frame=16, hop=16))),
    "frame of 513": (hearing(frontend(frame=513)), hearing(frontend(frame=512))),
    "hop of nothing": (hearing(frontend(hop=0)), hearing(frontend(hop=16))),
    "hop of half a millisecond": (hearing(frontend(hop=24)), hearing(frontend(hop=32))),
    "hop longer than the frame": (hearing(frontend(frame=159, hop=160)), hearing(frontend(frame=160, hop=160))),
    "no frames": (hearing(frontend(frames=0)), hearing(frontend(frames=1))),
    "1001 frames": (hearing(frontend(frames=1001)), hearing(frontend(frames=1000))),
    "no bands": (hearing(frontend(bands=0)), hearing(frontend(bands=1))),
    "more coefficients than bands": (
        hearing(mfcc(gains=(1,) * 5, offsets=(0,) * 5)),
        hearing(mfcc(gains=(1,) * 4, offsets=(0,) * 4)),
    ),
    "a shift by 31": (hearing(frontend(shift=31)), hearing(frontend(shift=30))),
    "two edges in one place": (hearing(edges(1, 2, 3, 3, 5, 6)), hearing(edges(1, 2, 3, 4, 5, 6))),
    "the last edges descend": (hearing(edges(1, 2, 3, 4, 6, 5)), hearing(edges(1, 2, 3, 4, 5, 6))),
    "the first edges in one place": (hearing(edges(0, 0, 3, 4, 5, 6)), hearing(edges(0, 1, 3, 4, 5, 6))),
    "a first segment of more than 64 bins": (
        hearing(edges(0, 8193, 8194, 8195, 8196, 8197)),
        hearing(edges(0, 8192, 8193, 8194, 8195, 8196)),
    ),
    "a last segment of more than 64 bins": (hearing(edges(0, 1, 2, 3, 4, 8197)), hearing(edges(0, 1, 2, 3, 4, 8196))),
    "an edge beyond bin 255": (
        hearing(edges(32631, 32633, 32635, 32637, 32639, 32641)),
        hearing(edges(32631, 32633, 32635, 32637, 32639, 32640)),
    ),
    "a steep log": (
        hearing(frontend(log_gain=GAIN, log_offset=ROOM + 1)),
        hearing(frontend(log_gain=GAIN, log_offset=ROOM)),
    ),
    "a log that falls too far": (
        hearing(frontend(log_gain=-GAIN, log_offset=-ROOM - 1)),
        hearing(frontend(log_gain=-GAIN, log_offset=-ROOM)),
    ),
    "the least of all log offsets": (
        hearing(frontend(log_gain=0, log_offset=-INT32_MAX - 1)),
        hearing(frontend(log_gain=0, log_offset=-INT32_MAX)),
    ),
    "the least of all log gains": (hearing(frontend(log_gain=-INT32_MAX - 1)), FILE),
    "a DCT's gain that rounds beyond 16 bits": (
        hearing(mfcc(gains=(1, 1, -32768))),
        hearing(mfcc(gains=(1, 1, -32767))),
    ),
    "a DCT that overflows": (
        hearing(mfcc(gains=(1, 1, 100), offsets=(0, 0, DCT + 1))),
        hearing(mfcc(gains=(1, 1, 100), offsets=(0, 0, DCT))),
    ),
    "a DCT that underflows": (
        hearing(mfcc(gains=(-100, 1, 1), offsets=(-DCT - 1, 0, 0))),
        hearing(mfcc(gains=(-100, 1, 1), offsets=(-DCT, 0, 0))),
    ),
}
ENVELOPE |= {name: ("FRONTEND", *files) for name, files in FRONTENDS.items()}


def labelled(*labels: bytes, count: int | None = None, classes: int | None = None, end: bytes = b"\0") -> bytes:
    """A file with these labels, and as many classes; count: what the section says of them."""
    n = len(labels) if count is None else count
    program = network(conv(), labels=("x",) * (n if classes is None else classes))
    return file_of(program, LABL=bytes([n]) + b"\0".join(labels) + end)


PLAIN = labelled(b"a", b"b")
LABELS = {
    "a section of no labels at the end of the file": (file_of(SOUND, LABL=None, more=section("LABL", b"")), FILE),
    "half a letter at the end of the file": (file_of(SOUND, LABL=None, more=section("LABL", b"\2a\0\xc3")), FILE),
    "no labels": (file_of(SOUND, LABL=b"\0"), labelled(b"a")),
    "a first label of nothing": (labelled(b"", b"b"), PLAIN),
    "a last label of nothing": (labelled(b"a", b""), PLAIN),
    "a label more than it says": (labelled(b"a", b"b", b"c", count=2), PLAIN),
    "a label less than it says": (labelled(b"a", b"b", count=3), PLAIN),
    "a label without an end": (labelled(b"a", b"b", b"c", count=2, end=b""), PLAIN),
    "a label more than classes": (labelled(b"a", b"b", b"c", classes=2), PLAIN),
    "a label less than classes": (labelled(b"a", b"b", classes=3), PLAIN),
}
# the first bytes that are no UTF-8, beside the nearest that are
for wrong, right in {
    "80": "7f",
    "bf": "7f",
    "c080": "c280",
    "c1bf": "c280",
    "f5808080": "f48fbfbf",
    "ff": "7f",
    "e09fbf": "e0a080",
    "eda080": "ed9fbf",
    "f08fbfbf": "f0908080",
    "f4908080": "f48fbfbf",
    "c27f": "c280",
    "c2c0": "c2bf",
    "dfc0": "dfbf",
    "e1807f": "e18080",
    "efbfc0": "efbfbf",
    "e17f80": "eebfbf",
    "f18080c0": "f18080bf",
    "f1807f80": "f1808080",
    "f17f8080": "f3808080",
    "8080808080": "7f",
    "c180808080": "c280",
    "f580808080": "f48fbfbf",
    "ff80808080": "7f",
    "c3": "c3a9",
    "e282": "e282ac",
    "f09f98": "f09f9880",
}.items():
    LABELS[f"a label of bytes {wrong}"] = (labelled(b"a", bytes.fromhex(wrong)), labelled(b"a", bytes.fromhex(right)))
ENVELOPE |= {name: ("LABELS", *files) for name, files in LABELS.items()}


def listening(hop: int = 10, history: int = 5, votes: int = 3, cut: int = 0, more: bytes = b"") -> bytes:
    data = struct.pack("<4H2BH", hop, 0, 0, 0, history, votes, 0)
    return file_of(SOUND, LSTN=data[: 12 - cut] + more)


LISTENING = {
    "listening of nothing at the end of the file": (file_of(SOUND, LSTN=None, more=section("LSTN", b"")), listening()),
    "listening but for its last byte": (listening(cut=1), listening()),
    "listening and a byte": (listening(more=b"\0"), listening()),
    "a hop of 9 ms": (listening(hop=9), listening(hop=10)),
    "no history": (listening(history=0, votes=0), listening(history=1, votes=1)),
    "votes without history": (listening(history=0, votes=1), listening(history=1, votes=1)),
    "no votes": (listening(votes=0), listening(votes=1)),
    "more votes than history": (listening(history=5, votes=6), listening(history=5, votes=5)),
}
ENVELOPE |= {name: ("LISTENING", *files) for name, files in LISTENING.items()}
