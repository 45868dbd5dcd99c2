"""What the pages tell people to type and to open is there."""

import re
from importlib.util import find_spec

import pytest

from tests.conftest import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
MAKEFILE = (ROOT / "Makefile").read_text()
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)(?:#([^)]+))?\)")


def anchors(page: str) -> set[str]:
    """Of its headings, as GitHub makes them."""
    heads = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_lead_to_something(page):
    for target, anchor in LINK.findall(page.read_text()):
        path = (page.parent / target).resolve()
        assert path.exists(), target
        assert not anchor or anchor in anchors(path.read_text()), f"{target}#{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_commands_are_there(page):
    text = page.read_text()
    for name in re.findall(r"python -m ((?:host|tools|bench|tests)\.[\w.]+\w)", text):
        assert find_spec(name), name
    for target in re.findall(r"(?:^    |`)make ([a-z][\w-]*)", text, re.MULTILINE):
        assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE), target


def test_what_contributors_are_told_to_open_is_there():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    named = re.findall(r"`((?:\.ci|docs|host|native|tests|bench)/[^`<>]+|[A-Z]+\.md)`", text)
    assert len(named) > 15
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_workflow_runs_what_must_pass_before_anything_lands():
    workflow = (ROOT / ".github" / "workflows" / "checks.yml").read_text()
    assert "run: .ci/run\n" in workflow
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111
