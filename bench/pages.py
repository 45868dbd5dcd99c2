"""Tables that commands write into pages of docs/, each between two lines that name it."""

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from bench.emulator import ROOT, InstructionSet
from host.command import write_whole


def rows(head: Iterable[str], body: Iterable[Iterable[str]]) -> str:
    """A table in Markdown."""
    head = list(head)
    lines = [head, ["---"] * len(head), *body]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def replaced(page: str, tables: dict[str, str]) -> str:
    """The page with its tables of these names; ValueError where it has no place for one."""
    for name, table in tables.items():
        begin, end = f"<!-- {name}: written by a command -->\n", f"<!-- end of {name} -->\n"
        if page.count(begin) != 1 or page.count(end) != 1:
            raise ValueError(f"the page has no place for the table {name}")
        before, _, rest = page.partition(begin)
        page = f"{before}{begin}\n{table}\n{end}{rest.partition(end)[2]}"
    return page


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
