"""Sound that a late loop loses: what the microphone says of it against what the stand-in hardware threw away."""

import pytest

from tests.robots import program, said

# the microphone by itself; Counting.lost: ms that were thrown away. Its clock is slow by SLOW parts in a million.
EARS = """
import time
import machine

class Counting(machine.I2S):
    lost = slow = 0
    def _read(self, buffer):
        if buffer is self._lost:
            Counting.lost += 16
        super()._read(buffer)
    def _pass(self, us):
        Counting.slow += us * SLOW
        late = Counting.slow // 1000000
        Counting.slow -= late * 1000000
        super()._pass(us - late)

machine.I2S = Counting
from tympan_robot.microphone import Microphone
from tympan_robot.settings import load

m = Microphone(load()["pins"], "left", BLOCK)
m.open()
Counting.lost = 0

def listen(ms, every=2, rest=time.sleep_ms):
    told = 0
    until = time.ticks_add(time.ticks_ms(), ms)
    while time.ticks_diff(until, time.ticks_ms()) > 0:
        if m.poll():
            told += m.release()
        rest(every)
    return told

def leap(ms):
    # minutes in steps of half a DMA buffer
    for _ in range(0, ms, 8):
        time.ms += 8
        time._ticks = time._ticks + 8000 & time.MASK
        for passes in time._listeners:
            passes(8000)

def pause(ms):
    before = Counting.lost
    time.sleep_ms(ms)
    told = listen(2000)
    print(Counting.lost - before, told)

listen(2000)
"""


def ears(robot, code: str, block: int = 640, slow: int = 0) -> list[list[int]]:
    """The numbers of each line that code prints."""
    robot.scene["log"] = False
    robot.write("ears.py", EARS.replace("SLOW", str(slow)).replace("BLOCK", str(block)) + code)
    return [list(map(int, line.split())) for line in robot.play("import ears")]


@pytest.mark.parametrize("block", [160, 320, 640, 800])
def test_each_loss_is_told_and_so_is_their_sum(robot, block):
    """From two DMA buffers on, 32 ms; a smaller one is told with the next. Not too much of it: a buffer at most."""
    *losses, (count, total) = ears(
        robot, "for ms in range(300, 470, 9): pause(ms)\npause(900)\nprint(m.overruns, m.lost_ms)", block
    )
    assert any(28 < lost < 60 for lost, _ in losses) and losses[0] == [0, 0] and losses[-1][0] > 400
    for lost, told in losses:
        assert told >= lost - 2 if lost >= 32 else told < 48
        assert lost or not told
    lost, told = map(sum, zip(*losses, strict=True))
    assert (count, total) == (sum(told > 0 for _, told in losses), told)
    assert lost - 28 <= told <= lost + 16 * count


@pytest.mark.parametrize("slow, ms", [(240, 300_000), (-240, 50_000)])
def test_a_clock_that_is_not_the_chips_is_no_loss(robot, slow, ms):
    """Not even minutes of it; what is lost then is told all the same."""
    told, *losses, (lost, total) = ears(
        robot,
        f"print(listen({ms}, 16, leap))\nfor ms in (900, 900): pause(ms)\nprint(Counting.lost, m.lost_ms)",
        slow=slow,
    )
    assert told == [0] and all(lost - 16 <= told <= lost + 16 and lost > 400 for lost, told in losses)
    assert abs(lost - total) <= 32


def test_a_loop_that_never_catches_up_is_told_of_it(robot):
    """Once it is behind by all that may wait, and a second; what was held back is told when it has caught up."""
    code = """
for i in range(300):
    while not m.poll():
        time.sleep_ms(1)
    m.release()
    time.sleep_ms(50)
print(Counting.lost, m.lost_ms)
listen(2000)
print(Counting.lost, m.lost_ms)
"""
    (lost, told), (in_all, in_the_end) = ears(robot, code)
    assert lost > 2500 and 900 < lost - told < 1200 and in_all - 28 <= in_the_end <= in_all + 16


def test_a_program_is_told_of_lost_sound(robot):
    program(
        robot,
        """
import time
def run(robot):
    for i in range(4):
        robot.wait(2000)
        time.sleep_ms(900)
    robot.wait(2000)
    print('received', robot.listener.stream.frames, robot.microphone.overruns, robot.microphone.lost_ms)
""",
        30,
    )
    robot.scene["tail_ms"] = 60000
    lines = robot.play()
    lost = [int(line.split()[1]) for line in lines if line.startswith("@lost")]
    frames, overruns, total = map(int, next(line for line in lines if line.startswith("received")).split()[1:])
    assert overruns == len(lost) == 4 and total == sum(lost)
    assert all(said(lines, f"The loop was late: {ms} ms of sound are lost.") for ms in lost)
    assert all(abs(ms - (900 - 19 * 16 - 64)) <= 48 for ms in lost)
    # what was received and what was lost are the time that passed, 13.6 s but for what still waits
    assert 13_400 < 10 * frames + 20 + total < 13_640


def test_a_loop_that_keeps_up_loses_nothing(robot):
    program(
        robot,
        """
import time
def run(robot):
    for i in range(3000):
        robot.listen()
        if i % 100 == 0:
            time.sleep_ms(250)
""",
        60,
    )
    assert not said(robot.play(), "@lost")
