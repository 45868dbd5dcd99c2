"""The C core's worst stack, from the compiler's own call graph:  python -m bench.stack

Compiled with gcc for 32-bit x86 (-m32 -O2), or for this machine where gcc has no -m32. What the C library's memcpy,
memmove, memset and strlen and a caller's trace function take is not counted.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

CORE = Path(__file__).resolve().parents[1] / "native" / "core"
SOURCES = sorted(path for path in CORE.rglob("*.c") if path.parent.name != "plain")
# the memory functions, and gcc's helper for 64-bit division by a variable
ALLOWED = {"memcpy", "memmove", "memset", "memcmp", "strlen", "__udivdi3"}

# the one function that calls through a pointer, which gcc cannot see behind: the caller's trace
POINTED = "tympan_engine_finish"


def compiled(folder: Path) -> str:
    """Compile every file of the core with its call graph; returns the flag that was used, "-m32" or ""."""
    flag = "-m32"
    for source in SOURCES:
        target = [
            "-std=c99",
            "-O2",
            "-fno-pie",
            "-fcallgraph-info=su",
            "-c",
            str(source),
            "-o",
            str(folder / f"{source.stem}.o"),
        ]
        if flag and subprocess.run(["gcc", flag, *target], capture_output=True).returncode == 0:
            continue
        flag = ""
        subprocess.run(["gcc", *target], check=True)
    return flag


def outside(folder: Path) -> set[str]:
    """Names that the core's objects expect from elsewhere."""
    listing = subprocess.run(["nm", "-u", *folder.glob("*.o")], capture_output=True, text=True, check=True).stdout
    names = {line.split()[-1] for line in listing.splitlines() if " U " in line}
    return {n for n in names if not n.startswith("tympan_")}


def call_graph(folder: Path) -> tuple[dict[str, int], dict[str, set[str]]]:
    """(bytes of each function's frame, functions that each calls). ValueError for a call through another pointer."""
    frames, calls = {}, {}
    for path in folder.glob("*.ci"):
        text = path.read_text()
        for name, size in re.findall(r'node: { title: "(?:[^"]*:)?(\w+)" label: "[^"]*?(\d+) bytes', text):
            frames[name] = int(size)
        for source, target in re.findall(r'sourcename: "(?:[^"]*:)?(\w+)" targetname: "(?:[^"]*:)?(\w+)"', text):
            if target != "__indirect_call":
                calls.setdefault(source, set()).add(target)
            elif source != POINTED:
                raise ValueError(f"{source} calls through a pointer, behind which no stack can be counted")
    return frames, calls


def worst(name: str, frames, calls, path=()) -> int:
    """Bytes of stack below a call of `name`; RecursionError where it can call itself."""
    if name in path:
        raise RecursionError(" -> ".join([*path, name]))
    deepest = max((worst(n, frames, calls, (*path, name)) for n in calls.get(name, ()) if n in frames), default=0)
    return frames[name] + deepest


def measure() -> tuple[dict[str, int], set[str], str]:
    """(worst stack of each function of tympan.h, names from outside, compiler flag)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        flag = compiled(folder)
        frames, calls = call_graph(folder)
        public = re.findall(r"\b(tympan_\w+)\(", (CORE / "tympan.h").read_text())
        return {n: worst(n, frames, calls) for n in public if n in frames}, outside(folder), flag


def main() -> int:
    stacks, names, flag = measure()
    print(f"worst stack in bytes, gcc -O2 {flag or 'for this machine'}; no recursion")
    for name, size in sorted(stacks.items(), key=lambda item: -item[1]):
        print(f"{size:6d}  {name}")
    print(f"from outside the core: {', '.join(sorted(names))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
