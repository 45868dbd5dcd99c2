"""docs/mutants.md: what became of the mutants."""

import textwrap
from dataclasses import dataclass

from tools.mutants.mutant import AREAS, KINDS, Mutant

NAMES = {"core": "C core and module", "host": "host", "device": "device", "tools": "tools"}


@dataclass(frozen=True)
class Outcome:
    group: str  # "planted", or an area
    mutant: Mutant
    found: dict
    why: str  # it may survive, "" where nothing says so

    @property
    def survived(self) -> bool:
        return self.found["outcome"] == "survived"

    def __str__(self) -> str:
        tests = self.found["tests"]
        after = f"by {self.found['by']}" if self.found["by"] else f"({tests[0]} of {tests[1]} tests ran)"
        return f"{self.found['outcome']:8} {self.mutant.key} {self.mutant.area:6} {self.mutant} {after}"


def _row(name: str, outcomes: list[Outcome]) -> str:
    survived = [o for o in outcomes if o.survived]
    argued = sum(bool(o.why) for o in survived)
    share = f"{100 * len(survived) / len(outcomes):.1f} %" if outcomes else "-"
    return f"| {name} | {len(outcomes)} | {len(outcomes) - len(survived)} | {len(survived)} | {share} | {argued} |"


def page(outcomes: list[Outcome]) -> str:
    """The whole page."""
    drawn = [o for o in outcomes if o.group != "planted"]
    bugs = [o for o in outcomes if o.group == "planted"]
    head = ["| {} | mutants | killed | survived | share | argued |", "|---|---|---|---|---|---|"]
    lines = [INTRODUCTION, head[0].format("drawn by operator"), head[1]]
    lines += [_row(NAMES[area], [o for o in drawn if o.group == area]) for area in AREAS]
    lines += [_row("all", drawn), "", head[0].format("kind"), head[1]]
    lines += [_row(kind, [o for o in drawn if o.mutant.kind == kind]) for kind in KINDS]
    lines += ["", head[0].format("planted"), head[1]]
    lines += [_row(NAMES[area], [o for o in bugs if o.mutant.area == area]) for area in AREAS]
    lines += [_row("all", bugs), "", "## Survivors", ""]
    survivors = [o for o in outcomes if o.survived]
    for o in survivors:
        change = o.mutant.before if o.group == "planted" else f"`{o.mutant.before}` -> `{o.mutant.after}`"
        lines.append(f"- {o.mutant.path}, {o.mutant.kind}: {change}. {o.why or 'A test is missing.'}")
    if not survivors:
        lines.append("None.")
    lines += ["", "## The planted bugs", ""]
    for area in AREAS:
        names = [f"{o.mutant.before}{' (survived)' if o.survived else ''}" for o in bugs if o.mutant.area == area]
        lines += [textwrap.fill(f"{NAMES[area]}: {'; '.join(names)}.", 120, break_on_hyphens=False), ""]
    return "\n".join(lines).rstrip() + "\n"


INTRODUCTION = """\
# Do the tests notice?

<!-- written by make mutants -->

`make mutants` plants small bugs, one at a time, in a scratch copy of the last commit, and runs the tests that can
notice it until one fails. What no test notices has survived. It takes hours and is not part of `make test`; what it
found is kept in `build/mutants`, so that the next run tries only what changed and what survived.

Some bugs are planted by name (`tools/mutants/planted/`): mistakes that people make here. The others are drawn by
operator, the same with each run as long as the sources are: a comparison turned round, a limit off by one, a constant
one more (twice as much from 1000 on), a sign or operator exchanged, a condition turned round or and/or exchanged, a
minimum for a maximum, a statement dropped, each kind as often as there are some. Left out is what no behaviour follows
from: texts, messages and help, annotations, what draws pictures, what does not compile on a PC or compiles to the same
code. No test on recordings or on the emulated board runs.

Of each survivor it is argued why nothing the product promises depends on it (`tools/mutants/argued.toml`).
"""
