"""What is under the GPL lies in one folder and says so; nothing that is shipped uses or names it."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

GPL = ROOT / "tools" / "xtensa" / "gpl"
SOURCES = sorted(GPL.glob("*.[chS]"))
# what only a program that is loaded into qemu, gcc or binutils has, and how a source says that it is under the GPL
MARKS = re.compile(r"qemu_plugin_|plugin_is_GPL|dynconfig|-modules\.c|Identifier: L?GPL|General Public License")


def texts(folder: str) -> Iterator[tuple[Path, str]]:
    for path in sorted((ROOT / folder).rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts and GPL not in path.parents:
            yield path.relative_to(ROOT), path.read_text(errors="replace")


def test_each_source_says_its_licence():
    assert SOURCES
    for path in SOURCES:
        assert path.read_text().startswith("/* SPDX-License-Identifier: GPL-2.0-or-later "), path.name
        assert f"`{path.name}`" in (GPL / "README.md").read_text(), path.name
    assert "Version 2, June 1991" in (GPL / "COPYING").read_text()


@pytest.mark.parametrize("folder", ["native", "host", "device", "models", "tools/board", "tools/firmware"])
def test_what_is_shipped_names_none_of_it(folder):
    names = "|".join(re.escape(path.name) for path in SOURCES)
    named = re.compile(rf"tools/xtensa|\bgpl/|(?<![\w/-])({names})\b|{MARKS.pattern}")
    assert [(str(path), found[0]) for path, text in texts(folder) if (found := named.search(text))] == []


def test_no_other_source_is_of_its_kind():
    """fetch.sh fetches what core.c is compiled with."""
    found = {str(path) for folder in ("native", "host", "device", "bench", "tools") for path, text in texts(folder)
             if MARKS.search(text)}  # fmt: skip
    assert found == {"tools/xtensa/s2/fetch.sh"}


def test_the_project_is_under_the_mit_licence():
    assert (ROOT / "LICENSE").read_text().startswith("MIT License\n\nCopyright (c) ")


def test_the_notice_names_every_package_that_is_used():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *(w for extra in project["optional-dependencies"].values() for w in extra)]
    names = {re.match(r"[\w-]+", line)[0] for line in wanted}
    assert names - set(re.findall(r"[\w-]+", (ROOT / "NOTICE").read_text())) == set()
