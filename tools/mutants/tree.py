"""A scratch copy of the last commit with builds of its own: there one mutant after the other is planted and tested."""

import importlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from tools.mutants.mutant import ROOT, Mutant, MutantError
from tools.mutants.python_source import is_another

LIBRARIES = ("libtympan.so", "libplain.so")
MICROPYTHON = "build/micropython64/micropython"
# what a build needs of builds that are there: too long to make anew
KEPT = (".system", "src", "micropython64", "micropython32")
OPTIONS = ("-q", "--tb=line", "--rootdir=.", "-p", "no:cacheprovider")
HUNG = " (time limit)"
PRELOADED = ("pytest", "numpy", "torch", "soundfile", "hypothesis", "matplotlib")


class Tree:
    def __init__(self, folder: Path):
        """Copy the commit into `folder`, which is new, and build the core there; MicroPython waits until needed."""
        self.folder = folder
        if subprocess.run(["git", "-C", ROOT, "diff", "--quiet", "HEAD"]).returncode:
            raise MutantError("there are changes that are not committed; commit them first")
        archive = subprocess.run(["git", "-C", ROOT, "archive", "HEAD"], check=True, capture_output=True).stdout
        subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)
        for path in folder.rglob("*"):
            if path.is_file() and "native" not in path.parts:
                os.utime(path, (0, 0))  # older than every build
        (folder / ".venv").symlink_to((ROOT / ".venv").resolve())
        (folder / "build").mkdir()
        for name in KEPT:
            if not (ROOT / "build" / name).exists():
                raise MutantError(f"build/{name} is not there; run 'make setup' first")
            subprocess.run(["cp", "-a", ROOT / "build" / name, folder / "build"], check=True)
        for path in (folder / "build").glob("micropython*/**/*.P"):  # what was built of what
            times = path.stat()
            path.write_text(path.read_text().replace(str(ROOT.resolve()), str(folder)))
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        flags = re.findall(r"^CFLAGS := (.*)$", (folder / "Makefile").read_text(), re.MULTILINE)[0]
        self.compile = ["cc", *flags.split(), "-w", "-fPIC"]  # a mutant is not what the warnings are about
        self.compile.remove("-Werror")
        self.objects = folder / "build" / "objects"
        self.objects.mkdir()
        self.sources = [*sorted((folder / "native" / "core").rglob("*.c")), folder / "native" / "host" / "host.c"]
        if not self.build_library():
            raise MutantError(f"the last commit does not build: {(folder / 'build.log').read_text()[-2000:]}")
        self.stale = True  # whether what build_programs() makes is not there, or may be of a mutant
        # compiled once, and with its assertions rewritten; no mutant writes any bytecode
        python = folder / ".venv" / "bin" / "python"
        subprocess.run([python, "-m", "compileall", "-q", "host", "tools", "bench"], cwd=folder, check=True)
        collect = [str(python), "-m", "pytest", "--collect-only", "-o", "addopts=", *OPTIONS]
        listed = subprocess.run(collect, cwd=folder, capture_output=True, text=True, check=True).stdout
        self.collected = [line for line in listed.splitlines() if "::" in line]

    # ---- builds ----

    def _object(self, source: Path) -> Path:
        return self.objects / (source.relative_to(self.folder / "native").as_posix().replace("/", "-") + ".o")

    def _make(self, *command) -> bool:
        with open(self.folder / "build.log", "ab") as log:
            try:
                return not subprocess.run(command, cwd=self.folder, stdout=log, stderr=log, timeout=600).returncode
            except subprocess.TimeoutExpired:
                return False

    def build_library(self, changed: str = "") -> str:
        """The two libraries, from what a changed file, by default all, went into: "built", "same", "" where it fails.

        "same": the compiler makes the code that was there.
        """
        stale = [s for s in self.sources if not changed.endswith(".c") or s == self.folder / changed]
        before = {s: self._object(s).read_bytes() for s in stale if self._object(s).exists()}
        for source in stale:
            if not self._make(*self.compile, "-c", source, "-o", self._object(source)):
                return ""
        if before and all(self._object(s).read_bytes() == code for s, code in before.items()):
            return "same"
        core, plain = self.folder / "native" / "core", self.folder / "native" / "core" / "plain"
        fast = [s for s in self.sources if s.parent != plain]
        twins = {s.name for s in self.sources if s.parent == plain}
        mixed = [s for s in self.sources if s.parent == plain or s.name not in twins or core not in s.parents]
        for name, sources in zip(LIBRARIES, (fast, mixed), strict=True):
            target = self.folder / "build" / name
            target.unlink(missing_ok=True)  # a process may have it mapped
            if not self._make("cc", "-shared", "-o", target, *map(self._object, sources)):
                return ""
        return "built"

    def build_programs(self) -> bool:
        """MicroPython and the sanitized core."""
        self.stale = True
        flags = "CFLAGS=" + " ".join(self.compile[1:])
        return self._make("make", flags, "build/sanitized") and self._make("make", "CFLAGS_EXTRA=-w", MICROPYTHON)

    # ---- a mutant ----

    def plant(self, mutant: Mutant) -> bool:
        """Whether the mutant is one: it compiles, and means something else than what is there."""
        path = self.folder / mutant.path
        if not mutant.path.startswith("native/"):
            if not is_another(mutant.source, mutant.mutated):
                return False
            path.write_bytes(mutant.mutated)
            return True
        if mutant.path.startswith("native/core/"):
            path.write_bytes(mutant.mutated)
            return self.build_library(mutant.path) == "built"
        self.refresh()
        objects = list((self.folder / "build" / "micropython64").rglob(f"{path.stem}.o"))
        before = [p.read_bytes() for p in objects]
        path.write_bytes(mutant.mutated)
        return self.build_programs() and [p.read_bytes() for p in objects] != before

    def remove(self, mutant: Mutant) -> None:
        """Put back what was there. MicroPython follows when it is needed next."""
        (self.folder / mutant.path).write_bytes(mutant.source)
        if mutant.path.startswith("native/core/"):
            self.build_library(mutant.path)
        elif not mutant.path.startswith("native/"):
            os.utime(self.folder / mutant.path, (0, 0))  # compiled Python is good again

    def refresh(self) -> None:
        """Build MicroPython and the sanitized core of what is there now, where they may be of something else."""
        if self.stale:
            if not self.build_programs():
                raise MutantError(f"the last commit does not build: {(self.folder / 'build.log').read_text()[-2000:]}")
            self.stale = False

    # ---- tests ----

    def test(self, tests: list[str], seconds: dict[str, float]) -> str:
        """Run tests in this order until one fails: its name, or "" where none does. seconds: how long each takes."""
        report = self.folder / "build" / "report"
        report.write_text("")
        allowed = sum(seconds.get(t, 1) for t in tests) * 8 + 120
        child = os.fork()
        if not child:
            self._run_tests(tests, seconds, report)
        until, done, status = time.monotonic() + allowed, 0, -1
        try:
            while time.monotonic() < until:
                done, status = os.waitpid(child, os.WNOHANG)
                if done:
                    break
                time.sleep(0.02)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)  # and what the tests have left running
            if not done:
                os.waitpid(child, 0)
        if done and not status:
            return ""
        *_, last = ["the tests could not be collected", *report.read_text().splitlines()]
        hung = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM
        return last + HUNG if hung or not done else last

    def _run_tests(self, tests: list[str], seconds: dict[str, float], report: Path) -> None:
        """In a process of its own; never returns."""
        status = 70
        try:
            os.setsid()
            os.chdir(self.folder)
            out = os.open(self.folder / "build" / "test.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            for number in (1, 2):
                os.dup2(out, number)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
            os.environ.pop("TYMPAN_DATA", None)
            sys.dont_write_bytecode = True
            for name in list(sys.modules):
                if name.split(".")[0] in ("host", "tools", "tests", "bench"):
                    del sys.modules[name]
            sys.path[:] = [str(self.folder), *(p for p in sys.path if p and Path(p).resolve() != ROOT)]
            importlib.invalidate_caches()
            import pytest

            shutil.rmtree(self.folder / "build" / "tmp", ignore_errors=True)
            files = list(dict.fromkeys(t.split("::")[0] for t in tests))
            status = int(
                pytest.main(
                    [*OPTIONS, "-x", "--basetemp=build/tmp", *files], plugins=[_Reporter(tests, seconds, report)]
                )
            )
        finally:
            os._exit(status)


class _Reporter:
    """Runs chosen tests in a given order and writes down which one runs; one that hangs ends the process."""

    def __init__(self, tests: list[str], seconds: dict[str, float], report: Path):
        self.rank = {test: i for i, test in enumerate(tests)}
        self.seconds, self.report = seconds, report

    def pytest_collection_finish(self, session):
        chosen = (item for item in session.items if item.nodeid in self.rank)
        session.items = sorted(chosen, key=lambda item: self.rank[item.nodeid])

    def pytest_runtest_logstart(self, nodeid):
        with self.report.open("a") as f:
            f.write(nodeid + "\n")
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(int(40 + 8 * self.seconds.get(nodeid, 1)))


def preload() -> None:
    """Import once what every test process needs; they are forked from this one."""
    for name in PRELOADED:
        importlib.import_module(name)
