"""A model.bin as C source, for firmware that has no file system: a constant array, and the memory it takes."""

import re

from host.base.text import of_word
from host.format.program import Program

MARK = "/* A tympan model as C source, written by python -m host.compile --emit c"
PER_LINE = 16


def identifier(stem: str) -> str:
    """A file's name as a C identifier of lower-case letters, digits and underscores."""
    name = re.sub(r"\W", "_", stem.lower(), flags=re.ASCII)
    return f"_{name}" if not name or name[0].isdigit() else name


def header(stem: str, file: bytes, program: Program, memory: dict[str, int], listener: int) -> str:
    """STEM.h: what the model hears and the sizes of all memory that is to be given to the core.

    memory: bytes of "tables", "arena" and "stream", as the core measures them. listener: bytes for windows of which
    only what is new is computed, 0 where the network cannot do with that.
    """
    name, c = identifier(stem), program.frontend
    bounds = {
        "BIN_BYTES": (len(file), "of the model"),
        "MEMORY_BYTES": (memory["tables"] + memory["arena"], "for tympan_model_open: tables and activations"),
        "STREAM_BYTES": (memory["stream"], "for tympan_stream_open: front end and window"),
        "LISTENER_BYTES": (
            listener,
            "for tympan_listener_open" if listener else "tympan_model_run takes whole windows",
        ),
        "HOP": (program.hop, f"frames of {c.hop * 1000 // c.rate} ms from window to window"),
        "LABELS": (len(program.labels), "probabilities that a window gives"),
    }
    defines = "".join(f"#define {f'{name.upper()}_{key} {n}':40} /* {text} */\n" for key, (n, text) in bounds.items())
    # a label may be any text, also one that would end the comment
    labels = ["".join(c if of_word(c) or c in " -" else "?" for c in label) for label in program.labels]
    words = "\n".join(f" *     {i:3}  {label}" for i, label in enumerate(labels))
    return f"""{MARK}; do not edit.
 *
 * It hears, in {c.rate} Hz int16, windows of {c.frames} frames of {c.width} features:
 *
{words}
 *
 * Build {stem}.c with tympan's native/core but for plain/, C99; docs/core.md says how, and
 * native/example/hear.c is a program that listens. All memory is aligned to 4 bytes; the array may stay in flash.
 */
#ifndef {name.upper()}_H
#define {name.upper()}_H

#include <stdint.h>

{defines}
extern const uint8_t {name}_bin[{name.upper()}_BIN_BYTES];

#endif
"""


def array(stem: str, file: bytes) -> str:
    """STEM.c: the file's bytes, aligned to 4."""
    name = identifier(stem)
    lines = [file[i : i + PER_LINE] for i in range(0, len(file), PER_LINE)]
    body = "".join(f"    {' '.join(f'0x{byte:02x},' for byte in line)}\n" for line in lines)
    return f"""{MARK}; do not edit. */
#include "{stem}.h"

const uint8_t {name}_bin[{name.upper()}_BIN_BYTES] __attribute__((aligned(4))) = {{
{body}}};
"""
