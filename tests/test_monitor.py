"""tools.monitor without a robot: what it reads, and the picture it draws."""

import sys
from types import SimpleNamespace

import pytest

from tests.line import Port
from tools import monitor
from tools.board_link import BoardError


def test_what_the_robot_tells():
    state = monitor.State()
    lines = ["@labels yes no", "@window 960 123 65000 535", "@heard yes 60000 1360", "@move forward", "hello", ""]
    assert [state.take(line) for line in lines] == [
        None, None, "   1.36 s  heard yes, 91 % sure", "   0.96 s  forward", "hello", None,
    ]  # fmt: skip
    assert (state.labels, state.ms, state.level, state.windows) == (["yes", "no"], 960, 123, 1)
    assert state.probabilities == [65000, 535]
    assert "lost" in state.take("@lost 40") and "no sound" in state.take("@stall 1")
    assert not state.crashed and "KeyError" in state.take("@crash KeyError") and state.crashed


@pytest.mark.parametrize(
    "garbage",
    ["@", "@window", "@window x", "@window 1 2 99999", "@window 1 2 3", "@window 5 5 -1 2", "@heard", "@heard go",
     "@heard go x y", "@move", "@lost", "@lost x", "@stall ?", "@level", "@level x", "@labels", "@what 3", "\x00\x7f",
     "@window " + "9" * 5000, "@window " + "9" * 400 + " 1 2 3", "@window 1 " + "9" * 400 + " 2 3", "�@window 1 2"],
)  # fmt: skip
def test_garbage_is_text_and_changes_nothing(garbage):
    state = monitor.State()
    state.take("@labels yes no")
    state.take("@window 960 123 65000 535")
    state.take(garbage)
    assert (state.ms, state.level, state.probabilities, state.windows) == (960, 123, [65000, 535], 1)
    assert len(state.events) == 1
    monitor.draw(state)


def test_the_picture_fits_whatever_was_told():
    state = monitor.State()
    assert monitor.draw(state)
    state.take("@labels " + " ".join(f"word{i}" for i in range(10)))
    state.take("@window 1160 3276 " + " ".join(["6553"] * 9 + ["65535"]))
    for i in range(300):
        state.take("x" * 200 if i % 2 else f"@heard word{i % 10} 65535 {i}")
    for width, height in [(80, 24), (200, 60), (40, 24), (20, 8)]:
        lines = monitor.draw(state, width, height)
        assert all(len(line) <= width for line in lines) and (len(lines) < height or height < 18)
    picture = "\n".join(monitor.draw(state))
    assert "-20 dBFS" in picture and "100 % <" in picture and " 9 % \n" in picture


def test_bars():
    assert monitor.bar(0, 4) == "····" and monitor.bar(1, 4) == "████" and monitor.bar(0.5, 4) == "██··"
    assert monitor.bar(-3, 2) == "··" and monitor.bar(7, 2) == "██"


@pytest.mark.parametrize(
    "encoding, full, empty", [("utf-8", "█", "·"), ("ascii", "#", "."), ("latin-1", "#", "."), ("cp437", "█", "·")]
)
def test_full_and_empty_can_be_told_apart_on_any_terminal(encoding, full, empty):
    of = monitor.glyphs(encoding)
    assert monitor.bar(0.5, 4, of) == 2 * full + 2 * empty
    state = monitor.State()
    state.take("@window 960 3276 65535 0")
    lines = monitor.draw(state, of=of)
    assert f" {42 * full}{14 * empty} " in lines[1] and f" {56 * full} " in lines[3] and f" {56 * empty} " in lines[4]


TOLD = "@labels yes no\n@window 960 123 65000 535\n@heard yes 60000 1360\nhello"


def test_the_robots_program_is_watched_to_its_end(capsys):
    with Port(lambda code: TOLD if code == monitor.START else "") as line:
        assert monitor.main(["--port", line.port]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[:2] == ["   1.36 s  heard yes, 91 % sure", "hello"]
    assert said[2] == "the robot's program has ended after 1 windows; its REPL is free"


@pytest.mark.parametrize("crashed", [False, True])
def test_a_program_that_fails_is_an_error(crashed, capsys):
    def run(code):
        if code == monitor.START and not crashed:
            raise BoardError("ImportError: no module named 'neopixel'")
        return TOLD + "\n@crash KeyError" if code == monitor.START else ""

    with Port(run) as line:
        assert monitor.main(["--port", line.port]) == 1
    said = capsys.readouterr()
    assert said.err == "error: the robot's program ended with an error\n"
    assert ("the program ended with KeyError" if crashed else "no module named 'neopixel'") in said.out


def test_a_robot_with_older_files_than_the_monitor_is_told_of(capsys):
    def run(code):
        if code == monitor.START:
            raise BoardError("ImportError: no module named 'tympan_robot'")
        return ""

    with Port(run) as line:
        assert monitor.main(["--port", line.port]) == 1
    assert capsys.readouterr().err == f"error: {monitor.OLD}\n"


def test_a_robot_that_is_unplugged_is_a_sentence(capsys):
    with Port(lambda code: TOLD, lambda code: None if code.decode() == monitor.START else code) as line:
        assert monitor.main(["--port", line.port]) == 1
    assert capsys.readouterr().err == "error: the robot no longer answers; check the cable\n"


@pytest.mark.parametrize(
    "line, event",
    [
        ("@heard go 65535 10", "   0.01 s  heard go, 100 % sure"),
        ("@lost 40", "   0.96 s  40 ms of sound lost"),
        ("@stall 2", "   0.96 s  no sound from the microphone, 2 times so far"),
        ("@crash OSError", "   0.96 s  the program ended with OSError"),
        ("@move left", "   0.96 s  left"),
    ],
)
def test_an_event_says_when_and_what(line, event):
    state = monitor.State()
    state.take("@window 960 -5 65535 0")
    assert (state.ms, state.level) == (960, 0)
    assert state.take(line) == event and list(state.events) == [event]


def test_figures_have_twelve_digits_at_most():
    assert monitor.whole("999999999999") == 10**12 - 1
    with pytest.raises(ValueError, match="not a figure"):
        monitor.whole("0000000000001")


PICTURE = [
    "     1.2 s   1 windows   Ctrl-C stops the robot",
    "     level ███████████████████·······  -20 dBFS",
    "",
    "       yes ██████████████████████████ 100 % <",
    "        no ··························   0 %",
    "",
    "hello",
]


def test_the_picture_to_the_letter():
    state = monitor.State()
    for line in ("@labels yes no", "@window 1160 3276 65535 13", "hello"):
        state.take(line)
    assert [line.rstrip() for line in monitor.draw(state, 50)] == PICTURE
    assert monitor.draw(state, 50, 7)[-1].rstrip() == "" and monitor.draw(state, 50, 8)[-1] == "hello"
    assert monitor.decibels(0) == monitor.decibels(1) < -90


@pytest.mark.parametrize("crashed", [False, True])
def test_on_a_terminal_the_picture_is_drawn_over_itself(crashed, capsys, monkeypatch):
    told = "@labels yes no\n@window 1160 3276 65535 13\n" + "x\n" * 20 + "hello" + "\n@crash KeyError" * crashed
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(monitor.shutil, "get_terminal_size", lambda: SimpleNamespace(columns=50, lines=24))
    with Port(lambda code: told if code == monitor.START else "") as line:
        assert monitor.main(["--port", line.port]) == int(crashed)
    out, err = capsys.readouterr()
    frames = out.split(monitor.HOME)
    assert frames[0] == monitor.HIDE + monitor.CLEAR
    assert frames[-1].startswith(PICTURE[0] + monitor.REST + "\n")
    assert "\x1b[J" + monitor.SHOW in frames[-1] and "hello" + monitor.REST in frames[-1]
    assert (err.splitlines()[-3:-1] == ["hello", "   1.16 s  the program ended with KeyError"]) == crashed
    assert len(err.splitlines()) == (13 if crashed else 0)


def test_the_time_that_was_asked_for_ends_the_robots_program():
    class Endless:
        ended, error, stopped = False, "", False

        def lines(self, wait):
            return ["hello"]

        def stop(self):
            self.stopped = True
            return ["Stopped."]

    running = Endless()
    state = monitor.watch(SimpleNamespace(run=lambda code: running), 0.01, False)
    assert running.stopped and list(state.events)[-1] == "Stopped." and "hello" in state.events
