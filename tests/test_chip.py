"""The device's programs on what the real chip does, which the stand-in hardware does too: ranges, queues, waits."""

import re

import numpy as np
import pytest

from host.simulator.run import STANDIN
from tests.conftest import ROOT
from tests.robots import DRIVE, START, pin_times, program, said, stopped


def printed(lines: list[str], name: str) -> list[int]:
    """The numbers behind a name."""
    return [int(word) for line in lines if line.split()[:1] == [name] for word in line.split()[1:]]


# ---- analogue inputs ----

LOOK = """
def run(robot):
    robot.update()
    print("battery", robot.battery_mv)
    print("sensors", *robot.obstacle_mv())
    print("ahead", int(robot.obstacle()))
"""


@pytest.mark.parametrize("calibrated", [True, False])
@pytest.mark.parametrize("chip, full", [("s2", 2500), ("s3", 3100)])
def test_battery_and_obstacles_are_read_in_their_whole_range(robot, chip, full, calibrated):
    program(robot, LOOK)
    robot.settings(board=f"eliobot_{chip}")
    robot.scene |= {"chip": chip, "calibrated": calibrated}
    for battery, near in ((4200, True), (3400, False)):
        robot.scene |= {"battery_mv": battery, "obstacles": [[0, 1000]] if near else []}
        lines = robot.play()
        assert printed(lines, "battery") == [pytest.approx(battery, abs=2)]
        assert printed(lines, "sensors") == [pytest.approx(300 if near else min(2900, full), abs=1)] * 3
        assert printed(lines, "ahead") == [near] and said(lines, "battery is low") == (battery < 3500)


@pytest.mark.parametrize("mv, near", [(503, True), (504, False)])
def test_an_obstacle_is_what_the_maker_takes_for_one(robot, mv, near):
    """Its library compares with 10000 of 65535, of 3.3 V."""
    program(robot, LOOK)
    robot.scene |= {"obstacles": [[0, 1000]], "near_mv": mv}
    assert (mv * 65535 // 3300 < 10000) == near and printed(robot.play(), "ahead") == [near]


def test_the_stand_ins_range_ends_where_the_chips_does(robot):
    """Whoever forgets the attenuation sees what the robot would: a saturated number."""
    code = "from machine import ADC, Pin; a = ADC(Pin(3)); print('uv', a.read_uv()); print('u16', a.read_u16())"
    for chip, full in (("s2", 750), ("s3", 950)):
        robot.scene |= {"chip": chip}
        lines = robot.play(code)
        assert printed(lines, "uv") == [1000 * full] and printed(lines, "u16") == [65535]


# ---- prints ----


def test_a_pc_that_does_not_read_neither_stops_the_robot_nor_keeps_it_from_seeing(robot):
    """Each piece of a line would wait for it; a robot that reports has 24 of them five times a second."""
    program(robot, DRIVE, 12)
    robot.scene |= {"unread": [[1000, 9000]], "obstacles": [[8000, 8500]]}
    lines = robot.play("from tympan_robot import launcher; launcher.start(report=True)")
    braked = [us for us, duty in pin_times(lines, 37) if duty == 65535][1:]
    assert 8_000_000 <= braked[0] < 8_150_000
    windows = printed([" ".join(line.split()[:2]) for line in lines], "@window")
    assert not [ms for ms in windows if 1000 < ms < 8900] and any(ms > 11000 for ms in windows)
    assert not said(lines, "@lost") and not said(lines, "@crash") and said(lines, "@end")


def test_a_line_waits_once_in_five_seconds_and_one_that_was_cut_is_ended(robot):
    code = """
import machine, time
from tympan_robot.console import put, say
waits = []
put("begun")
time.sleep_ms(5)
while time.ms < 12000:
    before = time.ms
    say(" a piece", 1)
    if time.ms - before > 20:
        waits += [before // 1000, (time.ms - before) // 10]
    time.sleep_ms(100)
time.sleep_ms(5000)
say("read", 2, "again")
machine.tell("waits", *waits)
"""
    robot.scene |= {"unread": [[1, 11000]], "log": False}
    lines = robot.play(code)
    assert lines[0] == "begun" and lines[-2:] == ["read 2 again", "waits 0 10 5 10 10 10"]


def test_a_print_waits_as_long_as_in_the_boards_firmware():
    source = (STANDIN / "machine.py").read_text()
    wait = int(re.search(r"PRINT_US = (\d+)000 ", source)[1])
    for board in (ROOT / "tools" / "firmware").glob("ELIOBOT_*"):
        header = (board / "mpconfigboard.h").read_text()
        assert re.search(rf"#define MICROPY_HW_USB_CDC_TX_TIMEOUT +\({wait}\)", header), board


# ---- I2S ----


def test_i2s_is_closed_only_when_nothing_is_pending(robot):
    """Its deinit() frees what the task that serves a request waits on; the stand-in refuses that."""
    program(
        robot,
        """
from tympan_robot.robot import Robot
def run(robot):
    for _ in range(5):
        robot.wait(130)
        robot.close_ears()
    robot.wait(100)
    print("closed while it ends")
""",
    )
    lines = robot.play()
    assert said(lines, "closed while it ends") and not said(lines, "@crash") and not said(lines, "Traceback")


def test_a_second_ctrl_c_does_not_cut_the_closing_short(robot):
    program(robot, DRIVE)
    impatient = """
import machine, time
pressed = 0
def press(us):
    global pressed
    if time.ms >= 1000 and pressed < 5 and machine.I2S._open:
        pressed += 1
        raise KeyboardInterrupt
time._listeners.append(press)
from tympan_robot import launcher
launcher.start()
print("pressed", pressed, "open", int(machine.I2S._open is not None))
"""
    lines = robot.play(impatient)
    assert said(lines, "Stopped.") and said(lines, "pressed 5 open 0")


def test_ctrl_c_ends_a_program_also_while_its_ears_are_opened_anew(robot):
    """With a dead microphone that is a good part of the time."""
    program(robot, DRIVE)
    robot.receives(np.zeros(10 * 16000, np.int32))
    hasty = """
import time
from tympan_robot import launcher
from tympan_robot.microphone import Microphone
close, pressed = Microphone.close, 0
def press(us):
    global pressed
    if launcher.robot.microphone.stalls and not pressed:
        pressed = 1
        raise KeyboardInterrupt
def watched(self):
    time._listeners.append(press)
    try:
        close(self)
    finally:
        time._listeners.remove(press)
Microphone.close = watched
launcher.start()
print("ms", time.ms)
"""
    lines = robot.play(hasty)
    assert said(lines, "Stopped.") and not said(lines, "@stall") and 500 < printed(lines, "ms")[0] < 700


def test_i2s_whose_requests_cannot_be_served_is_closed_again(robot):
    """The chip has no memory left for the task."""
    full = """
import machine
def irq(self, handler):
    raise RuntimeError("failed to create I2S task")
machine.I2S.irq = irq
from tympan_robot import launcher
launcher.start()
print("open", int(machine.I2S._open is not None))
"""
    lines = robot.play(full)
    assert said(lines, "@crash RuntimeError") and said(lines, "open 0") and not said(lines, "AttributeError")


LATE = np.random.default_rng(2).integers(-900, 900, 4 * 16000) - 20000 << 14  # 18-bit words with an offset


def late_robot(robot, **microphone) -> list[str]:
    robot.scene |= {"audio": "audio.slots", "late": True}
    (robot.folder / "audio.slots").write_bytes(LATE.astype("<i4").tobytes())
    robot.settings(microphone={"gain": 4, "slot": "left", **microphone})
    return robot.play("from tympan_robot import launcher; launcher.mic_check(); launcher.start('voice', report=True)")


def test_a_microphone_whose_bits_come_late_is_heard_with_the_setting_for_it(robot):
    """Whoever opens I2S sets the register, as often as it is opened."""
    lines = late_robot(robot)
    assert said(lines, "one bit late.") and said(lines, 'An SPH0645 may need "data_delay": true')
    robot.scene |= {"stalls": [[2000, 3000]], "stall_until_opened": True}
    delayed = late_robot(robot, data_delay=True)
    assert said(delayed, "good: sound in the left slot")
    robot.scene |= {"late": False}
    robot.settings(microphone={"gain": 4, "slot": "left"})
    sound = robot.play("from tympan_robot import launcher; launcher.mic_check(); launcher.start('voice', report=True)")
    windows = [[line for line in part if line.startswith("@window")] for part in (delayed, sound, lines)]
    assert len(windows[0]) > 5 and windows[0] == windows[1] and windows[0] != windows[2]
    robot.settings(microphone={"data_delay": True}, board="eliobot_s3")
    robot.scene |= {"chip": "s3"}
    assert said(robot.play(), "data_delay is for the ESP32-S2 only")


# ---- pins ----


@pytest.mark.parametrize(
    "pin, there", [(0, True), (21, True), (22, False), (32, False), (33, True), (45, True), (46, False)]
)
def test_pins_that_the_chip_does_not_have_are_named(robot, pin, there):
    """A PWM can be made on each of the others."""
    robot.settings(pins={"buzzer": pin})
    lines = robot.play("from tympan_robot import launcher; launcher.awaken()")
    assert said(lines, "buzzer is a GPIO number, 0 to 21 or 33 to 45; using 17") == (not there)
    assert not said(lines, "Error")


def test_after_the_dead_man_acted_the_next_order_reaches_the_pins(robot):
    """PWM.init() alone would leave them where the dead-man holds them."""
    program(
        robot,
        """
import time
def run(robot):
    robot.motors.drive(60, 60)
    robot.wait(300)
    time.sleep_ms(1000)
    robot.wait(300)
    print("again")
    robot.motors.drive(60, 60)
    robot.wait(300)
""",
    )
    lines = robot.play()
    assert said(lines, "@move deadman")
    assert max(duty for _, duty in pin_times(lines[lines.index("again") :], 37) if duty < 65535) > 30000


@pytest.mark.parametrize("make, start", [(257, 0), (0, 259)])
def test_a_robot_whose_dead_man_has_no_timer_does_not_drive(robot, make, start):
    program(robot, DRIVE)
    lines = robot.play(f"import tympan_simulated as chip; chip.fail({make}, {start}); " + START)
    assert said(lines, f"error {make or start} of the chip") and said(lines, "@crash OSError")
    assert max([duty for _, duty in pin_times(lines, 37) if duty < 65535], default=0) < 10000
    assert make or stopped(lines)
