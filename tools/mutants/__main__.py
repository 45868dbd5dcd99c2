"""Plant small bugs and see whether a test notices:  python -m tools.mutants [--area AREA ...] [--sample N] [--write]

Bugs that people made or might make (planted/), and changes drawn by operator. Each is planted in a scratch copy of the
last commit, never here; only tests that can notice it run, the fastest first, until one fails. What was found is kept
in build/mutants: killed mutants of unchanged files are not run again, survivors only after a test has changed.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from tools.mutants import c_source, python_source
from tools.mutants.choice import KEPT, Choice, measured, name_of, version
from tools.mutants.mutant import AREAS, ROOT, Mutant, MutantError, area_of, mutants, sample, spread
from tools.mutants.page import Outcome, page
from tools.mutants.planted import argued, planted
from tools.mutants.tree import HUNG, Tree, preload

SOURCES = ("native/core/**/*.[ch]", "native/usermod/*.[ch]", "host/**/*.py", "device/**/*.py", "tools/**/*.py")
# the kernels of the tests; what no PC compiles; pictures; the emulated board's; this
LEFT_OUT = (
    "native/core/plain/",
    "native/usermod/port_esp32.c",
    "host/pictures/",
    "tools/board/",
    "tools/mutants/",
)
RESULTS = KEPT / "results.jsonl"
SEED = 1


def candidates(areas=AREAS) -> list[Mutant]:
    """Every mutant by operator of the sources of these areas as they are here."""
    found = []
    for pattern in SOURCES:
        for file in sorted(ROOT.glob(pattern)):
            path = file.relative_to(ROOT).as_posix()
            if area_of(path) in areas and not path.startswith(LEFT_OUT):
                source = file.read_bytes()
                find = python_source.changes if file.suffix == ".py" else c_source.changes
                found += mutants(path, source, find(source))
    return found


def cut(tests: list[str], seconds: dict[str, float], budget: float) -> list[str]:
    """The first of the tests, for so many seconds."""
    chosen: list[str] = []
    total = 0.0
    for test in tests:
        total += seconds[test]
        if chosen and total > budget:
            break
        chosen.append(test)
    return chosen


def attempt(tree: Tree, choice: Choice, mutant: Mutant, budget: float) -> dict:
    """Plant it and run what can notice: {"outcome": "killed", "survived" or "none", "by": test, "tests": [run, of]}."""
    while True:
        able = choice.tests(mutant)
        tests = cut(able, choice.seconds, budget)
        try:
            if not tree.plant(mutant):
                return {"outcome": "none"}
            by = noticed_by(tree, choice, mutant, tests)
        finally:
            tree.remove(mutant)
        test = by.removesuffix(HUNG)
        if not by or test not in choice.seconds or choice.passes(test, tree):
            break  # else that test fails without the mutant too, and is left out from now on
    choice.noticed(mutant.path, mutant.key, by)
    return {"outcome": "killed" if by else "survived", "by": by, "tests": [len(tests), len(able)]}


def noticed_by(tree: Tree, choice: Choice, mutant: Mutant, tests: list[str]) -> str:
    """The test that notices what is planted. What takes long to build is built where nothing else notices it."""
    if mutant.path.startswith("native/core/"):
        by = tree.test([t for t in tests if t not in choice.programs], choice.seconds)
        tests = [t for t in tests if t in choice.programs]
        if by or not tests:
            return by
        tree.build_programs()
    elif not mutant.path.startswith("native/") and not choice.programs.isdisjoint(tests):
        tree.refresh()
    return tree.test(tests, choice.seconds) if tests else ""


class Results:
    """What was found, by mutant; a later line of the file replaces an earlier one."""

    def __init__(self):
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        lines = RESULTS.read_text().splitlines() if RESULTS.exists() else []
        self.found = {line["key"]: line for line in map(json.loads, lines)}

    def get(self, mutant: Mutant) -> dict | None:
        """What was found, unless the file has changed."""
        found = self.found.get(mutant.key)
        return found if found and found["file"] == name_of(mutant.mutated) else None

    def put(self, mutant: Mutant, found: dict, tests: str) -> None:
        """tests: their version."""
        file = name_of(mutant.mutated)
        self.found[mutant.key] = found | {"key": mutant.key, "file": file, "version": tests, "what": str(mutant)}
        with RESULTS.open("a") as f:
            f.write(json.dumps(self.found[mutant.key]) + "\n")


class Trials:
    """Mutants tried one after the other."""

    def __init__(self, folder: Path, results: Results, budget: float, again: bool):
        self.tree = Tree(folder)
        self.choice = measured(self.tree, again)
        self.results, self.budget, self.version = results, budget, version(folder)
        for line in results.found.values():
            self.choice.noticed(line["what"].partition(":")[0], line["key"], line.get("by"))

    def find(self, mutant: Mutant) -> dict:
        """What was found before, but for what survived other tests or fewer; else what is found now."""
        found = self.results.get(mutant)
        if found and found["outcome"] == "survived":
            more = len(cut(self.choice.tests(mutant), self.choice.seconds, self.budget)) > found["tests"][0]
            found = None if more or found["version"] != self.version else found
        if not found:
            started = time.monotonic()
            found = attempt(self.tree, self.choice, mutant, self.budget)
            found["seconds"] = round(time.monotonic() - started, 1)
            self.results.put(mutant, found, self.version)
        return found


def run(wanted: list[tuple[str, Mutant]], counts: dict, find: Callable[[Mutant], dict | None]) -> Iterator[Outcome]:
    """What `find` says of the mutants, in turn, until of each group as many as `counts` says are some."""
    done: Counter[str] = Counter()
    reasons = argued()
    for group, mutant in wanted:
        found = find(mutant) if done[group] < counts[group] else None
        if found and found["outcome"] != "none":
            done[group] += 1
            yield Outcome(group, mutant, found, reasons.get(mutant.key, ""))


def main(arguments: list[str] | None = None) -> int:
    p = argparse.ArgumentParser(prog="python -m tools.mutants", description=__doc__)
    p.add_argument("--area", nargs="+", choices=AREAS, default=AREAS, help="default: all")
    p.add_argument("--sample", type=int, default=38, metavar="N", help="so many changes by operator in each area")
    p.add_argument("--seconds", type=float, default=120, help="of tests, the fastest, that a mutant is given at most")
    p.add_argument("--measure", action="store_true", help="run the suite first and measure again which test runs what")
    p.add_argument("--kept", action="store_true", help="try nothing: only what was found before")
    p.add_argument("--write", action="store_true", help="write docs/mutants.md, of all areas")
    args = p.parse_args(arguments)
    try:
        bugs = planted(args.area)
        drawn = candidates(args.area)
        groups = {area: [m for m in drawn if m.area == area] for area in args.area}
        groups = {area: sample(found, 2 * args.sample, SEED) for area, found in groups.items()}
        wanted = [("planted", m) for m in bugs]
        wanted += spread([[(area, m) for m in found] for area, found in groups.items()])
        counts = {"planted": len(bugs)} | dict.fromkeys(args.area, args.sample)
        results, outcomes = Results(), []
        with tempfile.TemporaryDirectory(prefix="tympan-mutants-", ignore_cleanup_errors=True) as folder:
            if not args.kept:
                preload()
                find = Trials(Path(folder), results, args.seconds, args.measure).find
            for outcome in run(wanted, counts, results.get if args.kept else find):
                outcomes.append(outcome)
                print(outcome, flush=True)
        if args.write:
            (ROOT / "docs" / "mutants.md").write_text(page(outcomes))
    except MutantError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 1 if any(o.survived for o in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
