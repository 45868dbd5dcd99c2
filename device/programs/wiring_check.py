# Looks at one part after the other and says what it finds. The wheels turn for a moment: lift the robot.
# Runs on stock firmware too.
import time

from tympan_robot.mic_check import mic_check
from tympan_robot.robot import OBSTACLE_MV


def pause(robot, ms):
    until = time.ticks_add(time.ticks_ms(), ms)
    while time.ticks_diff(until, time.ticks_ms()) > 0:
        robot.update()
        time.sleep_ms(2)


def run(robot):
    print("light: white, green, blue; a beep with the green")
    for state in ("light", "heard", "listening"):
        robot.feedback.show(state)
        pause(robot, 700)
    print("battery:", robot.battery_mv, "mV" if robot.battery_mv > 1000 else "mV: is it switched on?")
    print("obstacle sensors:", *robot.obstacle_mv(), f"mV: less than {OBSTACLE_MV} is an obstacle")
    print("button:", "not pressed" if robot.button.value() else "pressed")
    settings = robot.settings
    print("microphone:", mic_check(settings["pins"], settings["microphone"]))
    for name, left, right in (("left", 40, 0), ("right", 0, 40)):
        print(name, "wheel: forward for half a second")
        robot.motors.drive(left, right)
        pause(robot, 500)
        robot.stop()
        pause(robot, 300)
    print("Done. A wheel that ran backwards has its two wires, or its two pins in settings.json, swapped.")
