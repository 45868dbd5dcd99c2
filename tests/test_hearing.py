"""The robot's ears on stand-in hardware: no window missed, whatever the microphone gives."""

import os
import re

import numpy as np
import pytest

from host.data import audio
from host.engines.native import FrontEndEngine, NativeModel, capture
from host.format.file import read
from tests.conftest import MODEL
from tests.robots import BITS, DRIVE, pin_times, program, said, seconds, stopped

# ---- the microphone ----


def test_every_window_is_what_the_c_core_computes(robot):
    """No window is missed or moved in 20 s, and the program's probabilities are those of the same sound elsewhere."""
    samples = np.random.default_rng(3).integers(-3000, 3000, 20 * 16000).astype(np.int16)
    robot.hears(samples)
    lines = robot.play("from tympan_robot import launcher; launcher.start('voice', report=True)")
    windows = [list(map(int, line.split()[1:])) for line in lines if line.startswith("@window")]
    ends = [w[0] for w in windows]
    assert ends == list(range(940, ends[-1] + 1, 200)) and ends[-1] >= 19900
    file = MODEL.read_bytes()
    program, _ = read(file)
    config = program.frontend
    words = np.frombuffer((robot.folder / "audio.slots").read_bytes(), "<i4")
    features = FrontEndEngine(config).push(capture(words, 4))
    model = NativeModel(file, config.frames, config.width, len(program.labels))
    inside = [w for w in windows if w[0] // 10 <= len(features)]
    cut = np.stack([features[w[0] // 10 - config.frames : w[0] // 10] for w in inside])
    assert len(inside) > 90 and np.array_equal([w[2:] for w in inside], model.run(cut))


@pytest.mark.parametrize("hop", [20, 50, 70, 130, 250, 410, 1999])
def test_any_hop_gives_its_windows(robot, hop):
    robot.hears(seconds(5))
    robot.settings(listening={"hop": hop})
    lines = robot.play("from tympan_robot import launcher; launcher.start('voice', report=True)")
    ends = [int(line.split()[1]) for line in lines if line.startswith("@window")]
    assert ends == list(range(940, ends[-1] + 1, hop // 10 * 10)) and ends[-1] > 5000 - hop


@pytest.mark.parametrize("until_opened", [False, True])
def test_a_silent_microphone_stops_the_motors_and_is_started_again(robot, until_opened):
    program(robot, DRIVE, 8)
    robot.scene |= {"stalls": [[2000, 4000]], "stall_until_opened": until_opened}
    lines = robot.play()
    stall = next(i for i, line in enumerate(lines) if line.startswith("@stall"))
    brake = [us for us, duty in pin_times(lines[:stall], 37) if duty == 65535][-1]
    assert 2_465_000 < brake < 2_540_000  # half a second after the last block
    assert stopped(lines[:stall]) and said(lines, "The microphone is silent")
    after = [line for line in lines[stall:] if line.startswith("@stall")]
    assert len(after) <= 5 and said(lines, "@end")
    red, green, blue = map(int, [line for line in lines if line.startswith("@light")][-2].split()[2:])
    assert blue > 0 == red == green  # listening again, no longer magenta, until the end


def test_after_a_stall_the_robot_listens_afresh(robot):
    """Votes of before do not count, a window is of new sound alone, and a cool-down is over."""
    program(
        robot,
        """
def run(robot):
    robot.start_listening()
    decide = robot.listener.decision.update
    votes = []
    robot.listener.on_window = lambda listener: print('window', listener.stream.frames)
    decide(0, 65535), decide(0, 65535)
    while not robot.microphone.stalls:
        robot.listen()
    print('anew', robot.listener.stream.frames, [decide(0, 65535) for _ in range(3)])
    while robot.microphone.stalls == 1:
        robot.listen()
    print('anew', robot.listener.stream.frames, [decide(1, 65535) for _ in range(3)])
""",
        20,
    )
    robot.settings(listening={"gate": 32767})  # no window is run
    robot.scene["stalls"] = [[300, 900], [3000, 3600]]
    lines = [line for line in robot.play() if line.split()[0] in ("window", "anew")]
    windows = [f"window {frames}" for frames in range(94, 200, 20)]
    assert lines[0] == "anew 0 [-1, -1, 0]" and lines[-1] == "anew 0 [-1, -1, 1]"
    assert len(lines) > 6 and lines[1:-1] == windows[: len(lines) - 2]


@pytest.mark.parametrize("kind", ["zeros", "ones", "garbage", "odd"])
def test_whatever_the_microphone_gives_the_robot_lives(robot, kind):
    rng = np.random.default_rng(1)
    words = {
        "zeros": np.zeros(80000, np.int32),
        "ones": np.full(80000, -1, np.int32),
        "garbage": rng.integers(-(2**31), 2**31, 80000).astype(np.int32),
        "odd": np.tile(np.array([2**31 - 1, -(2**31)], np.int32), 40000),
    }[kind]
    robot.receives(words)
    lines = robot.play()
    assert said(lines, "@end") and not said(lines, "@crash") and not said(lines, "Traceback")


def test_the_right_slot_is_heard_where_it_is_wanted(robot):
    rng = np.random.default_rng(5)
    robot.hears(rng.integers(-3000, 3000, 3 * 16000).astype(np.int16))
    report = "from tympan_robot import launcher; launcher.start('voice', report=True)"
    windows = [[line for line in robot.play(report) if line.startswith("@window")]]
    robot.scene["side"] = "right"
    robot.settings(microphone={"gain": 4, "slot": "right"})
    windows.append([line for line in robot.play(report) if line.startswith("@window")])
    assert len(windows[0]) > 8 and windows[0] == windows[1][: len(windows[0])]


# ---- for ever ----


def noise_and_silence(request) -> np.ndarray:
    rng = np.random.default_rng(0)
    return (rng.standard_normal(60 * 16000) * 3000 * np.repeat(rng.integers(0, 2, 60), 16000)).astype(np.int16)


def real_words(request) -> np.ndarray:
    folder = request.getfixturevalue("recordings") / "speech_commands_v2_test"
    clips = [
        audio.read(path)
        for word in ("go", "left", "stop", "bed")
        for path in sorted((folder / word).glob("*.wav"))[:50]
    ]
    return np.concatenate([part for clip in clips for part in (clip, np.zeros(8000, np.int16))])


@pytest.mark.slow
@pytest.mark.parametrize("sound", [noise_and_silence, real_words])
@pytest.mark.parametrize("bits", BITS)
def test_ten_thousand_hops_without_an_allocation(robot, bits, sound, request):
    """The heap is locked: whatever allocates raises MemoryError. 33 minutes of sound, no drift, no window missed.

    TYMPAN_HOPS=40000 makes it more than two hours.
    """
    wanted = int(os.environ.get("TYMPAN_HOPS", 10000 if sound is noise_and_silence else 2500))
    samples = sound(request)
    robot.hears(np.tile(samples, wanted * 3200 // len(samples) + 2))
    robot.scene |= {"log": False, "tail_ms": 100000}
    robot.write("hops.py", HOPS.replace("10000", str(wanted)))
    lines = robot.play("import hops", bits=bits, timeout=3600)
    hops, drift_ms, overruns, stalls = map(int, lines[-1].split())
    assert (hops, overruns, stalls) == (wanted, 0, 0) and abs(drift_ms) < 100


HOPS = """
import gc, micropython, time
from tympan_robot.robot import Robot
from tympan_robot.settings import load

robot = Robot(load())
while robot.listener is None or robot.listener.stream.frames < 200:
    robot.listen()
hops = 0
def count(listener):
    global hops
    hops += 1
robot.listener.on_window = count
first, started = robot.listener.stream.frames, time.ms
gc.collect()
micropython.heap_lock()
while hops < 10000:
    robot.listen()
    if hops & 63 == 0 and not robot.motors.moving():
        robot.motors.forward(100)
micropython.heap_unlock()
heard_ms = (robot.listener.stream.frames - first) * 10
print(hops, time.ms - started - heard_ms, robot.microphone.overruns, robot.microphone.stalls)
"""


def test_the_words_of_mic_check(robot):
    """Each trouble that the article of the microphone's makers and users name has its sentence."""
    rng = np.random.default_rng(2)
    tone = rng.integers(-900, 900, 32000) - 20000  # 18-bit words with an offset
    cases = {
        "good": (tone << 14, "left", "good: sound in the left slot, level -"),
        "silence": (tone * 0, "left", "every bit is 0"),
        "stuck": (tone * 0 - 256, "left", "stuck: every word is 0xFFFFFF"),
        "right": (tone << 14, "right", "the sound is in the right one"),
        "late": ((tone << 14 >> 1) & 0x7FFFFFFF, "left", "one bit late"),
        "early": (tone << 15, "left", "one bit early"),
        "clipping": (np.clip((tone + 20000) * 400, -(1 << 17), (1 << 17) - 1) << 14, "left", "clipping"),
        "clipping below": (np.clip((tone + 20000) * 400, -(1 << 17), 1 << 16) << 14, "left", "clipping"),
        "clipping above": (np.clip((tone + 20000) * 400, -(1 << 16), (1 << 17) - 1) << 14, "left", "clipping"),
        "quiet": (rng.integers(-1, 1, 32000) << 14, "left", "almost silent"),
    }
    for words, side, sentence in cases.values():
        robot.scene |= {"side": side, "log": False}
        robot.receives((words + 2**31) % 2**32 - 2**31)
        text = " ".join(robot.play("from tympan_robot import launcher; launcher.mic_check()"))
        assert sentence in text, (sentence, text)
        assert not re.search("Traceback|Error", text)


def test_mic_check_closes_the_ears_of_a_robot_that_listens(robot):
    robot.hears(seconds(4))
    lines = robot.play("from tympan_robot import launcher; launcher.awaken().listen(); launcher.mic_check()")
    assert said(lines, "good: sound in the left slot") and not said(lines, "Error")


def test_a_closed_gate_skips_windows_and_changes_no_other(robot):
    """What is computed after silence is what it would have been with the gate open all the time."""
    rng = np.random.default_rng(6)
    loud = rng.integers(-3000, 3000, 3 * 16000).astype(np.int16)
    robot.hears(np.concatenate([seconds(3) // 50, loud, seconds(2) // 50, loud]))
    runs = []
    for gate in (0, 100):
        robot.settings(listening={"gate": gate})
        robot.write("gate.py", GATE)
        runs.append([line for line in robot.play("import gate") if line.startswith("window")])
    opened = [line for line in runs[1] if not line.endswith("closed")]
    assert 20 < len(opened) < len(runs[1]) == len(runs[0]) and set(opened) <= set(runs[0])


GATE = """
from tympan_robot import launcher

def show(listener):
    name = " ".join(str(p) for p in listener.probabilities) if listener.leader >= 0 else "closed"
    print("window", listener.stream.frames, name)

robot = launcher.awaken()
robot.start_listening()
robot.listener.on_window = show
while True:
    robot.listen()
"""
