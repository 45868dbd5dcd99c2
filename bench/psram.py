"""What PSRAM costs an ESP32-S2, by a model of its data cache:  python -m bench.psram [--write]

Each read and write of a window by itself, and of a hop, on an emulated core with the S2's instructions goes through
the caches below, which tools/xtensa/cache.c models. With --write the lines that were moved become bench/psram.json, and
the tables in docs/speed.md are replaced. Nothing was measured on a chip: the assumptions are constants here, and the
page names them.
"""

import json
import sys
import tempfile
from functools import cache
from pathlib import Path

from bench.emulator import SETS, Cache, Emulator
from bench.pages import main, rows
from bench.speed import PAGE, milliseconds
from bench.xtensa import BUDGET, HOPS, LISTEN, MODELS, WARM, WINDOW, column, slots_of, window_of
from host.base.files import write_whole
from host.format.file import read

LINES = Path(__file__).with_suffix(".json")

KILOBYTES = (8, 16)  # the cache's two sizes; an ESP32-S2's firmware chooses
WAYS, LINE = 4, 32
RATE, SLOT = 16000, 4  # of the microphone: slots a second, bytes of each
FILLED_US, WRITTEN_US = 1.1, 1.0  # a line from PSRAM, a line written back to it

# what lies in PSRAM: everything, or only what MicroPython's heap holds: the file's copy and the microphone's blocks
PLACES = {"everything": "everything", "heap": "file and sound"}
# a window by itself, a hop on a stream and one whose window is computed whole, and how many of them come before the one
# whose lines are counted
WORK = {"window": (WINDOW, 1), "hop": (LISTEN, WARM), "hop_whole": (HOPS, WARM)}
SUMS = 4 << 12  # bytes of the array `features` in the counting program, in which a listener has its sums


def up(at: int, unit: int) -> int:
    return -(-at // unit) * unit


def regions(what: int, place: str, file: int, memory: dict[str, int], given: int) -> tuple[tuple[str, int, int], ...]:
    """The counting program's arrays that lie behind the cache, and where: one behind the other as they come from the
    heap, whose blocks begin at multiples of 16. File, tables and arena; stream and a listener's sums; the sound.
    """
    inside, work = up(file, 4), memory["tables"] + memory["activations"]
    stream = up(inside + work, 16)
    sums = stream + up(memory["stream"], 4)
    # of a window by itself the features are given, which a stream has at its beginning
    given_at = ("input", given, stream if what == WINDOW else up(sums + SUMS, 16))
    held = (("file", file, 0), given_at)
    if place == "heap":
        return held[:1] if what == WINDOW else held
    return (
        *held,
        ("memory", work, inside),
        ("stream_memory", memory["stream"], stream),
        ("features", SUMS, sums),
    )


def moved(emulator: Emulator, file: bytes, memory: dict[str, int]) -> dict:
    """{of WORK: {of PLACES: {kilobytes: [lines filled, lines written back]}}}, each like the one before it."""
    program, _ = read(file)
    found: dict = {}
    for name, (what, before) in WORK.items():
        given = (window_of(program) if what == WINDOW else slots_of(program)).tobytes()
        behind = {place: regions(what, place, len(file), memory, len(given)) for place in PLACES}
        caches = [Cache(1024 * size, WAYS, LINE, behind[place]) for place in PLACES for size in KILOBYTES]
        lines = iter(emulator.lines(caches, what, before, before + 1, file, given))
        found[name] = {place: {str(size): next(lines) for size in KILOBYTES} for place in PLACES}
    return found


def budget() -> dict:
    return column(json.loads(BUDGET.read_text()), "s2")


def measure(models: list[Path] = MODELS) -> dict[str, dict]:
    """What is moved, by model."""
    memory = {name: s["memory_bytes"] for name, s in budget().items()}
    with tempfile.TemporaryDirectory() as folder:
        emulator = Emulator(Path(folder), SETS["s2"])
        return {path.stem: moved(emulator, path.read_bytes(), memory[path.stem]) for path in models}


def cost(lines: list[int]) -> float:
    """ms of (lines filled, lines written back)."""
    return (lines[0] * FILLED_US + lines[1] * WRITTEN_US) / 1000


def stalls(found: dict, place: str, kilobytes: int) -> tuple[float, float]:
    """ms that the network waits in a hop of a stream, and all else, which is a hop computed whole less its window."""
    hop, whole, window = (cost(found[work][place][str(kilobytes)]) for work in ("hop", "hop_whole", "window"))
    return hop - (whole - window), whole - window


def table(work: str, text: str, key: str, places: tuple[str, ...], found: dict) -> str:
    head = [text, "ms without", "cache"]
    for place in places:
        head += [f"{PLACES[place]}: filled", "written back", "ms more"]
    body, counted = [], budget()
    for model, by_work in found.items():
        for size in map(str, KILOBYTES):
            line = [model, milliseconds(counted[model][key]), f"{size} KB"]
            for place in places:
                lines = by_work[work][place][size]
                line += [*(f"{n:,}" for n in lines), f"{cost(lines):.1f}"]
            body.append(line)
    return rows(head, body)


def left_out() -> str:
    """What the table of hops does not have, and how much it is at most."""
    sound = 160 * RATE // 1000 * SLOT // LINE
    refills = ", ".join(f"{cost([1024 * size // LINE, 0]):.1f} ms of {size} KB" for size in KILOBYTES)
    return (
        "\nNot in it: the port's task, which copies the sound from its DMA buffers into the heap. It moves each line\n"
        f"of sound at most once more each way, {cost([sound, sound]):.1f} ms for the {sound} lines of 160 ms. Where\n"
        f"MicroPython has filled the cache between two hops, each of its lines is filled again: {refills}.\n"
    )


def tables(found: dict) -> dict[str, str]:
    """The page's tables from what was moved."""
    return {
        "psram-hop": table("hop", "a hop of a stream", "hop_streaming", tuple(PLACES), found) + left_out(),
        "psram-window": table("window", "a window", "instructions", ("everything",), found),
    }


def dumped(found: dict) -> str:
    """As JSON, a model a line."""
    return "{\n" + ",\n".join(f"{json.dumps(name)}: {json.dumps(entry)}" for name, entry in found.items()) + "\n}\n"


if __name__ == "__main__":
    found = cache(measure)
    status = main("psram", __doc__, PAGE, SETS["s2"], lambda: tables(found()))
    if not status and "--write" in sys.argv:
        write_whole(LINES, dumped(found()).encode())
    sys.exit(status)
