"""The device's motors on stand-in hardware: duties, ramps, goals, the dead-man, and what stops them on the way."""

import numpy as np
import pytest

from host.simulator import run
from tests.robots import START, driven, pin_times, program, said

FULL = 65535
PINS = (37, 35, 38, 36)  # left forward and back, right forward and back

# the class by itself: `orders` are executed with `m`, then it runs for a while
BENCH = """
import time
import tympan
import tympan_simulated as chip
from tympan_robot.motors import Motors
from tympan_robot.settings import load

s = load()
m = Motors(s["pins"], s["motors"], tympan.Deadman(Motors.numbers(s["pins"]), s["motors"]["brake"]))

def steps(ms, every=2):
    # the events of a loop that is on time
    told = []
    for _ in range(0, ms, every):
        event = m.update()
        if event:
            told.append(event)
        time.sleep_ms(every)
    return told

def duties():
    print("duty", *(chip.get(n) for n in (37, 35, 38, 36)))
"""


def bench(robot, code: str, **motors) -> list[str]:
    """What code prints besides the pins."""
    robot.settings(motors=motors)
    robot.write("bench.py", BENCH + code)
    robot.scene["log"] = False
    return robot.play("import bench")


def duty(percent: float, limit: int) -> int:
    """The documented rule: below 15 percent 15 are added, or the motors only hum; the limit is never exceeded."""
    size = min(abs(int(percent)), 100)
    size += 15 if 0 < size < 15 else 0
    return min(size, limit) * FULL // 100 * (1 if percent > 0 else -1)


@pytest.mark.parametrize("limit", [100, 80, 20, 9])
def test_a_duty_is_what_was_asked_for_within_the_limit(robot, limit):
    orders = [(100, -100), (60, 30), (14, 15), (1, -1), (0, 16), (-14, 0), (250, -250), (60.9, -3.5)]
    lines = bench(robot, f"for o in {orders}:\n    m.drive(*o)\n    steps(500)\n    duties()\n", limit=limit)
    for line, order in zip(lines, orders, strict=True):
        wanted = [max(0, sign * duty(percent, limit)) for percent in order for sign in (1, -1)]
        assert list(map(int, line.split()[1:])) == wanted, order


@pytest.mark.parametrize("order", ["drive(100, 100)", "forward(500)", "forward(-500)", "turn(180)", "turn(-180)"])
def test_no_order_exceeds_the_limit(robot, order):
    code = """
most = 0
for _ in range(500):
    steps(2)
    most = max(most, *map(abs, m._duty))
print(most)
"""
    assert bench(robot, f"m.{order}" + code, speed=90, limit=33) == [str(33 * FULL // 100)]


@pytest.mark.parametrize("ramp_ms", [200, 1000, 1])
def test_full_speed_takes_the_time_of_the_ramp_and_so_does_less_its_part(robot, ramp_ms):
    code = """
def time_to(left, right):
    m.drive(left, right)
    for ms in range(5000):
        m.update()
        if m._duty == m._target:
            return ms
        time.sleep_ms(1)
print(time_to(100, 100), time_to(50, 50), time_to(-50, -50), time_to(-50, 0))
"""
    found = map(int, bench(robot, code, ramp_ms=ramp_ms, limit=100)[0].split())
    for ms, share in zip(found, (1, 0.5, 1, 0.5), strict=True):
        assert ramp_ms * share <= ms <= ramp_ms * share * 1.03 + 2


@pytest.mark.parametrize("brake, level", [(True, FULL), (False, 0)])
def test_it_stops_as_the_settings_say(robot, brake, level):
    code = """
m.drive(60, -60)
steps(300)
m.stop()
duties()
print(m.moving(), m.going_forward(), steps(100))
m.drive(60, 60)
steps(300)
time.sleep_ms(700)
duties()
print(steps(10), m.moving())
duties()
"""
    stands = f"duty {level} {level} {level} {level}"
    assert bench(robot, code, brake=brake) == [stands, "False False []", stands, "['deadman'] False", stands]


def test_a_battery_that_cannot_be_is_not_believed(robot):
    """Nor would the way that it gives stay within small integers."""
    code = "for mv in (4000, 2000, 6000, 7020, 7023, 9000, 99999):\n    m.set_battery(mv)\n    print(m._full_um_s)"
    found = list(map(int, bench(robot, code)))
    exact = [3.14159265 * 33.5 * 20.3 / 60 * mv for mv in (4000, 2000, 6000)]
    assert found[:3] == pytest.approx(exact, rel=1e-3) and found[3] < found[4] == found[5] == found[6] == 250_000


def test_a_way_of_nothing_is_no_way(robot):
    """Without a goal a robot drives until told otherwise."""
    for order in ("forward(0)", "turn(0)", "forward(-0.0001)", "turn(0.0001)"):
        lines = bench(robot, f"m.drive(60, 60)\nsteps(100)\nm.{order}\nprint(m.moving(), steps(300))\n")
        assert lines == ["False []"]


def test_a_new_order_takes_the_place_of_the_old(robot):
    code = """
m.forward(30)
steps(100)
m.drive(60, 60)
print(steps(3000), m.going_forward())
m.turn(10)
print(m.going_forward(), steps(2000), m.moving())
"""
    assert bench(robot, code) == ["[] True", "False ['arrived'] False"]


# ---- the dead-man ----


def test_a_robot_that_was_stopped_has_no_deadman_on_guard(robot):
    """It would call a pause of the program a fault."""
    code = """
def pause():
    before = m._deadman.trips()
    time.sleep_ms(3000)
    print(m._deadman.trips() - before, steps(10))
pause()
m.drive(60, 60)
steps(300)
m.stop()
pause()
m.forward(20)
print(steps(2000))
pause()
m.drive(60, 60)
steps(300)
pause()
pause()
"""
    assert bench(robot, code) == ["0 []", "0 []", "['arrived']", "0 []", "1 ['deadman']", "0 []"]


@pytest.mark.parametrize("ms", [300, 500, 2000])
def test_the_deadman_waits_as_long_as_the_settings_say(robot, ms):
    program(robot, PAUSED)
    robot.settings(motors={"deadman_ms": ms})
    changes = pin_times(robot.play(), 37)
    driven_us = [us for us, duty in changes if 0 < duty < FULL][-1]
    braked_us = next(us for us, duty in changes if duty == FULL and us > driven_us)
    assert driven_us < 310_000 and ms * 1000 - 2000 <= braked_us - 300_000 <= ms * 1000 + 40_000


PAUSED = """
import time
def run(robot):
    robot.motors.drive(60, 60)
    for _ in range(300):
        robot.update()
        time.sleep_ms(1)
    time.sleep_ms(5000)
"""


@pytest.mark.parametrize("order, mm, degrees", [("forward(80)", 80, 0), ("forward(-60)", -60, 0), ("turn(90)", 0, 90)])
def test_a_loop_that_is_busy_at_the_goal_does_not_overshoot(order, mm, degrees):
    """The dead-man stops the wheels at the moment of arrival, and that is no fault."""
    code = f"""
import time
from tympan_robot.robot import Robot
from tympan_robot.settings import load
robot = Robot(load())
robot.{order}
while robot.motors._left_um > robot.motors._full_um_s // 4:
    robot.update()
    time.sleep_ms(2)
time.sleep_ms(2000)
robot.update()
robot.close()
"""
    found = run.simulate(None, np.zeros(0, np.int16), code=code)
    assert [a.name for a in found.log.announced] == ["arrived"] and not found.log.text
    assert found.path.pose["x_mm"] == pytest.approx(mm, rel=0.06, abs=1)
    assert found.path.pose["heading_degrees"] == pytest.approx(degrees, rel=0.06, abs=0.5)


@pytest.mark.parametrize("track", [83, 100, 251])
def test_a_turn_takes_each_wheel_along_its_part_of_the_circle(robot, track):
    """To the micrometre; the circle's diameter is the track."""
    (um,) = bench(robot, "m.turn(1)\nprint(m._left_um)\n", track_mm=track)
    assert int(um) == int(np.pi * track * 1000 / 360)


@pytest.mark.parametrize("more, told", [(0, "arrived"), (1, "deadman")])
def test_a_goal_within_the_deadmans_time_is_arrived_at_and_one_behind_it_is_not(robot, more, told):
    code = f"""
m.forward(1000)
steps(600)
um_ms = m._um_s() // 1000
m._left_um = um_ms * (m._deadman_ms + {more})
m._feed()
time.sleep_ms(2000)
print(m.update())
"""
    assert bench(robot, code) == [told]


def test_nothing_left_of_the_way_is_arrived(robot):
    """Not one event later, by which a fast robot is some millimetres further."""
    code = """
m.forward(1000)
steps(600)
m._left_um = (m._um_s() >> 4) * (4000 >> 4) // 3906
print(m._arrived(4000), m._left_um)
"""
    assert bench(robot, code) == ["True 0"]


def test_a_robot_made_anew_has_a_deadman_of_its_own(robot):
    """What tripped before, or was armed, is not the new one's affair; the pins that are still held are taken back."""
    program(robot, PAUSED)
    robot.write("programs/next.py", PAUSED.replace("5000", "100") + "    robot.update()\n    print('alive')\n")
    lines = robot.play("from tympan_robot import launcher; launcher.start(); launcher.start('next')")
    assert sum(line == "@deadman" for line in lines) == 0
    second = lines[lines.index("program next") :]
    assert said(second, "alive") and not said(second, "@move deadman") and driven(second)


def test_an_order_given_after_the_deadman_acted_is_carried_out(robot):
    code = """
m.drive(60, 60)
steps(300)
time.sleep_ms(700)
m.drive(60, 60)
print(steps(300), m.going_forward())
"""
    assert bench(robot, code) == ["['deadman'] True"]


def test_a_deadman_made_anew_is_disarmed_and_holds_its_own_pins(robot):
    code = """
for n in (5, 6, 7):
    chip.configure(n)
    chip.put(n, 1000)
old = tympan.Deadman((5, 6), True)
old.feed(100)
new = tympan.Deadman([7])
print(chip.advance(100000), chip.get(5), new.trips())
new.feed(100)
print(chip.advance(99999), chip.advance(1), chip.advance(100000))
print(chip.get(5), chip.get(6), chip.get(7), new.trips(), old.trips())
new.feed(100)
new.feed(0)
print(chip.advance(100000), new.trips())
new.feed(100)
new.feed(200)
print(chip.advance(199999), chip.advance(1), new.trips())
new.feed(60000)
for what, wrong in ((new.feed, -1), (new.feed, 60001), (tympan.Deadman, (1,) * 9), (tympan.Deadman, (-1,))):
    try:
        print(what(wrong))
    except ValueError:
        print("ValueError")
"""
    expected = ["-1 1000 0", "-1 1 -1", "1000 1000 0 1 1", "-1 1", "-1 1 2", *["ValueError"] * 4]
    assert bench(robot, code) == expected


# ---- obstacles ----

# every sensor but one sees nothing, whatever the way it is read
ONE_SENSOR = """
import machine, scene
class Sensor(machine.ADC):
    def __init__(self, pin, *rest, **options):
        super().__init__(pin, *rest, **options)
        self.gpio = pin.number
    def read_u16(self):
        return self.look(super().read_u16)
    def read_uv(self):
        return self.look(super().read_uv)
    def look(self, read):
        scene.obstacles = [[FROM, 1 << 29]] if self.gpio == GPIO else []
        return read()
machine.ADC = Sensor
"""


@pytest.mark.parametrize("gpio", [4, 5, 6, 7])
def test_each_sensor_in_front_sees_and_the_one_behind_does_not(robot, gpio):
    program(robot, "def run(robot):\n    print('seen', robot.obstacle())\n    robot.go()\n    robot.wait(500)\n")
    lines = robot.play(ONE_SENSOR.replace("FROM", "0").replace("GPIO", str(gpio)) + START)
    assert f"seen {gpio < 7}" in lines and lines.count("@move obstacle") == (gpio < 7) and driven(lines) == (gpio == 7)


@pytest.mark.parametrize("gpio", [4, 5, 6])
def test_each_sensor_in_front_stops_a_robot_on_its_way(robot, gpio):
    program(robot, "def run(robot):\n    robot.forward(1000)\n    robot.wait()\n")
    lines = robot.play(ONE_SENSOR.replace("FROM", "1000").replace("GPIO", str(gpio)) + START)
    assert lines.count("@move obstacle") == 1 and driven(lines, 0.9, 1) and not driven(lines, 1.04)


def test_a_sensor_of_the_settings_takes_the_place_of_the_boards(robot):
    program(robot, "def run(robot):\n    print('seen', robot.obstacle())\n")
    robot.settings(pins={"obstacles": [7]})
    for gpio in (4, 7):
        assert f"seen {gpio == 7}" in robot.play(ONE_SENSOR.replace("FROM", "0").replace("GPIO", str(gpio)) + START)


@pytest.mark.parametrize(
    "order, stopped_by_it",
    [
        ("go()", True),
        ("forward(200)", True),
        ("motors.drive(60, 20)", True),
        ("forward(-200)", False),
        ("turn(90)", False),
        ("turn(-90)", False),
        ("motors.drive(60, 0)", False),
        ("motors.drive(0, 60)", False),
    ],
)
def test_only_what_leads_forward_is_stopped_by_an_obstacle(robot, order, stopped_by_it):
    """A robot that turned beside one and was stopped would never come away from it."""
    for start in (0, 400):
        program(robot, f"def run(robot):\n    robot.{order}\n    robot.wait(1000)\n")
        robot.scene["obstacles"] = [[start, 100000]]
        lines = robot.play()
        assert lines.count("@move obstacle") == stopped_by_it
        assert driven(lines, 0.5, 1) != stopped_by_it
