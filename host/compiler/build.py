"""From a program to the bytes of a model.bin, or to C source."""

from pathlib import Path

from host.base.files import write_own
from host.compiler.plan import planned
from host.engines.native import ModelError, NativeListener, NativeModel
from host.format import source
from host.format.file import MAGIC, read, write
from host.format.program import Program


def build(program: Program, plan: str = "fast", strip: int | None = None) -> bytes:
    """The model.bin of a program with the plan of that name, or with one like it in strips of `strip` frames."""
    return write(program, planned(program, plan, strip))


def planned_again(file: bytes, plan: str = "fast", strip: int | None = None) -> bytes:
    """A model.bin with another plan; FormatError or ModelError where it cannot be used."""
    NativeModel(file)
    return build(read(file)[0], plan, strip)


def c_source(stem: str, file: bytes) -> dict[str, str]:
    """A model.bin as C source: the text of each file, by the end of its name behind `stem`."""
    program, _ = read(file)
    model = NativeModel(file)
    try:
        listener = NativeListener(model, program.hop).memory
    except ModelError:  # it takes whole windows
        listener = 0
    return {".h": source.header(stem, file, program, model.memory, listener), ".c": source.array(stem, file)}


def write_model(path: Path, file: bytes) -> None:
    """Write a model.bin; Error where something else is in its place."""
    write_own(path, file, MAGIC, "model")
