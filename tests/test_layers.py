"""What may import what: commands stand on libraries, and no two folders of host/ stand on each other."""

import ast
import graphlib
import re
from collections import defaultdict
from pathlib import Path

from host.base import paths
from tests.conftest import ROOT

HOST = ROOT / "host"


def module(path) -> str:
    """How a file is imported."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module(path): path for path in HOST.rglob("*.py") if "standin" not in path.parts and path.stem != "worker"}


def imported(path) -> set[str]:
    """The files of host/ that one imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            found |= {a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            found |= {f"{node.module}.{a.name}" for a in node.names} | {node.module}
    return found & MODULES.keys()


ARROWS = {name: imported(path) - {name} for name, path in MODULES.items()}
COMMANDS = {name for name, path in MODULES.items() if path.parent == HOST and path.stem != "__init__"}


def folder(name: str) -> str:
    return name.split(".")[1]


def between_folders() -> dict[str, set[str]]:
    """By folder, those that its files import from."""
    found = defaultdict(set)
    for name in MODULES.keys() - COMMANDS - {"host"}:
        found[folder(name)] |= {folder(other) for other in ARROWS[name] - {"host"}} - {folder(name)}
    return found


def test_there_is_something_to_walk():
    assert {"host.train", "host.evaluate"} <= COMMANDS and ARROWS["host.train"] and len(between_folders()) > 12


def test_no_library_imports_a_command():
    assert {name: found for name in MODULES.keys() - COMMANDS if (found := ARROWS[name] & COMMANDS)} == {}


def test_no_command_imports_another():
    assert {name: found for name in COMMANDS if (found := ARROWS[name] & COMMANDS)} == {}


def test_neither_files_nor_folders_import_each_other_in_a_circle():
    # a package hands on what its files define, and they may import each other past it
    files = {name: {o for o in found if not name.startswith(f"{o}.")} for name, found in ARROWS.items()}
    list(graphlib.TopologicalSorter(files).static_order())
    list(graphlib.TopologicalSorter(between_folders()).static_order())


def test_what_must_not_know_of_what():
    found = between_folders()
    assert not found["base"]
    assert "models" not in found["data"] and "data" not in found["models"]
    for low in ("operators", "compiler", "format", "integers", "reference", "engines"):
        assert not found[low] & {"training", "models", "data", "evaluation"}
    assert not any("cli" in others for others in found.values())


def test_only_one_file_knows_where_things_are():
    """No other finds the repository's root, or names one of its folders relative to where one stands."""
    guess = re.compile(r"""\bparents\[|\.parent\.parent\b|Path\(f?["'](runs|cache|build|models|device)\b""")
    assert all(value.is_absolute() for value in vars(paths).values() if isinstance(value, Path))
    others = {name: path for name, path in MODULES.items() if name != "host.base.paths"}
    assert {name: found for name, path in others.items() if (found := guess.search(path.read_text()))} == {}


def test_every_error_of_an_owners_is_an_error():
    """What a command says in a sentence is a host.base.errors.Error, by its class and not by where it is defined."""
    plain = {"Exception", "ValueError", "RuntimeError", "TypeError", "OSError"}
    sources = [*MODULES.values(), *(p for p in (ROOT / "tools").glob("*.py"))]
    found = {
        node.name
        for path in sources
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.ClassDef) and plain & {getattr(base, "id", "") for base in node.bases}
    }
    assert found == {"Error"}


def test_pictures_are_made_in_one_place():
    drawing = {name for name, path in MODULES.items() if "matplotlib" in path.read_text()}
    assert {folder(name) for name in drawing} == {"pictures"}
