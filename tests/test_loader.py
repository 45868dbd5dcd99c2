"""One refused file for each check of the C core's loader, and the twin that it must take (tests/refusals.py)."""

import ctypes

import numpy as np
import pytest

from host.engines.native import ModelError, NativeModel, library
from host.format.file import read
from tests.refusals import ENVELOPE, FILE
from tests.refused_networks import HEADS
from tests.refused_sums import PLANS, SUMS, WORK

PAIRS = ENVELOPE | HEADS
for reason, pairs in {"RANGE": SUMS, "WORK": WORK, "PLAN": PLANS}.items():
    PAIRS |= {name: (reason, *files) for name, files in pairs.items()}


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


def opened(call: str, file_off: int = 0, memory_off: int = 0, less: int = 0) -> str:
    """What the core says of a sound file, and of a listener for it, so far from aligned and with so few bytes less."""
    lib, need, listens = library(), (ctypes.c_uint32 * 3)(), ctypes.c_uint32()
    (file, kept), (model, _model), (listener, _listener) = aligned(len(FILE), file_off), aligned(1024), aligned(1024)
    ctypes.memmove(file, FILE, len(FILE))
    status = lib.tympan_model_measure(file, len(FILE), need)
    if call != "measure":
        if call == "open":
            memory, _memory = aligned(need[0] + need[1], memory_off)
            status = lib.tympan_model_open(model, file, len(FILE), memory, need[0] + need[1] - less)
        else:
            memory, _memory = aligned(need[0] + need[1])
            assert lib.tympan_model_open(model, file, len(FILE), memory, need[0] + need[1]) == 0
            assert lib.tympan_listener_measure(model, 1, ctypes.byref(listens)) == 0
            memory, _sums = aligned(listens.value, memory_off)
            status = lib.tympan_listener_open(listener, model, 1, memory, listens.value - less)
    return lib.tympan_status_name(status).decode()


@pytest.mark.parametrize("off", [1, 2, 3])
def test_files_and_memory_that_are_not_aligned_are_refused(off):
    assert opened("measure", file_off=off) == opened("open", file_off=off) == "MEMORY"
    assert opened("open", memory_off=off) == opened("listen", memory_off=off) == "MEMORY"


def test_memory_of_a_byte_too_few_is_refused():
    assert opened("measure") == opened("open") == opened("listen") == "OK"
    assert opened("open", less=1) == opened("listen", less=1) == "MEMORY"
