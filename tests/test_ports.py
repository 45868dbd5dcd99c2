"""The serial line to a robot: its port, what it prints, and what keeps it from being used."""

import contextlib
import errno
import fcntl
import os
import pty
import threading
from types import SimpleNamespace

import pytest
import serial
from mpremote.transport import TransportError

from tests.conftest import sentence
from tests.line import Port
from tools import board_link, deploy, monitor, record
from tools.board_link import LinkError, Running


def test_one_port_is_chosen_none_and_several_are_a_sentence():
    assert board_link.choose_port(["COM3"]) == "COM3"
    with pytest.raises(LinkError, match="no robot is connected"):
        board_link.choose_port([])
    with pytest.raises(LinkError, match="COM3, COM4"):
        board_link.choose_port(["COM3", "COM4"])


def test_a_port_that_is_not_there():
    with pytest.raises(LinkError, match="there is no port /dev/nowhere"):
        board_link.find_port("/dev/nowhere")


@pytest.mark.parametrize("tool", [deploy.main, monitor.main, lambda a: record.main(["go", "--out", "x", *a])])
def test_a_tool_without_its_robot_says_one_sentence(tool, capsys):
    assert tool(["--port", "/dev/nowhere"]) == 1
    assert (
        capsys.readouterr().err
        == "error: there is no port /dev/nowhere; plug the robot in, or let --port auto find it\n"
    )


def shows_ports(monkeypatch, *names: str) -> None:
    """These ports are on USB, and one that is not."""
    ports = [SimpleNamespace(device=name, vid=0x303A) for name in names]
    ports.append(SimpleNamespace(device="/dev/ttyS9", vid=None))
    monkeypatch.setattr(board_link.list_ports, "comports", lambda: ports)


def test_a_port_goes_by_its_path_or_its_name(monkeypatch):
    shows_ports(monkeypatch, "COM4")
    assert board_link.find_port("auto") == board_link.find_port("COM4") == "COM4"
    assert board_link.find_port("tty") == board_link.find_port("/dev/tty") == "/dev/tty"
    for name in ("COM3", "ttyACM77", "a0", "dev/tty"):
        with pytest.raises(LinkError, match=f"there is no port {name}; the ports on USB are: COM4"):
            board_link.find_port(name)
    shows_ports(monkeypatch)
    with pytest.raises(LinkError, match="there is no port COM4; plug the robot in"):
        board_link.find_port("COM4")


def test_what_is_no_port_is_not_written_to(tmp_path):
    (tmp_path / "notes").write_text("mine")
    for path in (tmp_path, tmp_path / "notes"):
        with pytest.raises(LinkError, match=f"{path} is no serial port"):
            board_link.find_port(str(path))
    with pytest.raises(LinkError, match="/dev/null is no serial port"):
        board_link.Link(board_link.find_port("null"))
    assert (tmp_path / "notes").read_text() == "mine"


@pytest.mark.parametrize(
    "number, said",
    [
        (errno.EACCES, "no permission to use COM3; type: sudo usermod -a -G dialout $USER"),
        (errno.EPERM, "no permission to use COM3"),
        (errno.EBUSY, "COM3 cannot be opened; close the editor or terminal that uses it"),
        (errno.EAGAIN, "COM3 cannot be opened; close the editor"),
        (None, "COM3 cannot be opened; close the editor"),  # Windows
        (errno.EINVAL, "COM3 is no serial port"),
        (errno.EIO, "COM3 cannot be opened (Input/output error); unplug the robot"),
    ],
)
@pytest.mark.parametrize("by", ["mpremote", "ampy"])
def test_a_port_that_cannot_be_opened_says_why(by, number, said, monkeypatch):
    def refuse(*_, **__):
        raise serial.SerialException(*[] if number is None else [number], "could not open port")

    monkeypatch.setattr(serial, "Serial", refuse)
    monkeypatch.setattr(serial, "serial_for_url", refuse)
    with pytest.raises(LinkError) as refused:
        board_link.Link("COM3", by)
    assert str(refused.value).startswith(said)


def test_a_port_without_permission_is_not_tried(monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: mode == os.R_OK)
    with pytest.raises(LinkError, match="no permission to use /dev/tty; type: sudo usermod"):
        board_link.find_port("/dev/tty")


@pytest.mark.parametrize("options", [[], ["--ampy"]])
def test_a_port_that_another_program_holds_is_never_written_to(options, capsys):
    ours, theirs = pty.openpty()
    fcntl.flock(theirs, fcntl.LOCK_EX)
    os.set_blocking(ours, False)
    said = sentence(capsys, deploy.main, "--port", os.ttyname(theirs), *options)
    assert said.endswith("cannot be opened; close the editor or terminal that uses it")
    with pytest.raises(BlockingIOError):
        os.read(ours, 1)
    os.close(ours)
    os.close(theirs)


@pytest.mark.parametrize("by", ["mpremote", "ampy"])
def test_our_port_is_no_other_programs(by):
    with Port(lambda code: "hello") as line, board_link.Link(line.port, by) as link:
        assert link.by == by and link.exec("print('hello')").strip() == "hello"
        with pytest.raises(BlockingIOError), open(line.port, "rb") as other:
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_board_that_reads_nothing_more_is_given_up(monkeypatch):
    monkeypatch.setattr(board_link, "ANSWER_S", 0.3)
    with Port(lambda code: "") as line, board_link.Link(line.port, "ampy") as link:
        line.over.set()
        line.thread.join()
        with pytest.raises(LinkError, match="no longer answers"):
            link.exec("#" * 100_000)


@pytest.mark.parametrize("error", [OSError(errno.EIO, "gone"), board_link.TerminalError(errno.EIO, "gone")])
def test_a_line_that_breaks_is_a_sentence_wherever_it_does(error):
    def broken(*_, **__):
        raise error

    line = SimpleNamespace(
        in_waiting=1, read=broken, write=broken, reset_input_buffer=broken, exec_raw=broken, exec_raw_no_follow=broken
    )
    link = object.__new__(board_link.Link)
    link._transport = SimpleNamespace(serial=line, exec_raw=broken, exec_raw_no_follow=broken, exit_raw_repl=broken)
    running = Running(line)
    for use in (
        running.lines,
        running.stop,
        lambda: link.exec("1"),
        lambda: link.run("1"),
        lambda: list(link.soft_reset(1)),
    ):
        with pytest.raises(LinkError, match="no longer answers; check the cable"):
            use()


class Line:
    """A serial line on which these bytes arrive."""

    def __init__(self, data: bytes):
        self.data, self.written = data, b""

    @property
    def in_waiting(self) -> int:
        return len(self.data)

    def read(self, size: int) -> bytes:
        out, self.data = self.data[:size], self.data[size:]
        return out

    def write(self, data: bytes) -> None:
        self.written += data
        self.data += b"Stopped.\r\n\x04\x04>"


def test_output_is_read_up_to_its_end_and_not_beyond():
    line = Line("one\r\ntwo\xe9\r\nrest\x04Traceback\r\nKeyError: 1\r\n\x04>next".encode("latin1"))
    running = Running(line)
    assert running.lines() == ["one", "two�", "rest"]
    assert running.ended and running.error == "Traceback\nKeyError: 1"
    assert line.data == b">next"


def test_what_a_terminal_would_obey_does_not_reach_it():
    running = Running(Line(b"\x1b]0;owned\x07\x1b[2Jhello\tyou\r\n\x04\x1b[1mKeyError\r\n\x04"))
    assert running.lines() == ["�]0;owned��[2Jhello\tyou"] and running.error == "�[1mKeyError"
    assert list(board_link._lines(Line(b"\x1b[2Jone\r\ntwo\x00"), 0.05)) == ["�[2Jone", "two�"]


@pytest.mark.parametrize("by", ["mpremote", "ampy"])
def test_a_port_on_which_something_else_talks_is_given_up(by, monkeypatch):
    monkeypatch.setattr(board_link, "ENTER_S", 1)
    ours, theirs = pty.openpty()
    over = threading.Event()

    def talk():
        while not over.wait(0.005):
            with contextlib.suppress(BlockingIOError):
                os.write(ours, b"$GPRMC,no,fix\r\n")

    os.set_blocking(ours, False)
    talker = threading.Thread(target=talk)
    talker.start()
    try:
        with pytest.raises(LinkError, match="no answer from MicroPython on"):
            board_link.Link(os.ttyname(theirs), by)
    finally:
        over.set()
        talker.join()
        os.close(ours)
        os.close(theirs)


def test_nothing_is_read_that_has_not_come():
    """A read waits longer than who watches wants to."""
    asked = []
    line = SimpleNamespace(in_waiting=0, read=asked.append)
    assert Running(line).lines(0.02) == [] and not asked


def test_a_program_is_stopped_with_control_c():
    line = Line(b"listening\r\n")
    running = Running(line)
    assert running.lines(0.02) == ["listening"] and not running.ended
    assert running.stop() == ["Stopped."] and running.ended
    assert line.written == b"\x03"


def test_ampy_takes_over_where_mpremote_gets_no_raw_repl(monkeypatch):
    def fails(port):
        raise TransportError("could not enter raw repl")

    def mute(port):
        raise LinkError("nothing answers")

    line = object()
    monkeypatch.setattr(board_link, "CONNECTIONS", {"mpremote": fails, "ampy": lambda port: line})
    assert board_link.Link("COM3").by == "ampy"
    monkeypatch.setattr(board_link, "CONNECTIONS", {"mpremote": fails, "ampy": fails})
    with pytest.raises(LinkError, match="no answer from MicroPython on COM3"):
        board_link.Link("COM3")
    monkeypatch.setattr(board_link, "CONNECTIONS", {"mpremote": mute, "ampy": lambda port: line})
    with pytest.raises(LinkError, match="no answer from MicroPython on COM3"):
        board_link.Link("COM3")


def test_what_mpremote_alone_cannot_open_is_left_to_ampy(monkeypatch):
    def fails(port, **options):
        raise TransportError("failed to access")

    opened = []
    monkeypatch.setattr(board_link, "SerialTransport", fails)
    monkeypatch.setattr(board_link, "_open", lambda port: SimpleNamespace(close=lambda: opened.append(port)))
    with pytest.raises(TransportError, match="failed to access"):
        board_link.CONNECTIONS["mpremote"]("COM3")
    assert opened == ["COM3"]
