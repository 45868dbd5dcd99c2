"""The device's programs: the listening decision in both Pythons, and a recording heard in MicroPython."""

import shutil
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.tympan_robot.decision import Decision
from device.tympan_robot.settings import wrong
from host.data.synthetic import Said
from host.demo import compare
from host.engines.micropython import executable
from host.simulator.run import Heard
from tests.conftest import ROOT
from tests.robots import program, said, stopped

LABELS = ("yes", "no", "_unknown_", "_silence_")
RULE = {"hop": 200, "history": 5, "votes": 3, "threshold": 52428, "cooldown": 1000, "gate": 0}


@pytest.fixture
def decision():
    return Decision(LABELS, RULE)


def play(decision, windows) -> list[tuple[int, int]]:
    """(time, label) of each command, windows (label, probability) arriving every 200 ms."""
    found = []
    for i, (label, probability) in enumerate(windows):
        heard = decision.update(label, probability)
        if heard >= 0:
            found.append((i * 200, heard))
    return found


SURE, UNSURE = 65000, 40000


def test_three_sure_windows_of_five_are_a_command(decision):
    assert play(decision, [(3, SURE), (0, SURE), (0, SURE)]) == []
    assert play(decision, [(0, SURE)]) == [(0, 0)]
    assert decision.confidence == SURE


def test_votes_need_not_be_in_a_row_but_within_the_history(decision):
    assert play(decision, [(0, SURE), (1, SURE), (0, SURE), (1, UNSURE), (0, SURE)]) == [(800, 0)]
    decision.reset()
    assert play(decision, [(0, SURE), (1, SURE), (0, SURE), (1, UNSURE), (3, SURE), (0, SURE)]) == []


def test_the_mean_of_the_leading_windows_must_reach_the_threshold(decision):
    at = RULE["threshold"]
    assert play(decision, [(0, at), (0, at), (0, at - 1)]) == []
    decision.reset()
    assert play(decision, [(0, at + 1), (0, at), (0, at - 1)]) == [(400, 0)]


def test_deaf_after_a_command_then_afresh(decision):
    assert play(decision, [(0, SURE)] * 12) == [(400, 0), (1800, 0)]


def test_unknown_silence_and_skipped_windows_are_no_commands(decision):
    assert play(decision, [(2, SURE)] * 6 + [(3, SURE)] * 6 + [(-1, 0)] * 6) == []
    assert play(decision, [(0, SURE), (-1, 0), (0, SURE), (-1, 0), (0, SURE)]) == [(800, 0)]


def test_a_cool_down_that_is_no_multiple_of_the_hop_is_not_cut_short():
    for cooldown, again in ((999, 1400), (1000, 1400), (1001, 1600), (1, 600), (0, 600)):
        decision = Decision(LABELS, {**RULE, "cooldown": cooldown, "votes": 1, "history": 1})
        assert play(decision, [(3, SURE)] * 2 + [(0, SURE)] * 7)[:2] == [(400, 0), (again, 0)]


def test_begun_anew_it_owes_nothing_to_what_was_before(decision):
    """After a gap in the sound old votes do not count, and what was heard before does not deafen."""
    assert play(decision, [(0, SURE)] * 2) == []
    decision.reset()
    assert play(decision, [(0, SURE)] * 3) == [(400, 0)]
    decision.reset()
    assert play(decision, [(1, SURE)] * 3) == [(400, 1)]


class Rule:
    """The rule of decision.py in as many words: all windows are kept, time is in ms, the mean is exact."""

    def __init__(self, listening: dict):
        self.rule, self.ms = listening, 0
        self.reset()

    def reset(self):
        self.windows, self.deaf_until = [], 0

    def update(self, label: int, probability: int) -> tuple[int, int | None]:
        """(label of a command or -1, its confidence)"""
        self.ms += self.rule["hop"]
        if self.ms < self.deaf_until:
            return -1, None
        self.windows.append((label, probability))
        led = [p for who, p in self.windows[-self.rule["history"] :] if who == label]
        if label < 0 or LABELS[label].startswith("_") or len(led) < self.rule["votes"]:
            return -1, None
        mean = Fraction(sum(led), len(led))
        if mean < self.rule["threshold"]:
            return -1, None
        self.windows, self.deaf_until = [], self.ms + self.rule["cooldown"]
        return label, int(mean)


@st.composite
def rules(draw) -> dict:
    history = draw(st.integers(1, 9))
    return {
        "hop": draw(st.sampled_from([20, 160, 200, 333])), "history": history, "votes": draw(st.integers(1, history)),
        "threshold": draw(st.sampled_from([0, 1, 50000, 65535])), "cooldown": draw(st.integers(0, 1200)),
    }  # fmt: skip


WINDOW = st.tuples(st.sampled_from([0, 0, 0, 0, 1, 2, 3, -1]), st.sampled_from([0, 1, 49999, 50000, 50001, 65535]))


@settings(max_examples=300)
@given(rules(), st.lists(st.one_of(WINDOW, WINDOW, WINDOW, st.none()), max_size=80))
def test_the_decision_is_the_rule(listening, events):
    """Whatever comes, with any settings; None: the sound began anew."""
    decision, rule = Decision(LABELS, listening), Rule(listening)
    confidence = decision.confidence
    for event in events:
        if event is None:
            decision.reset()
            rule.reset()
            continue
        label, mean = rule.update(*event)
        assert decision.update(*event) == label
        confidence = confidence if mean is None else mean
        assert decision.confidence == confidence


def test_before_anything_is_heard_nothing_is_sure(decision):
    assert decision.confidence == 0


def test_the_decision_is_the_same_in_micropython():
    """The same lines, the same windows, in CPython and in MicroPython."""
    code = (
        "from device.tympan_robot.decision import Decision\n"
        f"d = Decision({LABELS!r}, {RULE!r})\n"
        "x = 12345\n"
        "for i in range(3000):\n"
        "    x = (x * 1103515245 + 12345) & 0x7FFFFFFF\n"
        "    label = (x >> 16) % 5 - 1 if x & 0x8000 else 0\n"
        "    heard = d.update(label, 45000 + (x >> 8) % 20000)\n"
        "    if heard >= 0:\n"
        "        print(i, heard, d.confidence)\n"
    )
    outputs = [
        subprocess.run([program, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        for program in (sys.executable, str(executable()))
    ]
    assert outputs[0] == outputs[1] and outputs[0].count("\n") > 50


def test_the_demos_score_counts_what_was_heard():
    said = [Said("go", 1.0, 1.4), Said("bed", 3.0, 3.4), Said("left", 5.0, 5.4), Said("up", 7.0, 7.2)]
    heard = [Heard(1.9, "go", 0.97), Heard(3.9, "no", 0.9), Heard(6.0, "left", 0.95), Heard(6.4, "left", 0.88)]
    pairs, false = compare(said, heard)
    assert [h.word if h else None for _, h in pairs] == ["go", "left", None]
    assert [(h.s, h.word) for h in false] == [(3.9, "no"), (6.4, "left")]


def test_a_model_that_is_kept_already_is_not_written_again(robot):
    """Flash wears; here nothing can be written under the name that a copy has first."""
    shutil.copy(robot.folder / "model.bin", robot.folder / "model.good")
    (robot.folder / "model.part").mkdir()
    assert robot.play("from tympan_robot import swap; print(swap.load_model()[1])") == ["model.bin"]
    (robot.folder / "model.good").write_bytes(b"another")
    assert robot.play("from tympan_robot import swap; print(swap.load_model()[1])")[0].startswith(
        "model.good was not renewed"
    )


def test_true_is_no_number_where_python_says_it_is_one():
    """MicroPython tells the two apart, Python does not."""
    assert wrong("brightness", True, 50).startswith("is a whole number") and wrong("brightness", 1, 50) is None


@pytest.mark.parametrize("channels", [1, 2])
def test_recorded_words_become_samples_around_their_mean(robot, channels):
    """24-bit words, of the last channel, rounded and kept within 16 bits."""
    words = [-(1 << 23), (1 << 23) - 1, 0, 7, 8, 9, -8, -9, 1 << 14, -123456, 123456, 77, 5]
    slots = [word << 8 | 0x5A for word in words for _ in range(channels)]
    if channels == 2:
        slots[::2] = [0x12345600] * len(words)
    code = f"""
from array import array
from programs.record import convert
print(*array("h", convert(array("i", {slots}), {channels}, 4)))
"""
    mean = sum(words) // len(words)
    expected = np.clip(np.floor((np.array(words) - mean) / 16 + 0.5), -32768, 32767).astype(int)
    assert [int(x) for x in robot.play(code)[0].split()] == expected.tolist()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("from console import say\n\ndef run(robot):\n    say('hello')\n", "console"),
        ("def run(robot):\n    from robot import OBSTACLE_MV\n", "robot"),
        ("def run(robot):\n    import nothing\n", None),
    ],
)
def test_a_program_of_before_the_package_is_told_the_line_to_change(robot, text, name):
    program(robot, text)
    lines = robot.play()
    assert said(lines, "@crash ImportError") and said(lines, 'programs/test.py", line ') and stopped(lines)
    told = [line for line in lines if " is now " in line]
    new = f"tympan_robot.{name}"
    wanted = f"{name} is now {new}: write `from {new} import ...`, or `from tympan_robot import {name}`."
    assert told == ([wanted] if name else [])


def test_a_file_of_the_owners_may_have_the_name_of_one_of_ours(robot):
    robot.write("motors.py", "COUNT = 2\n")
    program(robot, "import motors\n\ndef run(robot):\n    print('motors:', motors.COUNT)\n")
    assert said(robot.play(), "motors: 2")
