"""The simulated robot: its physics, what it makes of a program's lines, its picture and its command."""

import json
import math
import os
import queue
import signal
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from host import simulate as command
from host.data import audio
from host.data.audio import to_int16
from host.data.speech import Speaker, decibels, synthesizer
from host.features.frontends import RATE
from host.pictures.drive import draw
from host.simulator import microphone, physics, run
from host.simulator.physics import FULL, Physics, PinChange
from tests.conftest import MODEL, ROOT

LEFT_BACK, LEFT_AHEAD, RIGHT_BACK, RIGHT_AHEAD = 35, 37, 36, 38
SECOND = 1_000_000
QUICK = Physics(lag_ms=0, brake_ms=0, coast_ms=0)  # wheels without inertia
TOP = 20.3 * 4 / 60 * math.pi * 33.5  # mm/s


def wheels(us: int, left: float, right: float) -> list[PinChange]:
    """Pin changes that give the wheels these shares of the battery, from -1 to 1."""
    shares = {LEFT_BACK: -left, LEFT_AHEAD: left, RIGHT_BACK: -right, RIGHT_AHEAD: right}
    return [PinChange(us, pin, round(max(0.0, share) * FULL)) for pin, share in shares.items()]


def drive(*parts: tuple[float, float, float], robot: Physics = QUICK) -> physics.Path:
    """A path of parts (seconds, left, right), then a brake for a second."""
    us, changes = 0, []
    for seconds, left, right in parts:
        changes += wheels(us, left, right)
        us += round(seconds * SECOND)
    return physics.drive([*changes, *braked(us)], us + SECOND, robot)


def braked(us: int) -> list[PinChange]:
    return [PinChange(us, pin, FULL) for pin in (LEFT_BACK, LEFT_AHEAD, RIGHT_BACK, RIGHT_AHEAD)]


def test_the_nominal_robot_is_as_fast_as_its_maker_says():
    assert Physics().top_speed == pytest.approx(142, abs=1)


def test_a_straight_line_forward_and_back():
    path = drive((2, 1, 1))
    assert path.pose == pytest.approx({"x_mm": 2 * TOP, "y_mm": 0, "heading_degrees": 0}, abs=1e-6)
    path = drive((2, 0.5, 0.5), (1, -0.5, -0.5))
    assert path.pose["x_mm"] == pytest.approx(0.5 * TOP, rel=1e-4)
    assert path.driven_mm == pytest.approx(1.5 * TOP, rel=1e-4)


def test_a_turn_on_the_spot():
    path = drive((0.5, -0.8, 0.8))
    expected = math.degrees(0.5 * 1.6 * TOP / 77.5)
    assert path.pose == pytest.approx({"x_mm": 0, "y_mm": 0, "heading_degrees": expected}, rel=1e-4, abs=1e-6)
    assert drive((0.5, 0.8, -0.8)).pose["heading_degrees"] == pytest.approx(-expected, rel=1e-4)


@pytest.mark.parametrize("step_ms", [0.5, 2, 50])
def test_an_arc_is_exact_whatever_the_step(step_ms):
    changes = wheels(0, 0.5, 1)
    path = physics.drive(changes, SECOND, QUICK, step_ms)
    turn, radius = 0.5 * TOP / 77.5, 0.75 * TOP / (0.5 * TOP / 77.5)
    x, y = radius * math.sin(turn), radius * (1 - math.cos(turn))
    assert path.pose == pytest.approx({"x_mm": x, "y_mm": y, "heading_degrees": math.degrees(turn)}, rel=1e-4)


def test_a_square_comes_back_to_its_start():
    quarter = math.pi / 2 * 77.5 / 2 / TOP
    path = drive(*[part for _ in range(4) for part in ((1, 1, 1), (quarter, -1, 1))])
    assert path.pose == pytest.approx({"x_mm": 0, "y_mm": 0, "heading_degrees": 360}, abs=0.1)
    assert [m.kind for m in physics.movements(path)] == ["forward", "left"] * 4


def test_a_wheel_needs_its_time_to_run_and_brakes_sooner_than_it_coasts():
    robot = Physics()
    v = 0.6 * TOP
    stopped = physics.drive([*wheels(0, 0.6, 0.6), *braked(SECOND)], 3 * SECOND, robot).pose["x_mm"]
    rolled = physics.drive([*wheels(0, 0.6, 0.6), *wheels(SECOND, 0, 0)], 3 * SECOND, robot).pose["x_mm"]
    assert stopped == pytest.approx(v * (1 - 0.020 + 0.005), rel=1e-3)
    assert rolled == pytest.approx(v * (1 - 0.020 + 0.080), rel=1e-3)


def test_too_low_a_duty_turns_no_wheel():
    assert drive((1, 0.04, 0.04)).driven_mm == 0
    assert drive((1, 0.06, 0.06)).driven_mm > 5


@pytest.mark.parametrize(
    "change", [{"wheel_mm": 30}, {"rpm_per_volt": 18}, {"battery_mv": 3600}, {"left_gain": 0.9}, {"lag_ms": 200}]
)
def test_another_robot_ends_elsewhere(change):
    nominal, other = (drive((1, 1, 1), robot=r).pose for r in (Physics(), Physics(**change)))
    assert math.dist(nominal.values(), other.values()) > 5


def test_a_wider_track_turns_less_and_a_weak_motor_pulls_to_its_side():
    def turned(r):
        return drive((1, -1, 1), robot=r).pose["heading_degrees"]

    assert turned(Physics(track_mm=90)) == pytest.approx(turned(Physics()) * 77.5 / 90)
    assert drive((1, 1, 1), robot=Physics(left_gain=0.8)).pose["heading_degrees"] > 10


def test_changes_of_other_pins_and_after_the_end_do_nothing_and_order_is_time():
    changes = [PinChange(0, 17, FULL), *reversed(wheels(SECOND, 0, 0)), *wheels(0, 1, 1), *wheels(3 * SECOND, 1, 1)]
    assert physics.drive(changes, 2 * SECOND, QUICK).pose["x_mm"] == pytest.approx(TOP)
    assert physics.drive([], 0).pose == {"x_mm": 0, "y_mm": 0, "heading_degrees": 0}


def test_hours_at_rest_cost_nothing():
    path = physics.drive([*wheels(0, 1, 1), *wheels(SECOND, 0, 0)], 36_000 * SECOND)
    assert len(path.rows) < 2000 and path.column("s")[-1] == 36_000


def test_movements_are_named_as_somebody_would_who_watches():
    path = drive((1, 1, 1), (1, 0, 0), (1, -0.6, -0.6), (0.02, 1, 1), (1, 0.2, 0.9))
    found = physics.movements(path)
    assert [m.kind for m in found] == ["forward", "backward", "left"]
    assert found[0].mm == pytest.approx(TOP, rel=0.01) and found[2].degrees == pytest.approx(73.6, rel=0.01)


def test_lines_for_machines_are_read_and_everything_else_is_text():
    log = run.Log()
    assert log.take("@listen 500000") is None
    heard = log.take("@heard right 63569 2400")
    assert heard == run.Heard(2.4, "right", 63569 / 65535) and log.heard == [heard]
    assert log.take("@heard come here 65000 2400").word == "come here" and log.heard.pop()
    assert log.take("@pin 3000000 38 40000") is None
    assert log.take("@move right") == run.Announced(2.5, "right")
    assert log.take("@lost 16") is log.take("@lost 30") is log.take("@stall 1") is log.take("@labels a b") is None
    assert log.take("@end 9000000") is None
    assert log.pins == [PinChange(3000000, 38, 40000)] and log.end_us == 9000000
    assert (log.counts["lost"], log.lost_ms, log.counts["stall"]) == (2, 46, 1) and not log.text


@pytest.mark.parametrize(
    "line",
    ["", "hello", "@", "@ heard", "@heard", "@heard go", "@heard go x 5", "@pin 1 2", "@end now", "@move", "@\x00"],
)
def test_garbage_is_shown_and_no_more(line):
    log = run.Log()
    assert log.take(line) in (line, None)
    assert not log.heard and not log.pins and log.end_us is None


def test_what_is_heard_after_a_stall_or_a_sleep_counts_from_there():
    log = run.Log()
    for line in ("@heard go 60000 900", "@light 2000000 1 0 0", "@stall 1", "@heard go 60000 900"):
        log.take(line)
    for line in ("@sleep 5000000 200", "@heard go 60000 900"):
        log.take(line)
    assert [h.s for h in log.heard] == pytest.approx([0.9, 2.9, 6.1])


def test_a_program_that_prints_for_ever_does_not_fill_the_memory():
    log = run.Log()
    for i in range(3 * run.KEPT_LINES):
        log.take(f"line {i}")
    assert len(log.text) == run.KEPT_LINES and log.text[-1].endswith("5999")


def pretend(folder: Path, program: str) -> Path:
    """A folder whose launcher is this program."""
    package = folder / "tympan_robot"
    package.mkdir(parents=True)
    (package / "launcher.py").write_text(f"def start():\n    {program}\n")
    return folder


def test_what_a_program_prints_is_read_while_it_runs(tmp_path):
    shown = []
    program = "print('hello'); print('@heard go 65535 1000'); print('@end 2000000')"
    log = run.run(pretend(tmp_path / "a", program), show=shown.append)
    assert shown == ["hello", run.Heard(1.0, "go", 1.0)] and log.end_us == 2000000
    assert run.problem(log, 300) is None


def test_bytes_that_are_no_text_are_shown(tmp_path):
    program = "import sys; sys.stdout.buffer.write(b'\\xff\\xfe@heard\\n' + b'x' * 100000 + b'\\n@end 5\\n')"
    log = run.run(pretend(tmp_path / "a", program))
    assert log.end_us == 5 and not log.heard and "@heard" in log.text[0]


def test_a_program_that_fails_is_quoted(tmp_path):
    log = run.run(pretend(tmp_path / "a", "print('@pin 1500000 38 0'); 1 // 0"))
    assert run.problem(log, 300) == ("the program failed, 1.5 s into the simulation: ZeroDivisionError: divide by zero")


def test_a_program_that_has_done_its_work_did_not_fail(tmp_path):
    log = run.run(pretend(tmp_path / "a", "print('done')"))
    assert log.end_us is None and run.problem(log, 300) is None


def test_a_program_that_never_ends_is_stopped(tmp_path):
    log = run.run(pretend(tmp_path / "a", "import time\n    while True: time.sleep(0.01)"), timeout=0.5)
    assert "did not end within" in run.problem(log, 0.5)


def test_live_sound_reaches_the_program_as_it_comes(tmp_path):
    program = "import sys; print('@end', len(sys.stdin.buffer.read()))"
    log = run.run(pretend(tmp_path / "a", program), sound=iter([b"ab" * 800] * 7))
    assert log.end_us == 7 * 1600
    log = run.run(pretend(tmp_path / "b", "print('@end 7')"), sound=iter([b"ab" * 80000] * 700))
    assert log.end_us == 7  # a program that does not listen to its end


def simulation(words=(("go", 1.2), ("left", 3.0)), seconds=5.0) -> run.Simulation:
    log = run.Log()
    for word, s in words:
        log.take(f"@heard {word} 60000 {round(1000 * s)}")
        log.pins += wheels(round(s * SECOND), *((1, 1) if word == "go" else (-0.6, 0.6)))
        log.pins += braked(round((s + 0.6) * SECOND))
    log.take(f"@end {round(seconds * SECOND)}")
    samples = np.random.default_rng(0).integers(-3000, 3000, round(seconds * RATE), dtype=np.int16)
    return run.Simulation(samples, log, physics.drive(log.pins, log.end_us), None)


@pytest.mark.parametrize("words, seconds", [((("go", 1.2), ("left", 3.0)), 5.0), ((), 0.001), ((("go", 0.2),) * 9, 90)])
def test_the_picture_is_a_png_of_a_sane_size(words, seconds):
    data = draw(simulation(words, seconds), "model.bin hears a.wav")
    width, height = (int.from_bytes(data[i : i + 4], "big") for i in (16, 20))
    assert data[:8] == b"\x89PNG\r\n\x1a\n" and (width, height) == (1400, 600) and len(data) < 200_000


def test_events_are_told_in_order_and_as_sentences():
    found = command.events(simulation())
    assert [(e["kind"], e.get("word") or e["movement"]) for e in found] == [
        ("heard", "go"), ("moved", "forward"), ("heard", "left"), ("moved", "left")
    ]  # fmt: skip
    lines = [command.sentence(e) for e in found]
    assert lines[0] == "   1.20 s  heard go, 92 %"
    assert "moves forward 83 mm, until 1.8" in lines[1] and "moves left +74°" in lines[3]


@pytest.fixture
def wav(tmp_path) -> Path:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros(RATE, np.int16), RATE)
    return path


def failure(capsys, *arguments) -> str:
    assert command.main([str(a) for a in arguments]) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith("error: ") and captured.err.count("\n") == 1 and not captured.out
    return captured.err


def test_what_does_not_fit_is_refused_in_a_sentence(wav, tmp_path, capsys):
    fast, broken = tmp_path / "fast.wav", tmp_path / "half.bin"
    soundfile.write(fast, np.zeros(100), 44100)
    broken.write_bytes(MODEL.read_bytes()[:1000])
    assert "44100 Hz" in failure(capsys, MODEL, fast)
    assert "none.wav" in failure(capsys, MODEL, tmp_path / "none.wav")
    assert "none.bin" in failure(capsys, tmp_path / "none.bin", wav)
    assert "not readable" in failure(capsys, MODEL, MODEL)
    failure(capsys, broken, wav)
    failure(capsys, wav, wav)
    assert "none.json" in failure(capsys, MODEL, wav, "--settings", tmp_path / "none.json")


def test_a_program_that_is_not_there_is_named_by_the_robot(wav, capsys):
    assert command.main([str(MODEL), str(wav), "--program", "fly"]) == 1
    assert "there is no program fly; there are: record, voice" in capsys.readouterr().err


@pytest.mark.parametrize(
    "content",
    [
        b'\xef\xbb\xbf{"motors": {"speed": 30,}}',  # as the robot takes it: with a mark, with a comma too many
        b'{"words": {"off": "stop"}, "listening": {"hop": 5}, "pins": {"light": 99}, "motor": {}}',
        '{"words": {"arr\xeate": 3}}'.encode("latin-1"),
        b"{",
        b"",
    ],
)
def test_settings_are_read_by_the_robots_own_reader(content, robot, wav, tmp_path, capsys):
    """What it says of a file, and what it makes of it, is the same in the simulator and on a robot."""
    path = tmp_path / "mine.json"
    path.write_bytes(content)
    (robot.folder / "settings.json").write_bytes(content)
    show = "import json; from tympan_robot import settings; print(json.dumps(settings.load()))"
    assert list(run.simulate(None, SILENCE, settings=content, code=show).log.text) == robot.play(show)
    robot.hears(audio.read(wav))
    assert command.main([str(MODEL), str(wav), "--settings", str(path), "--json"]) == 0
    told = [line for line in robot.play() if not line.startswith("@")]
    assert json.loads(capsys.readouterr().out)["output"] == told


def test_live_without_its_library_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    assert "pip install sounddevice" in failure(capsys, MODEL, "--live")


def test_a_recording_or_the_microphone_but_one_of_them(wav):
    for arguments in ([str(MODEL)], [str(MODEL), str(wav), "--live"]):
        with pytest.raises(SystemExit):
            command.main(arguments)


# the device's own program, in the simulator

DRIVE = """
import time
from tympan_robot.robot import Robot
from tympan_robot.settings import load
robot = Robot(load())
robot.{}
while robot.motors.moving():
    robot.update()
    time.sleep_ms(4)
robot.close()
"""
SILENCE = np.zeros(0, np.int16)


def driven(order: str, **changes) -> physics.Path:
    """Where an order to the device's robot takes one that is built with these changes."""
    found = run.simulate(None, SILENCE, robot=Physics(**changes), code=DRIVE.format(order))
    assert not found.log.text, found.log.text
    return found.path


def test_the_robots_files_are_the_devices_own(tmp_path):
    run.prepare(tmp_path / "robot", b"model", {"log": True})
    copied = {p.relative_to(tmp_path / "robot") for p in (tmp_path / "robot").rglob("*") if p.is_file()}
    assert copied >= {
        Path(name) for name in ("main.py", "tympan_robot/launcher.py", "programs/voice.py", "settings.json")
    }
    for name in copied - {Path("model.bin"), Path("scene.json")}:
        assert (tmp_path / "robot" / name).read_bytes() == (run.DEVICE / name).read_bytes()


@pytest.mark.parametrize("mm", [300, -300, 80])
def test_the_nominal_robot_goes_the_distance_asked_for(mm):
    pose = driven(f"forward({mm})").pose
    assert pose["x_mm"] == pytest.approx(mm, rel=0.05) and abs(pose["y_mm"]) < 1


@pytest.mark.parametrize("degrees", [90, -90, 360])
def test_the_nominal_robot_turns_by_the_angle_asked_for(degrees):
    path = driven(f"turn({degrees})")
    assert path.pose["heading_degrees"] == pytest.approx(degrees, rel=0.05) and path.driven_mm < 1


def test_an_empty_battery_changes_nothing_since_it_is_read():
    assert driven("forward(300)", battery_mv=3600).pose["x_mm"] == pytest.approx(300, rel=0.05)


def test_a_robot_that_is_built_otherwise_misses():
    """The simulator has its own constants: with them changed, the two tests above fail."""
    for change in ({"wheel_mm": 37.0}, {"wheel_mm": 30.5}, {"rpm_per_volt": 18.0}, {"left_gain": 0.8}):
        assert driven("forward(300)", **change).pose["x_mm"] != pytest.approx(300, rel=0.05)
    for change in ({"track_mm": 85.0}, {"track_mm": 70.0}, {"wheel_mm": 37.0}):
        assert driven("turn(90)", **change).pose["heading_degrees"] != pytest.approx(90, rel=0.05)


@pytest.fixture(scope="module")
def listening_model() -> bytes:
    """The shipped model that knows silence and other words: one without hears commands in noise."""
    return (ROOT / "models" / "robot.bin").read_bytes()


def recording(*words: np.ndarray) -> tuple[np.ndarray, list[float]]:
    """Words (full scale 1) with a second and a half of faint noise before and behind each, and where each ends in s."""
    parts, ends, at = [np.zeros(RATE * 3 // 2)], [], 1.5
    for word in words:
        loud = np.flatnonzero(np.abs(word) > 0.1 * np.abs(word).max())
        ends.append(at + loud[-1] / RATE)
        parts += [word, np.zeros(RATE * 3 // 2)]
        at += len(word) / RATE + 1.5
    clean = np.concatenate(parts)
    return to_int16(clean + np.random.default_rng(0).standard_normal(len(clean)) * decibels(-70)), ends


def both_heard_once(model: bytes, words: list[np.ndarray]) -> None:
    samples, ends = recording(*words)
    found = run.simulate(model, samples)
    assert found.problem is None and found.log.lost_ms == 0
    assert [h.word for h in found.log.heard] == ["right", "on"]
    # three windows that agree may come before the last sound of the word dies away
    assert all(end - 0.3 < h.s < end + 1 for h, end in zip(found.log.heard, ends, strict=True)), (found.log.heard, ends)
    assert [m.kind for m in physics.movements(found.path)] == ["right"]
    assert found.path.pose["heading_degrees"] == pytest.approx(-90, rel=0.05)


@pytest.mark.parametrize("voice", ["en-us+m7", "en-us+f2", "en-us+pablo"])
def test_right_then_on_are_both_heard_once_synthesized(voice, listening_model):
    """An example too: the model is trained on people, and does not know every synthetic voice."""
    both_heard_once(listening_model, [0.4 * synthesizer().say(w, Speaker(voice, 150)) for w in ("right", "on")])


def test_right_then_on_are_both_heard_once_in_real_words(listening_model, recordings):
    """An example, not a measure: two clips of the test set whose words a small model hears well."""
    folder = recordings / "speech_commands_v2_test"
    clips = ("right/b737ee80_nohash_1.wav", "on/e41a903b_nohash_3.wav")
    both_heard_once(listening_model, [audio.read(folder / clip) / 32768 for clip in clips])


def test_the_command_prints_what_was_heard_and_done_or_one_object(listening_model, tmp_path, capsys):
    model, wav, picture = tmp_path / "model.bin", tmp_path / "right.wav", tmp_path / "right.png"
    model.write_bytes(listening_model)
    samples, _ = recording(0.4 * synthesizer().say("right", Speaker("en-us+m7", 150)))
    soundfile.write(wav, samples, RATE, subtype="PCM_16")
    assert command.main([str(model), str(wav), "--plot", str(picture)]) == 0
    lines = capsys.readouterr().out.splitlines()
    for words in ("| listening with model.bin", "heard right", "program: right", "moves right", "heading -"):
        assert sum(words in line for line in lines) == 1, (words, lines)
    assert picture.stat().st_size > 10_000
    assert command.main([str(model), str(wav), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [e["kind"] for e in found["events"]] == ["heard", "announced", "moved", "announced"]
    assert found["pose"]["heading_degrees"] == pytest.approx(-90, abs=5)
    assert (found["overruns"], found["lost_ms"], found["stalls"], found["problem"]) == (0, 0, 0, None)


def test_live_sound_is_obeyed_as_it_comes(listening_model):
    samples, _ = recording(0.4 * synthesizer().say("right", Speaker("en-us+m7", 150)))
    shown = []
    live = run.simulate(listening_model, iter(np.array_split(samples, 37)), show=shown.append)
    whole = run.simulate(listening_model, samples)
    assert live.log.heard == whole.log.heard and live.path.pose == pytest.approx(whole.path.pose)
    assert np.array_equal(live.samples, samples) and shown.count(live.log.heard[0]) == 1


def test_something_ahead_stops_the_robot_while_it_is_there():
    code = DRIVE.format("motors.drive(60, 60)")
    found = run.simulate(None, SILENCE, scene={"obstacles": [[1000, 1200]]}, code=code)
    assert [a.name for a in found.log.announced] == ["obstacle"]
    assert found.path.pose["x_mm"] == pytest.approx(0.6 * TOP * 0.9, rel=0.05)


def test_the_microphone_of_the_pc_until_ctrl_c(listening_model, monkeypatch, tmp_path, capsys):
    samples, _ = recording(0.4 * synthesizer().say("right", Speaker("en-us+m7", 150)))

    class Ear(queue.Queue):
        """Presses Ctrl-C when all that was said has gone to the robot."""

        def get(self):
            if self.empty():
                os.kill(os.getpid(), signal.SIGINT)
            return super().get()

    class Stream:
        """Of sounddevice: says "right", all of it at once."""

        def __init__(self, callback, blocksize, samplerate, channels, dtype):
            assert (samplerate, channels, dtype) == (RATE, 1, "int16")
            self.blocks = np.array_split(samples, len(samples) // blocksize)
            self.callback = callback

        def start(self):
            for block in self.blocks:
                self.callback(memoryview(block.tobytes()), len(block), None, None)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

    pretended = SimpleNamespace(RawInputStream=Stream, PortAudioError=RuntimeError)
    monkeypatch.setitem(sys.modules, "sounddevice", pretended)
    monkeypatch.setattr(microphone.queue, "SimpleQueue", Ear)
    model = tmp_path / "model.bin"
    model.write_bytes(listening_model)
    assert command.main([str(model), "--live"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("speak; Ctrl-C ends it\n") and out.count("heard right") == 1
    assert "moves right -" in out and f"in {len(samples) / RATE:.1f} s of sound" in out


def test_a_program_that_crashes_is_quoted_and_stands(tmp_path):
    found = run.simulate(None, np.zeros(RATE, np.int16))
    assert found.path.driven_mm == 0
    assert "model.bin: it is missing" in found.problem


@pytest.mark.parametrize("overruns, stalls", [(2, 0), (0, 1), (0, 0)])
def test_sound_that_was_lost_is_told_where_there_is_some(overruns, stalls, monkeypatch, capsys):
    found = {"driven_mm": 10, "seconds": 2, "overruns": overruns, "stalls": stalls, "lost_ms": 30 * overruns}
    monkeypatch.setattr(command, "report", lambda simulation: found)
    monkeypatch.setattr(command, "events", lambda simulation: [])
    simulation = SimpleNamespace(log=SimpleNamespace(text=[]), path=drive((1, 0.5, 0.5)))
    command._print(simulation, SimpleNamespace(json=False, live=False))
    said = f"the loop was late {overruns} times ({30 * overruns} ms lost); {stalls} stalls"
    assert (said in capsys.readouterr().out) == bool(overruns or stalls)
