"""The C core compiled for an Xtensa instruction set, and qemu to count what it executes or sends through a cache."""

import bisect
import re
import shutil
import struct
import subprocess
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from host.base.paths import ROOT

S2_TOOLS = ROOT / "build" / "xtensa-s2" / "bin"


@dataclass(frozen=True)
class InstructionSet:
    """What is counted: `name` as in tools/xtensa/build.sh, its compiler's prefix, the core of qemu that runs it."""

    name: str
    text: str
    prefix: str
    cpu: str
    install: str  # the command that brings what is missing
    plugin: str = ""
    emulation: frozenset[str] = frozenset()  # functions that do what the emulated core lacks: not counted

    def missing(self) -> str:
        """What is needed and not there, in a sentence; empty where nothing is."""
        names = [c for c in (f"{self.prefix}gcc", "qemu-system-xtensa", "gcc") if shutil.which(c) is None]
        return f"not installed: {', '.join(names)}; {self.install}" if names else ""


SETS = {
    "lx106": InstructionSet(
        "lx106", "an emulated Xtensa lx106", "xtensa-lx106-elf-", "lx106", "tools/system_packages.sh xtensa"
    ),
    "s2": InstructionSet(
        "s2",
        "an emulated Xtensa core with the ESP32-S2's instructions",
        f"{S2_TOOLS}/xtensa-s2-elf-",
        "de212",
        "make bench-xtensa-s2",
        ",windows=0x60000000",
        frozenset({"vectors", "high_product"}),
    ),
}


@dataclass(frozen=True)
class Cache:
    """A data cache, and what of the counting program's memory lies behind it; tools/xtensa/cache.h says how it acts."""

    bytes: int
    ways: int
    line: int
    regions: tuple[tuple[str, int, int], ...]  # an array of tools/xtensa/program.c, bytes of it, where they lie behind

    def argument(self, symbols: dict[str, int]) -> str:
        regions = (f",region={symbols[name]}:{size}:{at}" for name, size, at in self.regions)
        return f",cache={self.bytes}:{self.ways}:{self.line}{''.join(regions)}"


class Emulator:
    """The core compiled for one instruction set in `folder`, and qemu to run it."""

    def __init__(self, folder: Path, instructions: InstructionSet):
        self.folder, self.set = folder, instructions
        subprocess.run([ROOT / "tools" / "xtensa" / "build.sh", folder, instructions.name], check=True)
        listing = [line.split() for line in self.tool("nm", folder / "program.elf").splitlines()]
        self.symbols = {name: int(address, 16) for address, _, name in listing}
        functions = sorted((int(address, 16), name) for address, kind, name in listing if kind in "tT")
        self.addresses = [a for a, _ in functions]
        self.names = [n for _, n in functions]

    def tool(self, name: str, *arguments) -> str:
        """What a tool of the compiler prints."""
        return subprocess.check_output([f"{self.set.prefix}{name}", *arguments], text=True)

    def code_bytes(self) -> int:
        """Code and constants of core and front end."""
        listing = self.tool("size", "-A", *self.folder.glob("core/*.o"))
        lines = (line.split() for line in listing.splitlines() if line.startswith((".text", ".literal", ".rodata")))
        return sum(int(fields[1]) for fields in lines)

    def function(self, address: int) -> str:
        return self.names[bisect.bisect(self.addresses, address) - 1]

    def execute(self, plugin: str, what: int, times: int, model: bytes, given: bytes) -> bytes:
        """Run the program with one of qemu's plugins and its arguments; what the program wrote.

        tools/xtensa/program.c says what it reads and writes.
        """
        head = struct.pack("<4I", what, times, len(model), len(given))
        machine = ["-M", "sim", "-cpu", self.set.cpu, "-display", "none", "-monitor", "none", "-serial", "none"]
        options = ["-semihosting", "-plugin", plugin, "-kernel", self.folder / "program.elf"]
        # from a file, for a pipe would be read in pieces whose number depends on the machine's load
        (self.folder / "input").write_bytes(head + model + given)
        with open(self.folder / "input", "rb") as source:
            command = ["qemu-system-xtensa", *machine, *options]
            done = subprocess.run(command, stdin=source, capture_output=True, timeout=600)
        if done.returncode != 0:
            raise RuntimeError(f"the program ended with status {done.returncode}: {done.stderr.decode()}")
        return done.stdout

    def run(self, what: int, times: int, model: bytes, given: bytes) -> tuple[Counter, bytes]:
        """(executed instructions by (address, period), what the program wrote); gpl/count.c says what a period is."""
        counts = self.folder / "counts.txt"
        plugin = f"{self.folder / 'count.so'},out={counts},marks={self.symbols['marks']}{self.set.plugin}"
        answer = self.execute(plugin, what, times, model, given)
        found: Counter = Counter()
        for line in counts.read_text().splitlines():
            address, period, count = line.split()
            found[int(address, 16), int(period)] += int(count)
        return found, answer

    def difference(self, what: int, few: int, more: int, model: bytes, given: bytes) -> tuple[Counter, bytes]:
        """Instructions of doing it `more` instead of `few` times: what opens and checks the model is in neither."""
        base, _ = self.run(what, few, model, given)
        found, answer = self.run(what, more, model, given)
        found.subtract(base)
        left_out = self.set.emulation
        return Counter({k: n for k, n in found.items() if n and self.function(k[0]) not in left_out}), answer

    def lines(
        self, caches: Iterable[Cache], what: int, few: int, more: int, model: bytes, given: bytes
    ) -> list[list[int]]:
        """Of each cache the lines [filled, written back] of doing it `more` instead of `few` times."""
        counts, found = self.folder / "lines.txt", []
        regions = "".join(cache.argument(self.symbols) for cache in caches)
        for times in (few, more):
            self.execute(f"{self.folder / 'memory.so'},out={counts}{regions}", what, times, model, given)
            found.append([[int(n) for n in line.split()] for line in counts.read_text().splitlines()])
        return [[m - n for n, m in zip(*counts, strict=True)] for counts in zip(*found, strict=True)]

    def opcodes(self) -> dict[int, str]:
        """The instruction at each address, narrow ones (`add.n`) by the name of the wide."""
        listing = self.tool("objdump", "-d", "--no-show-raw-insn", self.folder / "program.elf")
        found = re.findall(r"^ *([0-9a-f]+):\t([a-z][a-z0-9.]*)", listing, re.MULTILINE)
        return {int(address, 16): name.removesuffix(".n") for address, name in found}

    def by_function(self, counts: Counter) -> Counter:
        """Counts by (address, period) as counts by function."""
        found: Counter = Counter()
        for (address, _), n in counts.items():
            found[self.function(address)] += n
        return found
