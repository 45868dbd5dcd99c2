"""The device's programs on stand-in hardware: what happens when something goes wrong, and what never happens."""

import numpy as np
import pytest

from tests.conftest import MODEL, ROOT
from tests.robots import DRIVE, START, duties, pin_times, program, said, seconds, stopped

# ---- programs and their errors ----


@pytest.mark.parametrize(
    "line", ["1 / 0", "raise OSError(5)", "[0] * (1 << 40)", "import nothing", "raise MemoryError"]
)
def test_an_error_stops_the_motors_before_it_is_told(robot, line):
    program(
        robot,
        DRIVE.replace("while True", "for _ in range(500)") + f"    {line}\n",
    )
    lines = robot.play()
    crash = next(i for i, text in enumerate(lines) if text.startswith("@crash"))
    assert stopped(lines[:crash]) and stopped(lines)
    assert said(lines, "line 6") and said(lines, "start()")
    assert max(duty for _, duty in pin_times(lines, 37)[2:-1]) > 30000  # it did drive


@pytest.mark.parametrize(
    "text, words",
    [("def run(robot:\n", "SyntaxError"), ("x = 1\n", "has no run(robot)"), ("def run():\n    pass\n", "TypeError")],
)
def test_programs_that_are_none(robot, text, words):
    program(robot, text)
    lines = robot.play()
    assert said(lines, words) and said(lines, "@crash")


def test_a_program_that_is_not_there(robot):
    robot.settings(program="sing")
    assert said(robot.play(), "there is no program sing; there are: record, voice, voice_dance, voice_obstacles")


def test_ways_and_speeds_need_not_be_whole_numbers(robot):
    program(
        robot, "def run(robot):\n    for f in (robot.forward, robot.turn):\n        f(12.5)\n        robot.wait()\n"
    )
    lines = robot.play()
    assert lines.count("@move arrived") == 2 and not said(lines, "@crash")


def test_the_repl_lives_on_after_a_crash_and_the_next_program_runs(robot):
    program(robot, "def run(robot):\n    1 / 0\n")
    robot.write("programs/good.py", "def run(robot):\n    print('good')\n")
    lines = robot.play("import launcher; launcher.start(); launcher.start('good'); launcher.start('good')")
    assert said(lines, "ZeroDivisionError") and lines.count("good") == 2


def test_the_buzzer_is_quiet_after_a_crash_and_the_light_stays_red(robot):
    lines = robot.play("import launcher, time; launcher.start('nothere'); time.sleep(2)")
    tone, silence = pin_times(lines, 17)[-2:]
    assert tone[1] and not silence[1] and silence[0] - tone[0] < 700_000
    red, green, blue = map(int, [line for line in lines if line.startswith("@light")][-1].split()[2:])
    assert red > 0 == green == blue


def test_a_behaviour_is_swapped_by_one_file(robot):
    program(robot, "def run(robot):\n    print('first')\n")
    text = "open('programs/test.py', 'w').write(\"def run(robot):\\n    print('second')\\n\"); "
    lines = robot.play(f"import launcher; launcher.start(); {text} launcher.start()")
    assert lines.index("first") < lines.index("second")


def test_ctrl_c_stops_the_motors(robot):
    program(
        robot,
        DRIVE.replace(
            "robot.listen()",
            "robot.listen()\n        if robot.listener.stream.frames > 100:\n            raise KeyboardInterrupt",
        ),
    )
    lines = robot.play()
    assert said(lines, "Stopped.") and stopped(lines)


# ---- models ----


def broken_models(good: bytes) -> dict[str, bytes]:
    flipped = bytearray(good)
    flipped[len(good) // 2] ^= 1
    return {"TRUNCATED": good[: len(good) // 2], "CHECKSUM": bytes(flipped), "MAGIC": b"hello" * 100}


@pytest.mark.parametrize("reason", ["TRUNCATED", "CHECKSUM", "MAGIC", "missing"])
def test_a_broken_model_gives_way_to_the_last_good_one(robot, reason):
    good = MODEL.read_bytes()
    robot.hears(seconds(2))
    assert said(robot.play(), "listening with model.bin")
    assert (robot.folder / "model.good").read_bytes() == good
    path = robot.folder / "model.bin"
    if reason == "missing":
        path.unlink()
    else:
        path.write_bytes(broken_models(good)[reason])
    lines = robot.play()
    assert said(lines, reason) and said(lines, "listening with model.good")
    assert (robot.folder / "model.good").read_bytes() == good
    path.write_bytes(good)
    assert said(robot.play(), "listening with model.bin")


def test_a_model_whose_stream_does_not_fit_gives_way_to_the_last_good_one(robot):
    robot.hears(seconds(2))
    robot.play()
    bigger = (ROOT / "models" / "robot.bin").read_bytes()
    (robot.folder / "model.bin").write_bytes(bigger)
    hog = """
import listener, launcher
whole = listener.open_stream
def small(model, *rest):
    if model.labels[-1] == "_silence_":
        raise MemoryError
    return whole(model, *rest)
listener.open_stream = small
launcher.start()
"""
    lines = robot.play(hog)
    assert said(lines, "it does not fit in memory. The last good model runs") and said(lines, "with model.good")
    assert (robot.folder / "model.good").read_bytes() == MODEL.read_bytes()


def test_no_model_at_all(robot):
    (robot.folder / "model.bin").unlink()
    (robot.folder / "model.good").write_bytes(b"")
    lines = robot.play()
    assert said(lines, "model.bin: it is missing; model.good: model refused, TRUNCATED") and said(lines, "mpremote cp")


# ---- safety ----


def test_the_deadman_stops_a_robot_whose_program_sleeps(robot):
    program(
        robot,
        """
import time
def run(robot):
    robot.motors.drive(60, 60)
    for _ in range(300):
        robot.update()
        time.sleep_ms(1)
    time.sleep_ms(3000)
    robot.update()
""",
    )
    lines = robot.play()
    assert said(lines, "@move deadman") and said(lines, "stood still")
    changes = pin_times(lines, 37)
    braked = [us for us, duty in changes if duty == 65535][1]
    driven = [us for us, duty in changes if 0 < duty < 65535][-1]
    last_fed = 300 * 1000
    assert driven < last_fed * 1.1 and 500_000 <= braked - last_fed <= 540_000


def test_an_order_after_the_deadman_stands(robot):
    program(
        robot,
        """
import time
def run(robot):
    robot.forward(500)
    for _ in range(300):
        robot.update()
        time.sleep_ms(1)
    time.sleep_ms(700)
    robot.turn(90)
    robot.wait()
""",
    )
    lines = robot.play()
    assert said(lines, "@move deadman") and lines.count("@move arrived") == 1


def test_an_order_after_minutes_of_rest_is_a_ramp(robot):
    """The clock's differences are negative by then."""
    program(
        robot,
        """
def run(robot):
    robot.motors._last += 60000000
    robot.motors.drive(60, 60)
    robot.motors.update()
    print('duty', robot.motors._duty)
""",
    )
    lines = robot.play()
    assert said(lines, "duty [0, 0]") and not said(lines, "@crash")


def test_the_deadman_stops_a_robot_whose_interpreter_is_stuck(robot):
    """A loop that never comes back, not even to the clock: only a timer beside the interpreter can act."""
    program(
        robot,
        """
import tympan_simulated as chip
def run(robot):
    robot.motors.drive(60, 60)
    for _ in range(300):
        robot.listen()
    before = chip.get(37)
    for _ in range(400000000):  # some ten seconds, whatever the computer
        if chip.get(37) == 65535:
            break
    print('pins', before, chip.get(35), chip.get(36), chip.get(37), chip.get(38))
""",
    )
    lines = robot.play()
    pins = next(line for line in lines if line.startswith("pins")).split()[1:]
    assert 20000 < int(pins[0]) < 60000 and pins[1:] == ["65535"] * 4 and said(lines, "@deadman")


def test_an_obstacle_stops_forward_motion_but_not_the_way_back(robot):
    program(
        robot,
        """
def run(robot):
    robot.go()
    robot.wait(2000)
    robot.go()
    robot.forward(100)
    robot.forward(-50)
    robot.wait()
    print('done')
""",
        20,
    )
    robot.scene["obstacles"] = [[1000, 100000]]
    lines = robot.play()
    assert sum(line == "@move obstacle" for line in lines) == 3 and said(lines, "done")
    stop = [us for us, duty in pin_times(lines, 37) if duty == 65535][1]
    assert 1_000_000 <= stop <= 1_030_000
    assert max(duty for _, duty in pin_times(lines, 35)[2:-1]) > 30000


@pytest.mark.parametrize("wanted, vbus, armed", [(True, 0, True), (True, 1, False), (False, 0, False)])
def test_the_watchdog_is_armed_only_on_request_and_never_on_usb(robot, wanted, vbus, armed):
    program(robot, "import machine\ndef run(robot):\n    robot.listen()\n    print('armed', machine.WDT.armed)\n")
    robot.settings(watchdog=wanted)
    robot.scene["vbus"] = vbus
    assert f"armed {armed}" in robot.play()


def test_light_sleep_waits_for_silence_and_ends_with_a_sound(robot):
    samples = np.concatenate([seconds(14) // 50, seconds(3) * 40])
    robot.hears(samples)
    robot.settings(light_sleep_ms=500, listening={"gate": 100})
    lines = robot.play()
    slept = [int(line.split()[1]) for line in lines if line.startswith("@sleep")]
    assert 10_000_000 < slept[0] < 11_500_000 and len(slept) > 3
    assert not any(15_000_000 < us < 17_000_000 for us in slept)
    for changes in ({"listening": {}}, {"light_sleep_ms": 0}):
        robot.settings(**{"light_sleep_ms": 500, "listening": {"gate": 100}, **changes})
        assert not said(robot.play(), "@sleep")
    robot.settings(light_sleep_ms=500, listening={"gate": 100})
    robot.scene["vbus"] = 1
    assert not said(robot.play(), "@sleep")


def test_light_sleep_ends_where_usb_comes(robot):
    robot.hears(seconds(20) // 50)
    robot.settings(light_sleep_ms=500, listening={"gate": 100})
    plug = """
import scene, time
def plug(us):
    if time.ms > 13000:
        scene.vbus = 1
time._listeners.append(plug)
"""
    slept = [int(line.split()[1]) for line in robot.play(plug + START) if line.startswith("@sleep")]
    assert slept and 12_000_000 < slept[-1] < 14_000_000


def test_a_low_battery_is_said_once(robot):
    robot.hears(seconds(10))
    robot.scene["battery_mv"] = 3300
    assert sum("battery is low" in line for line in robot.play()) == 1


def test_a_slow_speed_is_raised_to_one_that_turns_the_wheels(robot):
    program(robot, "def run(robot):\n    robot.motors.drive(5, -5)\n    robot.wait(1000)\n    print('-')\n")
    lines = robot.play()
    assert duties(lines[: lines.index("-")])[37] == 20 * 65535 // 100


@pytest.mark.parametrize("name", ["voice", "voice_dance", "voice_obstacles", "wiring_check", "record"])
def test_every_shipped_program_runs_and_leaves_the_motors_stopped(robot, name):
    robot.hears(np.random.default_rng(1).integers(-20000, 20000, 6 * 16000).astype(np.int16))
    robot.settings(listening={"history": 1, "votes": 1, "threshold": 0, "cooldown": 400})  # obeys whatever leads
    robot.scene["obstacles"] = [[2000, 2500]]
    if name == "record":
        robot.scene["button"] = 0  # pressed: a clip, again and again, to the end of the sound
    lines = robot.play(f"import launcher; launcher.start({name!r})")
    assert not said(lines, "@crash") and not said(lines, "Traceback") and stopped(lines)
    expected = {"wiring_check": "Done.", "record": "@end"}.get(name, "@move")
    assert said(lines, expected)
    if name != "record":
        assert max(duty for _, duty in pin_times(lines, 37)[1:-1]) > 20000


def test_a_word_is_shown_and_heard_and_stop_acts_at_once(robot):
    program(
        robot, "def run(robot):\n    robot.go()\n    robot.wait(500)\n    robot._heard(8)\n    robot.obey('stop')\n"
    )
    lines = robot.play()
    heard = next(i for i, line in enumerate(lines) if line.startswith("@heard stop"))
    shown = [line.split() for line in lines[heard - 3 : heard]]
    assert any(w[0] == "@light" and int(w[3]) > 0 for w in shown)  # green
    assert any(w[0] == "@pin" and w[2] == "17" for w in shown)  # the buzzer
    us = int(shown[-1][1])
    brakes = [t for t, duty in pin_times(lines, 37) if duty == 65535 and t >= us]
    assert brakes[0] - us < 1000
