"""The device's programs on stand-in hardware: what happens when something goes wrong, and what never happens."""

import numpy as np
import pytest

from host.simulator import physics, run
from tests.conftest import MODEL, ROOT
from tests.robots import DRIVE, START, driven, duties, lights, pin_times, program, said, seconds, stopped

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
    lines = robot.play(
        "from tympan_robot import launcher; launcher.start(); launcher.start('good'); launcher.start('good')"
    )
    assert said(lines, "ZeroDivisionError") and lines.count("good") == 2


def test_the_buzzer_is_quiet_after_a_crash_and_the_light_stays_red(robot):
    lines = robot.play("from tympan_robot import launcher; launcher.start('nothere'); import time; time.sleep(2)")
    tone, silence = pin_times(lines, 17)[-2:]
    assert tone[1] and not silence[1] and silence[0] - tone[0] < 700_000
    red, green, blue = map(int, [line for line in lines if line.startswith("@light")][-1].split()[2:])
    assert red > 0 == green == blue


def test_a_behaviour_is_swapped_by_one_file(robot):
    program(robot, "def run(robot):\n    print('first')\n")
    text = "open('programs/test.py', 'w').write(\"def run(robot):\\n    print('second')\\n\"); "
    lines = robot.play(f"from tympan_robot import launcher; launcher.start(); {text} launcher.start()")
    assert lines.index("first") < lines.index("second")


STOCK = """
import builtins
def import_but_one(name, globals=None, locals=None, names=None, level=0, original=__import__):
    if name == "tympan":
        raise ImportError("no module named 'tympan'")
    # MicroPython takes what is relative as relative to who calls it: here that is this function
    return original("tympan_robot." + name if level else name, globals, locals, names)
builtins.__import__ = import_but_one
"""


def test_stock_firmware_does_all_but_hear_words(robot):
    """Ours has the module tympan."""
    robot.scene["button"] = 0
    for name, words in (("voice", "hears no words"), ("wiring_check", "Done."), ("record", "@clip")):
        robot.hears(seconds(6))
        lines = robot.play(STOCK + f"from tympan_robot import launcher; launcher.start({name!r})")
        assert said(lines, words) and not said(lines, "Traceback") and stopped(lines)
        assert said(lines, "@crash Unready") == (name == "voice")


def test_ctrl_c_stops_the_motors(robot):
    program(
        robot,
        DRIVE.replace(
            "robot.listen()",
            "robot.listen()\n        if robot.listener.stream.frames > 100:\n            raise KeyboardInterrupt",
        ),
    )
    lines = robot.play()
    assert said(lines, "Stopped.") and stopped(lines) and lights(lines)[-1][1:] == (0, 0, 0)


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
from tympan_robot import listener, launcher
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


@pytest.mark.parametrize("doze_ms, hang_ms", [(0, 0), (5000, 0), (0, 9000)])
def test_the_watchdog_bites_a_program_that_hangs_and_no_other(robot, doze_ms, hang_ms):
    """One that listens feeds it, and so does one that dozes."""
    program(
        robot,
        f"""
import time
def run(robot):
    robot.wait(30000)
    time.sleep_ms({hang_ms})
""",
    )
    robot.hears(seconds(40) // 50)
    robot.settings(watchdog=True, light_sleep_ms=doze_ms, listening={"gate": 100})
    lines = robot.play()
    assert said(lines, "@reset") == (hang_ms > 0) and said(lines, "@sleep") == (doze_ms > 0)


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


@pytest.mark.parametrize("mhz", [80, 160, 240])
def test_the_chip_runs_as_fast_as_the_settings_say(robot, mhz):
    robot.settings(cpu_mhz=mhz)
    code = "import machine; from tympan_robot import launcher; launcher.awaken(); print(machine.freq())"
    assert robot.play(code)[-1] == f"{mhz}000000"


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
    lines = robot.play(f"from tympan_robot import launcher; launcher.start({name!r})")
    assert not said(lines, "@crash") and not said(lines, "Traceback") and stopped(lines)
    expected = {"wiring_check": "Done.", "record": "@end"}.get(name, "@move")
    assert said(lines, expected)
    if name != "record":
        assert max(duty for _, duty in pin_times(lines, 37)[1:-1]) > 20000


def test_each_action_does_what_the_guide_says():
    """One after the other: the movements that somebody would see."""
    code = """
from tympan_robot.launcher import awaken
import machine, time
robot = awaken()
robot.listener = robot  # no model: listening is not what is tried here
robot.listen = lambda: (robot.update(), time.sleep_ms(4)) and None
for action in ("forward", "backward", "left", "right", "cheer", "sulk"):
    robot.settings["words"] = {"now": action}
    robot.obey("now")
    robot.wait()
    robot.wait(500)
robot.settings["words"] = {"now": "go", "then": "stop"}
robot.obey("now")
robot.wait(1000)
robot.obey("then")
robot.listener = None
"""
    settings = {"motors": {"distance_mm": 120, "angle": 60}}
    found = run.simulate(None, np.zeros(0, np.int16), settings=settings, code=code)
    names = ["forward", "backward", "left", "right", "cheer", "sulk"]
    assert [a.name for a in found.log.announced] == [n for name in names for n in (name, "arrived")] + ["go", "stop"]
    seen = [(m.kind, m.mm or 0, m.degrees) for m in physics.movements(found.path)]
    wanted = [("forward", 120, 0), ("backward", 120, 0), ("left", 0, 60), ("right", 0, -60), ("left", 0, 360)]
    wanted += [("backward", 60, 0), ("forward", 0.6 * 142, 0)]
    for (kind, mm, degrees), (name, way, turn) in zip(seen, wanted, strict=True):
        assert (
            kind == name
            and mm == pytest.approx(way, rel=0.09, abs=1)
            and degrees == pytest.approx(turn, rel=0.06, abs=1)
        )


def test_a_word_without_an_action_is_refused_and_said(robot):
    program(robot, "def run(robot):\n    robot.obey('go')\n    robot.wait(500)\n    robot.obey('stop')\n")
    robot.settings(words={"stop": "fly"})
    lines = robot.play()
    assert "no action for go" in lines and "settings.json: words: there is no action fly" in lines
    assert sum(colour == [51, 20, 0] for _, *colour in lights(lines)) == 2 and not driven(lines)


def test_waiting_takes_its_time_or_until_the_robot_stands_or_hears(robot):
    program(
        robot,
        """
import time
def run(robot):
    def waited(*ms):
        before = time.ms
        print('waited', robot.wait(*ms), time.ms - before)
    robot.listen()
    waited(700)
    waited()
    robot.forward(50)
    waited()
    robot.go()
    waited(100)
    heard = iter((None, None, 'stop'))
    robot.listen = lambda: next(heard)
    waited()
    robot.stop()
""",
    )
    found = [line.split()[1:] for line in robot.play() if line.startswith("waited")]
    assert [word for word, _ in found] == ["None"] * 4 + ["stop"]
    first, nothing, way, going, last = (int(ms) for _, ms in found)
    assert 700 <= first <= 725 and nothing == 0 and 500 < way < 900 and 100 <= going <= 110 and last == 0


# state: (percent of red, green, blue; whether it beeps; ms until the state before it returns, None: it stays)
STATES = {
    "off": ((0, 0, 0), False, None),
    "starting": ((30, 30, 30), False, None),
    "listening": ((0, 0, 40), False, None),
    "heard": ((0, 100, 0), True, 150),
    "refused": ((100, 40, 0), True, 150),
    "low battery": ((60, 60, 0), True, 300),
    "deaf": ((100, 0, 60), False, None),
    "error": ((100, 0, 0), True, 600),
    "light": ((100, 100, 100), False, None),
}
SHOW = """
import time
from tympan_robot.feedback import Feedback
from tympan_robot.settings import load
s = load()
f = Feedback(s["pins"], s["feedback"])
f._buzzer.freq = lambda hz: print("Hz", state, hz)
import tympan_simulated as chip
for state in STATES:
    f.show("starting")
    before = f._pixel[0]
    f.show(state)
    color, beeps, start = f._pixel[0], chip.get(17), time.ms
    while time.ms < start + 1000 and f._pixel[0] == color:
        f.update()
        time.sleep_ms(1)
    print(*color, beeps, time.ms - start if f._pixel[0] != color else 0, f._pixel[0] == before, chip.get(17))
"""


@pytest.mark.parametrize("brightness, sounds", [(20, True), (100, False), (0, True), (3, True)])
def test_each_state_has_its_light_tone_and_time(robot, brightness, sounds):
    robot.settings(feedback={"brightness": brightness, "sounds": sounds})
    robot.scene["log"] = False
    robot.write("show.py", SHOW.replace("STATES", repr(list(STATES))))
    lines = robot.play("import show")
    hz = {name.rsplit(" ", 1)[0]: int(name.rsplit(" ", 1)[1]) for name in (x[3:] for x in lines if x[:2] == "Hz")}
    assert list(hz) == [name for name, (_, beeps, _) in STATES.items() if beeps and sounds]
    assert all((tone > 1000) == (name == "heard") and 100 < tone < 4000 for name, tone in hz.items())
    lines = [line for line in lines if line[:2] != "Hz"]
    for line, (state, (percent, beeps, ms)) in zip(lines, STATES.items(), strict=True):
        *found, before, after = line.split()
        colour = [c * brightness * 255 // 10000 for c in percent]
        assert list(map(int, found[:4])) == [*colour, 32768 if beeps and sounds else 0], state
        if ms and brightness:
            assert ms <= int(found[4]) <= ms + 2 and before == "True", state
        elif brightness:
            assert found[4] == "0", state
        assert after == "0" or (not ms and not beeps)


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
