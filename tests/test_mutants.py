"""The small bugs that `make mutants` plants: each changes one place, and the planted ones still apply."""

import ast

import pytest

from tools.mutants import c_source, python_source
from tools.mutants.__main__ import candidates, cut
from tools.mutants.mutant import AREAS, KINDS, MutantError, mutants, sample, spread
from tools.mutants.page import Outcome, page
from tools.mutants.planted import argued, plant, planted

PYTHON = b'''"""Text with 1 < 2."""
LIMIT: int = 5


def f(x, y=True):
    """Not 3."""
    if x < LIMIT and not y:
        raise ValueError(f"more than {x + 1}")
    total = max(x, -2) + 0x10
    total += 1
    print("so many", 3 + 4)
    return total if x == 2000 else [1] + [total]
'''
C = b"""// 1 < 2
#define THREE 3
static const char text[] = "4 < 5";
unsigned f(unsigned a, const unsigned *p) {
    unsigned t[8], n = 0x0Fu;
    for (unsigned i = 0; i < a && p[i] != 7; i++) {
        t[i & 1] -= p[i] << 2;
        if (!t[0]) {
            return n * a;
        }
    }
    return a > n ? -1u : t[0];
}
"""


def pieces(source: bytes, find) -> list[tuple[str, str, str]]:
    return sorted((c.kind, source[c.start : c.end].decode(), c.after.decode()) for c in find(source))


def test_python_is_changed_by_each_operator_and_nowhere_else():
    drop = 'raise ValueError(f"more than {x + 1}")'
    assert pieces(PYTHON, python_source.changes) == sorted([
        ("constant", "5", "6"), ("constant", "True", "False"), ("comparison", "<", ">="), ("limit", "<", "<="),
        ("logic", "and", "or"), ("logic", "not ", ""), ("dropped", drop, "pass"), ("min/max", "max", "min"),
        ("sign", "-", ""), ("constant", "2", "3"), ("sign", "+", "-"), ("constant", "0x10", "0x11"),
        ("dropped", "total += 1", "pass"), ("sign", "+=", "-="), ("constant", "1", "2"), ("constant", "1", "2"),
        ("comparison", "==", "!="), ("constant", "2000", "4000"),
    ])  # fmt: skip
    for change in python_source.changes(PYTHON):
        assert python_source.is_another(PYTHON, change.apply(PYTHON))
    assert not python_source.is_another(PYTHON, PYTHON + b"# more\n")
    assert not python_source.is_another(PYTHON, PYTHON + b")")


def test_c_is_changed_by_each_operator_and_nowhere_else():
    assert pieces(C, c_source.changes) == sorted([
        ("constant", "0x0Fu", "0x10u"), ("constant", "0", "1"), ("comparison", "<", ">="), ("limit", "<", "<="),
        ("logic", "&&", "||"), ("comparison", "!=", "=="), ("constant", "7", "8"), ("sign", "++", "--"),
        ("dropped", "t[i & 1] -= p[i] << 2", ""), ("sign", "&", "|"), ("constant", "1", "2"), ("sign", "-=", "+="),
        ("sign", "<<", ">>"), ("constant", "2", "3"), ("logic", "!", ""), ("constant", "0", "1"),
        ("dropped", "return n * a", ""), ("sign", "*", "+"), ("comparison", ">", "<="), ("limit", ">", ">="),
        ("sign", "-", ""), ("constant", "1u", "2u"), ("constant", "0", "1"),
    ])  # fmt: skip


def test_a_mutant_keeps_its_name_where_other_lines_change():
    names = {m.key for m in mutants("f.py", PYTHON, python_source.changes(PYTHON))}
    moved = PYTHON.replace(b"LIMIT: int = 5\n", b"OTHER = 7\nLIMIT: int = 5\n")
    after = mutants("f.py", moved, python_source.changes(moved))
    assert len(names) == len(after) - 1 and names < {m.key for m in after}


@pytest.fixture(scope="module")
def drawn():
    return candidates()


def test_the_sample_is_the_same_each_time_and_even_over_kinds(drawn):
    for area in AREAS:
        of = [m for m in drawn if m.area == area]
        some = sample(of, 42, 1)
        assert some == sample(list(reversed(of)), 42, 1) and len({m.key for m in some}) == 42
        kinds = [sum(m.kind == kind for m in some) for kind in KINDS]
        assert max(kinds) - min(n for n in kinds if n) <= 1
        assert {m.key for m in some} != {m.key for m in sample(of, 42, 2)}


def test_planted_bugs_apply_to_the_sources_as_they_are():
    bugs = planted()
    assert len({bug.key for bug in bugs}) == len(bugs) >= 100
    assert {bug.area for bug in bugs} == set(AREAS)
    for bug in bugs:
        if bug.path.endswith(".py"):
            ast.parse(bug.mutated)


def test_a_planted_bug_that_does_not_apply_is_named():
    assert plant("p", "f.py", b"a = 1\nb = 2\n", "b = 2", "b = 3").mutated == b"a = 1\nb = 3\n"
    for before in ("c = 3", "= "):
        with pytest.raises(MutantError, match=r"'p': the text it changes is \d times in f\.py"):
            plant("p", "f.py", b"a = 1\nb = 2\n", before, "")


def test_every_argument_is_of_a_mutant_that_is_still_there(drawn):
    there = {m.key for m in [*drawn, *planted()]}
    assert set(argued()) <= there


def test_as_many_tests_run_as_their_time_allows():
    seconds = {"a": 1.0, "b": 2.0, "c": 3.0}
    assert cut(["a", "b", "c"], seconds, 3.5) == ["a", "b"]
    assert cut(["c"], seconds, 1) == ["c"]
    assert spread([[1, 4], [2], [3, 5, 6]]) == [1, 2, 3, 4, 5, 6]


def test_the_page_counts_killed_survived_and_argued():
    found = mutants("host/f.py", PYTHON, python_source.changes(PYTHON))[:4]
    killed = {"outcome": "killed", "by": "t", "tests": [1, 1]}
    survived = {"outcome": "survived", "by": "", "tests": [1, 1]}
    outcomes = [Outcome("host", m, survived if i < 2 else killed, "It is so." * (i == 0)) for i, m in enumerate(found)]
    text = page(outcomes)
    assert "| host | 4 | 2 | 2 | 50.0 % | 1 |" in text
    assert "It is so." in text and text.count("A test is missing.") == 1
