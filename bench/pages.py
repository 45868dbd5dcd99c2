"""Tables that commands write into pages of docs/, each between two lines that name it."""

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from bench.emulator import ROOT, InstructionSet
from host.base.files import write_whole
from host.base.markdown import replaced


def rows(head: Iterable[str], body: Iterable[Iterable[str]]) -> str:
    """A table in Markdown."""
    head = list(head)
    lines = [head, ["---"] * len(head), *body]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def write_tables(path: Path, tables: dict[str, str]) -> None:
    """Replace tables in a file."""
    write_whole(path, replaced(path.read_text(), tables).encode())


def main(module: str, doc: str, page: Path, counted: InstructionSet, tables: Callable[[], dict[str, str]]) -> int:
    """The command `python -m bench.<module>`: prints the tables that are counted, and replaces them in the page."""
    p = argparse.ArgumentParser(prog=f"python -m bench.{module}", description=doc.splitlines()[0])
    p.add_argument("--write", action="store_true", help=f"replace what is in {page.relative_to(ROOT)}")
    options = p.parse_args()
    if missing := counted.missing():
        print(f"error: {missing}", file=sys.stderr)
        return 2
    found = tables()
    print("\n".join(found.values()))
    if options.write:
        write_tables(page, found)
    return 0
