"""One refused file for each check of the C core's loader, and the twin that it must take (tests/refusals.py)."""

import ctypes

import numpy as np
import pytest

from host.engines.native import ModelError, NativeModel, library
from host.format.file import read
from tests.refusals import FILE, labelled
from tests.refused_sums import PAIRS


def status(file: bytes) -> str:
    try:
        NativeModel(file)
    except ModelError as error:
        return error.reason
    return "OK"


@pytest.mark.parametrize("name", PAIRS)
def test_what_is_wrong_is_refused_by_its_name(name):
    expected, refused, accepted = PAIRS[name]
    assert (status(refused), status(accepted)) == (expected, "OK")
    read(accepted)


def aligned(size: int, off: int = 0) -> tuple[ctypes.c_void_p, np.ndarray]:
    """Where so many bytes of memory begin that lie `off` bytes behind a multiple of 16; and what keeps them."""
    kept = np.zeros(size + 32, np.uint8)
    return ctypes.c_void_p(kept.ctypes.data + -kept.ctypes.data % 16 + off), kept


class Core:
    """The core's own functions on a file, without those of native/host between."""

    def __init__(self, file: bytes = FILE, file_off: int = 0):
        self.lib, self.size = library(), len(file)
        self.file, self.kept = aligned(self.size, file_off)
        ctypes.memmove(self.file, file, self.size)
        self.model, self.kept_model = aligned(1024)

    def name(self, status: int) -> str:
        return self.lib.tympan_status_name(status).decode()

    def measure(self) -> str:
        need = (ctypes.c_uint32 * 3)()
        status = self.lib.tympan_model_measure(self.file, self.size, need)
        self.bytes = need[0] + need[1]
        return self.name(status)

    def open(self, size: int, off: int = 0) -> str:
        memory, self.memory = aligned(size, off)
        return self.name(self.lib.tympan_model_open(self.model, self.file, self.size, memory, size))

    def listen(self, hop: int, less: int = 0, off: int = 0) -> str:
        listener, self.listener = aligned(1024)
        size = ctypes.c_uint32(4 + less)
        self.lib.tympan_listener_measure(self.model, hop, ctypes.byref(size))
        memory, self.sums = aligned(size.value, off)
        return self.name(self.lib.tympan_listener_open(listener, self.model, hop, memory, size.value - less))


@pytest.mark.parametrize("name", PAIRS)
def test_opening_refuses_what_measuring_does(name):
    """A caller may know from elsewhere how much memory a file takes."""
    status, refused, _ = PAIRS[name]
    core = Core(refused)
    assert core.open(1 << 20) == status
    assert core.measure() in ("OK", status)


@pytest.mark.parametrize(
    "name", ["256 bands", "a kernel of no bands", "a kernel of more bands than there are", "a pool of no bands"]
)
def test_bands_are_counted_before_there_is_memory(name):
    assert Core(PAIRS[name][1]).measure() == "SHAPE"


@pytest.mark.parametrize("off", [1, 2, 3])
def test_files_and_memory_that_are_not_aligned_are_refused(off):
    elsewhere, core = Core(file_off=off), Core()
    assert elsewhere.measure() == elsewhere.open(1 << 20) == core.open(1 << 20, off) == "MEMORY"
    assert core.open(1 << 20) == "OK" and core.listen(1, off=off) == "MEMORY"


def test_memory_of_a_byte_too_few_is_refused():
    core = Core()
    assert core.measure() == core.open(core.bytes) == core.listen(1) == "OK"
    assert core.listen(1, less=1) == core.open(core.bytes - 1) == core.open(0) == "MEMORY"


def test_a_listener_at_a_hop_that_cannot_be_is_refused_by_that():
    core = Core()
    core.open(1 << 20)
    assert core.listen(0) == core.listen(9, less=4) == "HOP"


def test_labels_are_found_in_their_order():
    core = Core(labelled(b"a", "\u00fcber".encode(), b"c"))
    core.open(1 << 20)
    core.lib.tympan_model_label.restype = ctypes.c_char_p
    assert [core.lib.tympan_model_label(core.model, i).decode() for i in range(3)] == ["a", "\u00fcber", "c"]
