"""Bugs as people make them: planted/<area>.toml names each, and the text that it changes.

[[bug]]
name = "what breaks"
file = "host/data/dataset.py"
before = "text that is in the file once"
after = "what takes its place"
"""

import hashlib
import tomllib
from pathlib import Path

from tools.mutants.mutant import AREAS, ROOT, Change, Mutant, MutantError, area_of

HERE = Path(__file__).parent


def plant(name: str, path: str, source: bytes, before: str, after: str) -> Mutant:
    """One bug; MutantError where its text is not in the file exactly once."""
    text = before.encode()
    if source.count(text) != 1:
        raise MutantError(f"{name!r}: the text it changes is {source.count(text)} times in {path}; bring it up to date")
    at = source.index(text)
    change = Change("planted", at, at + len(text), after.encode())
    key = hashlib.sha256(f"planted\n{path}\n{name}".encode()).hexdigest()[:12]
    line = source.count(b"\n", 0, at) + 1
    return Mutant(area_of(path), path, line, "planted", name, "", key, change, source)


def planted(areas=AREAS) -> list[Mutant]:
    """The planted bugs of these areas, in the order of their files."""
    found = []
    for area in areas:
        for bug in tomllib.loads((HERE / "planted" / f"{area}.toml").read_text())["bug"]:
            file = ROOT / bug["file"]
            if not file.is_file():
                raise MutantError(f"{bug['name']!r}: there is no {bug['file']}; bring it up to date")
            found.append(plant(bug["name"], bug["file"], file.read_bytes(), bug["before"], bug["after"]))
    return found


def argued() -> dict[str, str]:
    """By key, why no behaviour that the product promises shows the change."""
    return {m["key"]: m["why"] for m in tomllib.loads((HERE / "argued.toml").read_text()).get("mutant", [])}
