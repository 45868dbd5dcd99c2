"""Which tests can notice a change of a line: measured once on the unchanged sources, kept in build/mutants.

Of Python that the PC runs, these are the tests that run the line, or where the file has changed since, its function.
Lines that run when a module is imported belong to all tests that run anything in that file. C and what MicroPython runs
have no such measure: the tests that are about the core, or those that start MicroPython.
"""

import ast
import functools
import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

from tools.mutants.mutant import ROOT, Mutant, MutantError
from tools.mutants.tree import HUNG, Tree

KEPT = ROOT / "build" / "mutants"
BITS_32 = re.compile(r"[\[-]32\b")  # tests of the MicroPython that is not built anew
NEW_S = 0.05  # taken for how long a test takes that is newer than the measurement
MICROPYTHON = ("host/engines/micropython.py", "host/simulator/run.py")
# what is about the core: of all that load the library only these are tried
ABOUT_CORE = (
    "core emit endless exactness format frontend kernels loader micropython operators plan sanitized stream streaming "
    "tables"
)
ON_CORE = tuple(f"tests/test_{name}.py" for name in ABOUT_CORE.split())
PROGRAMS = ("tests/test_sanitized.py", "tests/test_micropython.py")
ON_PC = "tests/test_device.py"  # what the device does without hardware, run by Python
ON_MICROPYTHON = ("device/", "host/simulator/standin/", "native/usermod/")

PHASE = re.compile(r" \((setup|call|teardown)\)$")  # pytest's, in the environment of what a test starts


def measure(tree: Tree) -> dict:
    """Run the whole suite; {"seconds": {test: how long}, "files": {file: its tests, by line and by function}}."""
    import coverage

    tests, data = tree.folder / "build" / "tests.json", tree.folder / "build" / "coverage"
    environment = {**os.environ, "MEASURED_TESTS": str(tests), "COVERAGE_FILE": str(data)}
    environment.pop("TYMPAN_DATA", None)
    command = ["-m", "coverage", "run", "--rcfile", "tools/mutants/coverage.ini", "-m", "pytest"]
    command += ["-p", "tools.mutants.measure", "-p", "no:cacheprovider"]
    done = subprocess.run([sys.executable, *command], cwd=tree.folder, env=environment)
    if not tests.exists():
        raise MutantError(f"the suite did not run (exit status {done.returncode}); see above")
    return digest(tree.folder, tests, data, coverage)


def digest(folder: Path, tests: Path, data: Path, coverage) -> dict:
    """What `measure` returns, from what the plugin and coverage wrote."""
    found = {test: t for test, t in json.loads(tests.read_text()).items() if t["outcome"] == "passed"}
    users = defaultdict(list)  # of each context, the tests
    for test, t in found.items():
        for context in (test, *t["fixtures"]):
            users[context].append(test)
    combined = coverage.CoverageData(str(data))
    for part in sorted(data.parent.glob(f"{data.name}.*")):
        other = coverage.CoverageData(str(part))
        other.read()
        combined.update(other)
    files = {}
    for path in map(Path, combined.measured_files()):
        source = path.read_bytes()
        lines: dict[int, list[str]] = {}
        functions: dict[str, set[str]] = defaultdict(set)
        for line, contexts in combined.contexts_by_lineno(str(path)).items():
            lines[line] = sorted({t for context in contexts for t in users.get(PHASE.sub("", context), ())})
            functions[function(source, line)] |= set(lines[line])
        files[path.relative_to(folder).as_posix()] = {
            "source": name_of(source),
            "lines": lines,
            "functions": {name: sorted(of) for name, of in functions.items()},
        }
    return {"seconds": {test: t["seconds"] for test, t in found.items()}, "files": files}


def measured(tree: Tree, again: bool = False) -> "Choice":
    """From the measurement that is kept, or a new one where there is none."""
    path = KEPT / "measured.json"
    if again or not path.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(measure(tree)))
    return Choice(json.loads(path.read_text()), tree.folder, tree.collected)


def name_of(content: bytes) -> str:
    """A short name that another content does not have."""
    return hashlib.sha256(content).hexdigest()[:12]


@functools.lru_cache(400)
def _tree(source: bytes) -> ast.Module:
    return ast.parse(source)


def _end(node: ast.stmt | ast.expr) -> int:
    return node.end_lineno or node.lineno


def _statement(source: bytes, line: int) -> range:
    """The lines from where the innermost statement begins, whose body is not counted, to `line`."""
    begin = line
    for node in ast.walk(_tree(source)):
        if isinstance(node, ast.stmt) and node.lineno <= line:
            body = getattr(node, "body", None)
            end = body[0].lineno - 1 if body else _end(getattr(node, "subject", node))
            if line <= max(end, node.lineno):
                begin = min(begin, node.lineno)
    return range(begin, line + 1)


@functools.lru_cache(100000)
def function(source: bytes, line: int) -> str:
    """The name of the outermost function or method whose body has the line, "" where it runs at import."""
    prefix, body = "", _tree(source).body
    while True:
        around = [n for n in body if n.lineno <= line <= _end(n)]
        node = around[0] if around else None
        if isinstance(node, ast.ClassDef):
            prefix, body = f"{prefix}{node.name}.", node.body
        elif isinstance(node, ast.FunctionDef) and line >= node.body[0].lineno:
            return prefix + node.name
        else:
            return ""


def names(text: bytes, path: str) -> bool:
    """Whether a test file imports a file of the product."""
    package, _, module = path.removesuffix(".py").replace("/", ".").rpartition(".")
    for node in ast.walk(_tree(text)):
        match node:
            case ast.Import(names=found) if any(n.name == f"{package}.{module}" for n in found):
                return True
            case ast.ImportFrom(module=m, names=found):
                if m == f"{package}.{module}" or (m == package and any(n.name == module for n in found)):
                    return True
    return False


class Choice:
    """Of the tests that there are: those measured, and those that are new since, by what their file runs or imports."""

    def __init__(self, measured: dict, folder: Path, collected: list[str]):
        self.folder = folder
        self.files = measured["files"]
        for of in self.files.values():
            of["lines"] = {int(n): tests for n, tests in of["lines"].items()}
        self.seconds: dict[str, float] = {t: measured["seconds"].get(t, NEW_S) for t in collected}
        self.new = [t for t in collected if t not in measured["seconds"]]
        self.kills: dict[str, Counter] = defaultdict(Counter)  # of each file, by test
        self.killers: dict[str, str] = {}  # of each mutant
        self.sound: set[str] = set()  # tests that were seen to pass
        self.native = {t for t in self.seconds if t.startswith(ON_CORE) and not BITS_32.search(t)}
        on_micropython = {t for path in MICROPYTHON for t in self._running(path)}
        self.micropython = self._with_new(
            on_micropython, lambda text: b"robots import" in text or b"micropython" in text
        )
        self.micropython = {t for t in self.micropython if not BITS_32.search(t)}
        self.programs = self.micropython | {t for t in self.seconds if t.startswith(PROGRAMS)}

    def _running(self, path: str, name: str | None = None) -> set[str]:
        """The tests that ran a function of a file, or any of them."""
        functions = self.files.get(path, {"functions": {}})["functions"]
        wanted = [of for f, of in functions.items() if f and name in (None, f)]
        return {t for of in wanted for t in of if t in self.seconds}

    def _importing(self, path: str, seen: frozenset = frozenset()) -> set[str]:
        """The files measured that import one, or import one that does."""
        found = set()
        for folder in ("host", "tools", "device"):
            for file in (self.folder / folder).rglob("*.py"):
                name = file.relative_to(self.folder).as_posix()
                if name not in seen and names(file.read_bytes(), path):
                    found |= {name} if name in self.files else self._importing(name, seen | {path})
        return found

    def _with_new(self, found: set[str], concerns) -> set[str]:
        """Add the new tests of files that have some of these, or whose text concerns the matter."""
        files = {t.split("::")[0] for t in found}
        for file in {t.split("::")[0] for t in self.new} - files:
            if concerns((self.folder / file).read_bytes()):
                files.add(file)
        return found | {t for t in self.new if t.split("::")[0] in files and t in self.seconds}

    def passes(self, test: str, tree: Tree) -> bool:
        """Whether a test passes where nothing is planted; one that does not is not run again."""
        if test not in self.sound:
            if test in self.programs:
                tree.refresh()
            if tree.test([test], self.seconds):
                del self.seconds[test]
                self.micropython.discard(test)
                self.native.discard(test)
            else:
                self.sound.add(test)
        return test in self.sound

    def noticed(self, path: str, key: str, test: str | None) -> None:
        """Let a test that killed a mutant run first on this one, and early on others of the file."""
        if test:
            self.kills[path][test.removesuffix(HUNG)] += 1
            self.killers[key] = test.removesuffix(HUNG)

    def tests(self, mutant: Mutant) -> list[str]:
        """The fastest first; before them what noticed this change before, or others of the file, or bears its name."""
        path, kills, killer = mutant.path, self.kills[mutant.path], self.killers.get(mutant.key)
        if path.startswith(ON_MICROPYTHON):
            found = self.micropython | {t for t in self.seconds if t.startswith(ON_PC)}
        elif path.startswith("native/"):
            found = self.native
        else:
            found = self._with_new(self._python(mutant), lambda text: names(text, path))
        name = Path(path).stem

        def order(test: str) -> tuple:
            return test != killer, -kills[test], name not in test.split("::")[0], self.seconds[test]

        return sorted(found, key=order)

    def _python(self, mutant: Mutant) -> set[str]:
        of, name = self.files.get(mutant.path), function(mutant.source, mutant.line)
        if not of:  # a file that is new since: tests of the files that import it
            return {t for path in self._importing(mutant.path) for t in self._running(path)}
        if of["source"] == name_of(mutant.source):
            found = {t for line in _statement(mutant.source, mutant.line) for t in of["lines"].get(line, ())}
            return {t for t in found if t in self.seconds} | (set() if name else self._running(mutant.path))
        # the file has changed since: lines have moved, functions have their names; a new one is another's
        return self._running(mutant.path, name if name in of["functions"] and name else None)


def version(folder: Path) -> str:
    """Another one whenever a test has changed."""
    whole = hashlib.sha256()
    for path in sorted((folder / "tests").rglob("*.py")):
        whole.update(path.read_bytes())
    return whole.hexdigest()[:12]
