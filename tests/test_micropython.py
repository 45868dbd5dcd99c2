"""The module `tympan` in MicroPython's unix port, with 64- and with 32-bit integers and pointers."""

import math
import platform

import numpy as np
import pytest

from host.compiler.plan import plan
from host.engines.micropython import run_script
from host.engines.native import NativeListener, NativeModel
from host.format.file import with_checksum, write
from host.reference import specification
from tests.conftest import MODEL, ROOT
from tests.programs import random_program
from tests.test_streaming import windows_only

BITS = [64, pytest.param(32, marks=pytest.mark.skipif(platform.machine() != "x86_64", reason="no 32-bit compiler"))]

EXPECTED = """\
('yes', 'no', 'up', 'down', 'left', 'right', 'on', 'off', 'stop', 'go')
{memory} ('tables', 'arena')
16000 480 160 94 12 45 True
[('cooldown', 1000), ('gate', 0), ('history', 5), ('hop', 200), ('threshold', 52428), ('votes', 3)]
98 98 1128 {level} 0
True True
True 98
True
True 0
98 98 False
True
20 0 98 True True
24 True True
False True
True
out: expected array('H') of 10, one per label
True True
KeyError: 0
True
RuntimeError: the model is running: trace may not run it again
RuntimeError: the model is running: trace may not run it again
ValueError: trace: only of a window by itself, as stream.window is
ValueError: the stream was made for another model
ValueError: features: expected 1128 bytes (94 frames of 12), got 3 of type 'B'
ValueError: features: expected 1128 bytes (94 frames of 12), got 1128 of type 'h'
ValueError: out: expected array('H') of 10, one per label
ValueError: out: expected array('H') of 10, one per label
ValueError: out: expected array('H') of 10, one per label
TypeError: object with buffer protocol required
TypeError: function missing 1 required positional arguments
TypeError: object with buffer protocol required
ValueError: expected array('h') or bytes, got type 'f'
ValueError: expected array('h') or bytes, got type 'i'
ValueError: expected whole, aligned items of 2 bytes, got 3 bytes
ValueError: expected array('h') or bytes, got a str
TypeError: object with buffer protocol required
ValueError: expected whole, aligned items of 4 bytes, got 3 bytes
ValueError: expected array('i') or bytes, got type 'h'
ValueError: expected whole, aligned items of 2 bytes, got 8 bytes
ValueError: expected whole, aligned items of 2 bytes, got 8 bytes
ValueError: expected whole, aligned items of 4 bytes, got 8 bytes
ValueError: slots: expected as many of each channel
ValueError: channels: 1 to 8, channel: one of them, from 0
ValueError: channels: 1 to 8, channel: one of them, from 0
ValueError: channels: 1 to 8, channel: one of them, from 0
ValueError: channels: 1 to 8, channel: one of them, from 0
ValueError: channels: 1 to 8, channel: one of them, from 0
TypeError: Stream takes a tympan.Model
ValueError: gain: 0 to 8, in steps of 6 dB
ValueError: hop refused, HOP: the hop is no multiple of the network's strides, or too long for its window
ValueError: hop refused, HOP: the hop is no multiple of the network's strides, or too long for its window
ValueError: model refused, TRUNCATED: the file is shorter than its header says; copy it again
TypeError: Model takes a buffer or an open file, not a name
TypeError: Model takes a buffer or an open file
ValueError: model refused, TRUNCATED: the file is shorter than its header says; copy it again
ValueError: model refused, CHECKSUM: the checksum does not match; the file was damaged, copy it again
OSError: [Errno 5] EIO
OSError: [Errno 5] EIO
True
ValueError: model refused, MAGIC: this is not a tympan model: it does not begin with TYMP
"""


@pytest.mark.parametrize("bits", BITS)
def test_what_a_tinkerer_types(bits):
    out = run_script(ROOT / "tests" / "micropython_api.py", str(MODEL), bits=bits)
    samples = [(i * i * 7) % 6000 - 3000 for i in range(16000)]
    level = math.isqrt(sum(x * x for x in samples) // len(samples))
    memory = NativeModel(MODEL.read_bytes()).memory  # as large on every chip
    expected = EXPECTED.format(memory=list(memory.values()), level=level)
    assert out.splitlines() == expected.splitlines()


SHOWN = """\
import array, sys, tympan
sys.path.append(sys.argv[3])
from tympan_robot.listener import Listener
m = tympan.Model(open(sys.argv[1], "rb"))
print(m.info()["rate"], m.info()["frames"], m.info()["width"], m.memory["stream"])
p = array.array("H", [0] * len(m.labels))
m.run(open(sys.argv[2], "rb").read(), p)
print(list(p))
for make in tympan.Stream, Listener:
    try:
        make(m)
    except ValueError as error:
        print(error)
"""


@pytest.mark.parametrize("bits", BITS)
def test_a_model_that_does_not_hear(bits, tmp_path):
    program = random_program(3, hears=False)
    frames, bands, channels = program.input.shape
    shown = np.random.default_rng(0).integers(0, 256, program.input.shape, dtype=np.uint8)
    for name, data in {
        "m.bin": write(program, plan(program)),
        "shown": shown.tobytes(),
        "s.py": SHOWN.encode(),
    }.items():
        (tmp_path / name).write_bytes(data)
    out = run_script(tmp_path / "s.py", *map(str, (tmp_path / "m.bin", tmp_path / "shown", ROOT / "device")), bits=bits)
    assert out.splitlines() == [
        f"0 {frames} {bands * channels} 0",
        str(specification.run(program, shown)[-1].ravel().tolist()),
        "this model does not hear: give what it reads to run()",
        "this model does not hear: what it reads is no sound",
    ]


@pytest.mark.parametrize("bits", BITS)
def test_internal_memory_is_used_as_far_as_it_goes_and_given_back(bits, tmp_path):
    """What does not fit lies in the heap, with the same results; nothing is left of many models or refused ones."""
    path, unsound = ROOT / "models" / "robot.bin", tmp_path / "unsound.bin"
    file = path.read_bytes()
    arena = file.index(b"OPER") + 12
    size = int.from_bytes(file[arena : arena + 4], "little")
    unsound.write_bytes(with_checksum(file[:arena] + (size - 4).to_bytes(4, "little") + file[arena + 4 :]))
    windows = tmp_path / "windows.bin"
    windows.write_bytes(write(*windows_only()))
    out = run_script(ROOT / "tests" / "micropython_memory.py", *map(str, (path, unsound, windows)), bits=bits)
    model = NativeModel(file)
    memory, work = model.memory, model.memory["tables"] + model.memory["arena"]
    everything = work + memory["stream"] + NativeListener(model, 16).memory
    assert out.splitlines() == [
        f"{everything} bytes: ('tables', 'arena') True {everything}",
        f"{everything - 1} bytes: ('tables', 'arena') False {work}",
        f"{work - 1} bytes: () True {everything - work}",
        "0 bytes: () False 0",
        "the same results: True",
        "of a hundred models one after the other with all memory inside: 100, left: 0",
        "ValueError: model refused, PLAN: the memory plan lets two values overlap or overflow; left at once: 0",
        "ValueError: hop refused, PLAN: the memory plan lets two values overlap or overflow; left at once: 0",
        f"MemoryError: memory allocation failed, allocating {work} bytes; left at once: 0",
    ]
