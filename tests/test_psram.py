"""The model of a data cache: exactly the lines that it would move; and that the page has what was counted."""

import ctypes
import json
import subprocess

import pytest

from bench import psram
from bench.emulator import SETS
from bench.pages import replaced
from tests.conftest import ROOT

FOUND = json.loads(psram.LINES.read_text())
R, W = 0, 1


class Lines(ctypes.Structure):
    _fields_ = [("filled", ctypes.c_uint64), ("written", ctypes.c_uint64)]  # what struct cache begins with


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    path = tmp_path_factory.mktemp("cache") / "cache.so"
    source = ROOT / "tools" / "xtensa" / "cache.c"
    subprocess.run(["gcc", "-O2", "-shared", "-fPIC", source, "-o", path], check=True)
    lib = ctypes.CDLL(str(path))
    lib.cache_new.restype = ctypes.POINTER(Lines)
    return lib


def moved(lib, accesses, size=128, ways=2, line=32) -> tuple[int, int]:
    """(lines filled, lines written back) of accesses (W or R, address[, bytes]); two sets of two lines unless told."""
    cache = lib.cache_new(size, ways, line)
    for kind, address, *count in accesses:
        lib.cache_access(cache, address, *(count or [1]), kind)
    return cache.contents.filled, cache.contents.written


def at(*lines):
    """Addresses in lines; even ones share a set."""
    return [32 * line for line in lines]


@pytest.mark.parametrize(
    "accesses, filled, written",
    [
        ([], 0, 0),
        ([(R, 0), (R, 31), (R, 28, 4)], 1, 0),
        ([(R, 30, 4)], 2, 0),  # across the edge of two lines
        ([(R, a) for a in at(0, 1, 2, 3, 0, 1, 2, 3)], 4, 0),  # all fit
        ([(R, a) for a in at(0, 2, 0, 4, 0)], 3, 0),  # 2 was used longer ago than 0
        ([(R, a) for a in at(0, 2, 0, 4, 2)], 4, 0),
        ([(R, a) for a in at(0, 2, 4, 0, 2, 4)], 6, 0),  # three take turns in two places
        ([(W, 0)], 1, 0),  # brought in; not written back before it gives way
        ([(W, 0), *((R, a) for a in at(2, 4))], 3, 1),
        ([(W, 0), (W, 4), (R, 0), *((R, a) for a in at(2, 4))], 3, 1),  # a line is written back once, and stays dirty
        ([(R, 0), (W, 8), *((R, a) for a in at(2, 4))], 3, 1),
        ([(W, 0), *((R, a) for a in at(2, 4, 0, 2, 4))], 6, 1),  # clean when it comes again
        ([(W, 0), *((R, a) for a in at(1, 3, 5, 7))], 5, 0),  # the other set
    ],
)
def test_lines_are_moved_as_by_hand(library, accesses, filled, written):
    assert moved(library, accesses) == (filled, written)


@pytest.mark.parametrize("kilobytes", psram.KILOBYTES)
def test_what_fits_is_filled_once_and_what_does_not_each_time(library, kilobytes):
    size = 1024 * kilobytes
    shape = {"size": size, "ways": psram.WAYS, "line": psram.LINE}
    places = size // psram.LINE
    fits = [(W, a, 4) for _ in range(3) for a in range(0, size, 4)]
    assert moved(library, fits, **shape) == (places, 0)
    too_long = [(W, a, 4) for _ in range(3) for a in range(0, size + size // psram.WAYS, 4)]
    lines = 3 * (places + places // psram.WAYS)
    assert moved(library, too_long, **shape) == (lines, lines - places)


@pytest.mark.parametrize("shape", [(0, 2, 32), (100, 2, 32), (96, 2, 32), (128, 0, 32), (128, 2, 0)])
def test_no_cache_of_impossible_sizes(library, shape):
    assert not library.cache_new(*shape)


def test_parts_do_not_overlap_and_lie_as_the_heap_gives_them():
    memory = {"tables": 100, "activations": 22, "stream": 50}
    found = {name: (size, start) for name, size, start in psram.regions(psram.LISTEN, "everything", 30, memory, 640)}
    assert found["file"] == (30, 0) and found["memory"] == (122, 32) and found["stream_memory"] == (50, 160)
    assert found["features"] == (psram.SUMS, 212) and found["input"][1] >= 212 + psram.SUMS
    assert [name for name, _, _ in psram.regions(psram.LISTEN, "heap", 30, memory, 640)] == ["file", "input"]
    given = {name: start for name, _, start in psram.regions(psram.WINDOW, "everything", 30, memory, 40)}
    assert given["input"] == given["stream_memory"]


def test_a_hop_waits_for_network_and_all_else():
    assert psram.cost([1000, 100]) == pytest.approx(1.2)
    for lines in FOUND.values():
        network, rest = psram.stalls(lines, "everything", 8)
        assert network > 0 and rest > 0
        assert network + rest == pytest.approx(psram.cost(lines["hop"]["everything"]["8"]))


def test_the_page_has_what_was_counted():
    page = psram.PAGE.read_text()
    assert replaced(page, psram.tables(FOUND)) == page
    assert FOUND.keys() == psram.budget().keys()


@pytest.mark.slow
def test_the_same_lines_are_moved_again():
    if missing := SETS["s2"].missing():
        pytest.skip(missing)
    assert psram.measure([ROOT / "models" / "small.bin"])["small"] == FOUND["small"]
