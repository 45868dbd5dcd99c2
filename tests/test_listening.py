"""A stream on the host is a stream on the robot: the same levels, windows and commands."""

from dataclasses import replace

import numpy as np
import pytest

from host.base.paths import DEVICE
from host.data.speech import Speaker, synthesizer
from host.engines.micropython import run_script
from host.engines.native import ModelError, capture
from host.format.file import read, write
from host.format.program import Listening
from host.listening.stream import listen
from host.simulator.run import GAIN, slots
from tests.conftest import MODEL

ROBOT = MODEL.with_name("robot.bin")
# the robot's own listener, which takes slots of the microphone, and prints what it made of each window
SCRIPT = f"""
import sys
sys.path.insert(0, {str(DEVICE)!r})
from array import array
import tympan
from tympan_robot.listener import Listener

with open(sys.argv[1], "rb") as f:
    listener = Listener(tympan.Model(f), RULE, {GAIN})
block = array("i", bytes(4 * listener.block))
command = -1


def show(l):
    global shown
    shown = l.level, l.leader


listener.on_window = show
with open(sys.argv[2], "rb") as f:
    while f.readinto(block) == 4 * len(block):
        shown = None
        command = listener.take_slots(block)
        if shown:
            p = sum(listener.probabilities) if shown[1] >= 0 else 0
            print(*shown, p, command, listener.decision.confidence if command >= 0 else 0)
"""


@pytest.fixture(scope="module")
def raw() -> bytes:
    """What the microphone gives of three words with rests between them."""
    parts = [np.zeros(20000)]
    for word in ("left", "stop", "go"):
        parts += [synthesizer().say(word, Speaker("en-us")) * 0.4, np.zeros(22000)]
    return slots((np.concatenate(parts) * 32767).astype(np.int16))


@pytest.mark.parametrize("rule", [{}, {"gate": 30}, {"hop": 30, "history": 2, "votes": 3}, {"hop": 100, "cooldown": 0}])
def test_the_host_hears_what_the_robot_hears(rule, raw, tmp_path):
    (tmp_path / "slots").write_bytes(raw)
    (tmp_path / "script.py").write_text(SCRIPT.replace("RULE", repr(rule)))
    said = run_script(tmp_path / "script.py", str(ROBOT), str(tmp_path / "slots"))
    theirs = [tuple(map(int, line.split())) for line in said.splitlines()]
    samples = capture(np.frombuffer(raw, "<i4"), GAIN)
    file = ROBOT.read_bytes()
    ours = listen(file, read(file)[0], samples, rule)
    assert [(w.level, w.leader, int(w.probabilities.sum()), w.command, w.confidence) for w in ours] == theirs
    assert len(ours) > 15 and any(w.command >= 0 for w in ours)
    assert any(w.leader < 0 for w in ours) == ("gate" in rule)


def test_sound_shorter_than_a_window_has_none():
    file = ROBOT.read_bytes()
    program, plan = read(file)
    c = program.frontend
    samples = np.zeros(c.frame + (c.frames - 1) * c.hop, np.int16)
    assert listen(file, program, samples[:-1]) == []
    (window,) = listen(file, program, samples)
    assert window.end == len(samples) and window.level == 0
    assert listen(file, program, samples[:0]) == []
    loud = write(replace(program, listening=Listening(gate=1)), plan)
    assert listen(loud, read(loud)[0], samples)[0].leader == -1
    with pytest.raises(ModelError):
        listen(file[:-1], program, samples)
