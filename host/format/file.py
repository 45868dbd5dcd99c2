"""model.bin on the host: write a program and its plan, read them back.

The format is drawn in native/core/file/model.c.
"""

import struct
import zlib

import numpy as np

from host.format.program import FrontEnd, Input, Listening, Plan, Program
from host.operators import KINDS, Operator
from host.operators.operator import Head, Shape
from host.operators.record import FormatError, Reader, little

MAGIC = b"TYMP"
MAJOR, MINOR = 1, 1  # of what is read; a file states the lowest minor version that it needs
HEADER, CHUNK_HEAD = 16, 8


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def checksum(file: bytes) -> int:
    """CRC-32 of a file but for the checksum itself."""
    return zlib.crc32(file[HEADER:], zlib.crc32(file[:12]))


def with_checksum(file: bytes) -> bytes:
    """The file with its size and checksum made right."""
    sized = file[:8] + struct.pack("<I", len(file)) + file[12:]
    return sized[:12] + struct.pack("<I", checksum(sized)) + sized[HEADER:]


def frontend_section(c: FrontEnd) -> bytes:
    """The payload of "FRNT"."""
    head = struct.pack(
        "<4H4B2i", c.rate, c.frame, c.hop, c.frames, c.bands, len(c.gains), c.shift, c.zero, c.log_gain, c.log_offset
    )
    return (
        head
        + np.array(c.offsets, "<i4").tobytes()
        + np.array(c.edges, "<u2").tobytes()
        + np.array(c.gains, "<i2").tobytes()
    )


def _record(op: Operator, columns: int, offset: int) -> bytes:
    shift = getattr(op, "shift", 0)
    head = struct.pack("<4B2H", op.KIND, op.source, op.zero, shift, columns, offset // 4)
    extra, arrays = op.record()
    return _padded(head + extra + b"".join(map(little, arrays)))


def write(program: Program, plan: Plan) -> bytes:
    """The bytes of a model.bin; FormatError where a number is beyond what the file can say."""
    try:
        return with_checksum(_contents(program, plan))
    except struct.error as error:
        raise FormatError(f"too large for a model.bin ({error}); take fewer channels or shorter strips") from error


def _contents(program: Program, plan: Plan) -> bytes:
    """The file but for its checksum."""
    records = [_record(*item) for item in zip(program.operators, plan.columns, plan.offsets, strict=True)]
    operators = struct.pack("<2BHI", len(records), plan.ahead, plan.strip, plan.arena) + b"".join(records)
    labels = bytes([len(program.labels)]) + b"".join(w.encode() + b"\0" for w in program.labels)
    c, s = program.input, program.listening
    if isinstance(c, FrontEnd):
        listening = struct.pack("<4H2BH", s.hop, s.cooldown, s.threshold, s.gate, s.history, s.votes, 0)
        sections = [("FRNT", frontend_section(c)), ("OPER", operators), ("LABL", labels), ("LSTN", listening)]
    else:
        given = struct.pack("<H3BBH", c.frames, c.bands, c.channels, c.zero, 0, 0)
        sections = [("INPT", given), ("OPER", operators), ("LABL", labels)]
    if program.name:
        sections.append(("name", program.name.encode()))
    sections += program.notes.items()
    body = b"".join(tag.encode("latin-1") + struct.pack("<I", len(data)) + _padded(data) for tag, data in sections)
    return MAGIC + bytes([MAJOR, program.needs, 0, 0]) + bytes(8) + body


KNOWN = {"FRNT", "INPT", "OPER", "LABL", "LSTN"}  # sections that a reader must understand


def _sections(file: bytes) -> dict[str, bytes]:
    if file[:4] != MAGIC:
        raise FormatError("this is not a tympan model: it does not begin with TYMP")
    if len(file) < HEADER:
        raise FormatError(f"the file ends within its header, at {len(file)} bytes; copy it again")
    if file[4] != MAJOR:
        raise FormatError(
            f"the file is of format version {file[4]}, this reads version {MAJOR}; compile the model again"
        )
    if file[5] > MINOR:
        raise FormatError(
            f"the file needs a reader of version {MAJOR}.{file[5]}, this is {MAJOR}.{MINOR}; update tympan"
        )
    size, crc = struct.unpack("<II", file[8:HEADER])
    if size != len(file):
        raise FormatError(f"the header says {size} bytes, the file has {len(file)}; copy it again")
    if crc != checksum(file):
        raise FormatError("the checksum does not match: the file was damaged; copy it again")
    found, at = {}, HEADER
    while at < len(file):
        if len(file) - at < CHUNK_HEAD:
            raise FormatError(f"a section's head runs past the end of the file at byte {at}")
        tag, (size,) = file[at : at + 4], struct.unpack("<I", file[at + 4 : at + 8])
        padded = (size + 3) // 4 * 4
        if padded > len(file) - at - CHUNK_HEAD:
            raise FormatError(f"section {tag!r} runs past the end of the file")
        name = tag.decode("latin-1")
        if name in KNOWN and name in found:
            raise FormatError(f"section {name} is there twice")
        if name not in KNOWN and not "a" <= name[0] <= "z":
            raise FormatError(
                f"section {name!r} is of a newer format; update tympan, or compile the model for this one"
            )
        found[name] = file[at + CHUNK_HEAD : at + CHUNK_HEAD + size]
        at += CHUNK_HEAD + padded
    if "FRNT" in found and "INPT" in found:
        raise FormatError("sections FRNT and INPT are both there: the input is either sound or something else")
    missing = ({"OPER", "LABL"} if "INPT" in found else {"FRNT", "OPER", "LABL", "LSTN"}) - set(found)
    if missing:
        raise FormatError(f"section {', '.join(sorted(missing))} is missing")
    return found


def _read_frontend(data: bytes) -> FrontEnd:
    r = Reader(data)
    rate, frame, hop, frames, bands, count, shift, zero, log_gain, log_offset = r.take("4H4B2i")
    offsets, edges, gains = r.array("<i4", count), r.array("<u2", bands + 2), r.array("<i2", count)
    return FrontEnd(
        rate, frame, hop, frames, tuple(edges.tolist()), log_gain, log_offset,
        tuple(gains.tolist()), tuple(offsets.tolist()), shift, zero,
    )  # fmt: skip


def _read_input(data: bytes) -> Input:
    return Input(*Reader(data).take("H3B"))


def _read_operator(r: Reader, shapes: list[Shape]) -> tuple[Operator, int, int]:
    kind, source, zero, shift, columns, offset = r.take("4B2H")
    name = f"operator {len(shapes) - 1}"
    if source >= len(shapes):
        raise FormatError(f"{name} reads value {source}, which is not there yet")
    if kind not in KINDS:
        raise FormatError(f"{name} is of unknown kind {kind}")
    try:
        op = KINDS[kind].read(r, Head(source, zero, shift), shapes[source][2])
    except FormatError as error:
        raise FormatError(f"{name}: {error}") from error
    r.align()
    if max(op.inputs()) >= len(shapes):
        raise FormatError(f"{name} reads value {max(op.inputs())}, which is not there yet")
    return op, columns, offset * 4


def read(file: bytes) -> tuple[Program, Plan]:
    """The program and plan of a model.bin. Checks envelope and structure; the C core's verifier checks the rest."""
    found = _sections(file)
    source = _read_frontend(found["FRNT"]) if "FRNT" in found else _read_input(found["INPT"])
    r = Reader(found["OPER"])
    count, ahead, strip, arena = r.take("2BHI")
    shapes = [source.shape]
    operators, columns, offsets = [], [], []
    for _ in range(count):
        op, held, offset = _read_operator(r, shapes)
        operators.append(op)
        columns.append(held)
        offsets.append(offset)
        shapes.append(op.output_shape(shapes))
    data = found["LABL"]
    labels = data[1:].split(b"\0")[:-1]
    if not labels or len(labels) != data[0] or not all(labels) or not data.endswith(b"\0"):
        raise FormatError(f"{len(labels)} labels, some perhaps empty; the section announces {data[0] if data else 0}")
    listening = Listening()
    if "LSTN" in found:
        hop, cooldown, threshold, gate, history, votes, _ = Reader(found["LSTN"]).take("4H2BH")
        listening = Listening(hop, history, votes, threshold, cooldown, gate)
    try:
        words = tuple(w.decode() for w in labels)
    except UnicodeDecodeError as error:
        raise FormatError(f"a label is not UTF-8: {error}") from error
    name = found.get("name", b"").decode(errors="replace")  # it may be ignored, so it is no reason to refuse a file
    plan = Plan(strip, tuple(columns), tuple(offsets), arena, bool(ahead))
    notes = {tag: data for tag, data in found.items() if tag not in KNOWN | {"name"}}
    return Program(source, operators, words, listening, name, notes), plan
