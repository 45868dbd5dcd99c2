"""A robot that hears nothing does not drive: no sound on the bus, or one word over and over, from whenever on."""

import numpy as np
import pytest

from host.simulator.run import slots
from tests.robots import DRIVE, driven, lights, pin_times, program, said, seconds, stopped

BLUE, MAGENTA = (0, 0, 20), (51, 0, 30)
SAME = "The microphone gives the same word for ever"
GO_ON = """
def run(robot):
    while True:
        robot.go()
        robot.listen()
"""


def colours(lines: list[str], start_s: float, end_s: float) -> list[tuple[int, int, int]]:
    return [light[1:] for light in lights(lines) if start_s <= light[0] / 1e6 < end_s]


def noise(n: float) -> np.ndarray:
    return np.frombuffer(slots(seconds(n)), "<i4")


def one_word(n: float, word: int) -> np.ndarray:
    """Seconds of it; its lowest byte is random, as where the microphone lets go of the wire."""
    words = np.full(round(n * 16000), word)
    return words & ~255 | np.random.default_rng(0).integers(0, 256, len(words))


def stalls(lines: list[str]) -> int:
    return sum(line.startswith("@stall") for line in lines)


@pytest.mark.parametrize("word", [0, -1, 0x12345600, -(1 << 31)])
@pytest.mark.parametrize("slot", ["left", "right"])
def test_one_word_for_half_a_second_stops_the_robot_until_there_is_sound(robot, word, slot):
    program(robot, GO_ON)
    robot.receives(np.concatenate([noise(2), one_word(3, word), noise(2)]))
    robot.scene["side"] = slot
    robot.settings(microphone={"slot": slot})
    lines = robot.play()
    brake = next(us for us, duty in pin_times(lines, 37)[2:] if duty == 65535) / 1e6
    assert 2.4 < brake < 2.62
    assert driven(lines, 0, 2) and not driven(lines, 2.62, 5) and driven(lines, 5.1, 7)
    assert colours(lines, 2.4, 2.62) == [MAGENTA] and colours(lines, 2.62, 5.1) == [BLUE]
    assert sum(SAME in line for line in lines) == 1 and stalls(lines) in (5, 6)


def test_half_a_second_less_a_block_is_no_fault(robot):
    program(robot, DRIVE)
    robot.receives(np.concatenate([noise(2), one_word(0.45, 0), noise(2)]))
    lines = robot.play()
    assert not stalls(lines) and driven(lines, 5.9, 6)


@pytest.mark.parametrize("order", ["go()", "forward(100)", "forward(-100)", "turn(90)", "motors.drive(40, -40)"])
def test_a_microphone_dead_from_the_start_lets_nothing_move(robot, order):
    program(
        robot, f"def run(robot):\n    robot.wait(600)\n    while True:\n        robot.{order}\n        robot.listen()\n"
    )
    for scene in ({"side": "right"}, {"stalls": [[0, 100000]]}):
        robot.receives(noise(3))
        robot.scene = {"log": True, "audio": "audio.slots", **scene}
        lines = robot.play()
        assert not driven(lines) and said(lines, "The microphone ") and stalls(lines) in (5, 6, 7, 8)


def test_the_wrong_slot_is_a_fault_too(robot):
    for slot, side in (("left", "right"), ("right", "left")):
        program(robot, DRIVE)
        robot.scene["side"] = side
        robot.settings(microphone={"slot": slot})
        lines = robot.play()
        assert said(lines, SAME) and stopped(lines) and not driven(lines, 0.7)


def test_the_quietest_room_is_no_fault(robot):
    program(robot, DRIVE, 3)
    robot.scene["tail_ms"] = 10000
    lines = robot.play()
    assert not stalls(lines) and driven(lines, 12.9, 13)
    robot.hears(np.zeros(5 * 16000, np.int16))
    assert not stalls(robot.play())


@pytest.mark.parametrize("bit", [8, 16, 24])
def test_words_that_differ_in_one_byte_are_sound(robot, bit):
    words = np.full(2 * 16000, 0x12345600)
    words[::2] += 1 << bit
    robot.receives(words)
    assert not stalls(robot.play())


def test_a_dance_ends_where_the_ears_do(robot):
    """A program that gives orders and waits for their end comes back to listening."""
    program(
        robot,
        """
def run(robot):
    for _ in range(9):
        robot.forward(50)
        robot.wait()
    print('danced')
""",
    )
    robot.receives(np.concatenate([noise(1), one_word(9, 0)]))
    lines = robot.play()
    assert said(lines, "danced") and not driven(lines, 1.62)


@pytest.mark.parametrize("fault", ["one word", "silence"])
def test_a_microphone_that_dies_while_the_robot_dozes_wakes_it(robot, fault):
    """Else it would sleep for ever, and its owner would call in vain."""
    robot.settings(light_sleep_ms=500, listening={"gate": 100})
    quiet = np.frombuffer(slots(seconds(20) // 50), "<i4")
    if fault == "silence":
        robot.receives(quiet)
        robot.scene["stalls"] = [[14000, 18000]]
    else:
        robot.receives(np.concatenate([quiet[: 14 * 16000], one_word(4, 0), quiet[: 2 * 16000]]))
    lines = robot.play()
    slept = [int(line.split()[1]) / 1e6 for line in lines if line.startswith("@sleep")]
    assert len(slept) > 3 and 13 < slept[-1] < 14.62
    assert MAGENTA in colours(lines, 14, 15.3) and colours(lines, 15.3, 18.2)[-1] == BLUE and stalls(lines) > 3


def test_ears_opened_anew_are_not_deaf(robot):
    """A program that closed them, as a recording does, may drive; so may one that was started anew."""
    program(
        robot,
        """
import time
def run(robot):
    while not robot.microphone or not robot.microphone.stalls:
        robot.listen()
    robot.close_ears()
    robot.forward(50)
    while robot.motors.moving():
        robot.update()
        time.sleep_ms(4)
    print('moved')
""",
    )
    robot.scene["stalls"] = [[0, 100000]]
    lines = robot.play()
    assert said(lines, "@stall") and said(lines, "moved") and driven(lines)
