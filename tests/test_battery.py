"""What the robot makes of its battery: when it warns, and how fast it takes a wheel to be."""

import pytest

from tests.robots import lights, seconds


@pytest.mark.parametrize("mv, low", [(3300, True), (3498, True), (3500, False), (1000, True), (998, False), (0, False)])
def test_a_low_battery_is_said_once_and_shown_every_two_seconds(robot, mv, low):
    """Below a volt there is none: the robot runs on USB."""
    robot.hears(seconds(8))
    robot.scene["battery_mv"] = mv
    lines = robot.play()
    assert sum(line == f"The battery is low: {mv} mV." for line in lines) == low
    yellow = [us // 1000 for us, *colour in lights(lines) if colour == [30, 30, 0]]
    assert len(yellow) == (5 if low else 0) and all(abs(ms - 2000 * i) < 100 for i, ms in enumerate(yellow))


def test_the_battery_is_read_again_while_the_robot_runs(robot):
    """What a wheel does depends on it."""
    code = """
import scene, time
from tympan_robot.robot import Robot
from tympan_robot.settings import load
robot = Robot(load())
for mv in (4000, 3600, 0, 8000):
    scene.battery_mv = mv
    for _ in range(210):
        robot.update()
        time.sleep_ms(10)
    print(robot.battery_mv, robot.motors._full_um_s)
"""
    robot.scene["log"] = False
    found = [tuple(map(int, line.split())) for line in robot.play(code) if line[0].isdigit()]
    assert [mv for mv, _ in found] == [4000, 3600, 0, 5000]  # there the ADC's range ends
    full = [um_s for _, um_s in found]
    assert full[0] == pytest.approx(142_400, rel=0.01) and full[1] == pytest.approx(full[0] * 0.9, rel=1e-4)
    assert full[2] == full[1] and full[3] == pytest.approx(full[0] * 1.25, rel=1e-4)
    robot.settings(motors={"rpm_per_volt": 100})
    assert robot.play(code)[3].split() == ["5000", "250000"]
