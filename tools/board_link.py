"""The serial line to a robot: finding its port, running MicroPython code on it, watching what it prints.

mpremote's connection is used and, where it cannot reach the board's raw REPL, ampy's, which is more patient. Both take
the port for themselves alone: one that another program holds is never written to.
"""

import base64
import contextlib
import errno
import io
import os
import stat
import struct
import time
from collections.abc import Iterator

import serial
from ampy import pyboard
from ampy.pyboard import Pyboard, PyboardError
from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport
from serial.tools import list_ports

from host.base.errors import Error
from host.base.text import printable

try:
    from termios import error as TerminalError
except ImportError:  # on Windows
    TerminalError = OSError  # type: ignore[misc, assignment]

ENTER_S = 20  # longest time to reach the raw REPL, even if the port keeps sending
ANSWER_S = 30  # longest silence of a board that computes
READ_S = 5  # longest silence within an answer of the REPL
INTERRUPT, SOFT_RESET, END = b"\x03", b"\x04", b"\x04"
LOST = "the robot no longer answers; check the cable"
PART = 768  # bytes of a file sent at once, so that a board needs little memory for them
LINE_ERRORS = (TransportError, PyboardError, OSError, TerminalError, struct.error)  # a serial error is an OSError


class LinkError(Error):
    """No board to talk to, or it fell silent: one sentence for the owner."""


class PortError(LinkError):
    """A port that cannot be opened."""


def shown(data: bytes | bytearray) -> str:
    """What a board sent, for a terminal: lines and tabs stay, what a terminal would obey does not."""
    return printable(data.decode(errors="replace").replace("\r\n", "\n").rstrip("\r"), "\n\t")


class BoardError(Error):
    """What the board raised; its last line, `text` has all of it."""

    def __init__(self, text: str):
        self.text = text.strip()
        super().__init__(self.text.rsplit("\n", 1)[-1])


def choose_port(names: list[str]) -> str:
    """The one port there is; LinkError where there is none or a choice."""
    if not names:
        raise LinkError("no robot is connected: no serial port on USB; plug it in, or name its port with --port")
    if len(names) > 1:
        raise LinkError(f"several serial ports: {', '.join(names)}; name the robot's with --port")
    return names[0]


def find_port(wanted: str = "auto") -> str:
    """The port to use, checked as far as it can be without opening it. wanted: its path, or its name in /dev."""
    ports = list_ports.comports()
    names, usb = [p.device for p in ports], [p.device for p in ports if p.vid is not None]
    port = wanted if wanted in names or "/" in wanted else f"/dev/{wanted}"
    if wanted == "auto":
        port = choose_port(usb)
    if port in names and not port.startswith("/"):
        return port  # Windows' ports are no files
    if not os.path.exists(port):
        there = f"the ports on USB are: {', '.join(usb)}" if usb else "plug the robot in, or let --port auto find it"
        raise LinkError(f"there is no port {wanted}; {there}")
    if not stat.S_ISCHR(os.stat(port).st_mode):
        raise PortError(_refusal(port, errno.ENOTTY))
    if not os.access(port, os.R_OK | os.W_OK):
        raise PortError(_refusal(port, errno.EACCES))
    return port


def _refusal(port: str, number: int | None) -> str:
    """Why a port cannot be opened, from the number of the error; None where Windows gives none: it is in use there."""
    match number:
        case errno.EACCES | errno.EPERM:
            return f"no permission to use {port}; type: sudo usermod -a -G dialout $USER, then log out and in again"
        case errno.EBUSY | errno.EAGAIN | None:
            return f"{port} cannot be opened; close the editor or terminal that uses it"
        case errno.ENOTTY | errno.EINVAL:
            return f"{port} is no serial port"
    return f"{port} cannot be opened ({os.strerror(number)}); unplug the robot and plug it in again"


def _open(port: str) -> serial.Serial:
    """The port, for this program alone. PortError says why that cannot be; nothing was written to it then."""
    try:
        return serial.Serial(port, 115200, timeout=READ_S, inter_byte_timeout=1, exclusive=True)
    except (OSError, TerminalError) as error:
        # pyserial's error has no number where a terminal's error caused it; that one has
        numbers = [e.args[0] for e in (error, error.__context__) if e and e.args and isinstance(e.args[0], int)]
        raise PortError(_refusal(port, numbers[0] if numbers else None)) from None


def _enter(connection, **options) -> None:
    """Go to the raw REPL; LinkError after ENTER_S at the latest.

    When that fails, mpremote and ampy print what they received, which is hidden here; and where something other than a
    board keeps sending, both would wait for ever.
    """
    printed, until, line = io.StringIO(), time.monotonic() + ENTER_S, connection.serial
    read = line.read

    def read_in_time(size: int = 1) -> bytes:
        if time.monotonic() > until:
            raise LinkError("something else talks there")
        return read(size)

    line.read, line.write_timeout = read_in_time, ANSWER_S  # else a board that reads nothing would block us for ever
    try:
        with contextlib.redirect_stdout(printed):
            connection.enter_raw_repl(**options)
        line.read = read
    except BaseException as error:
        with contextlib.suppress(*LINE_ERRORS):
            connection.close()
        if isinstance(error, LINE_ERRORS) and printed.getvalue().strip() == "b''":
            raise LinkError("nothing answers") from None
        raise


def _mpremote(port: str) -> SerialTransport:
    try:
        connection = SerialTransport(port, timeout=READ_S)
    except TransportError:  # it opened nothing, and does not say why
        _open(port).close()
        raise
    _enter(connection, timeout_overall=READ_S)
    return connection


class _Patient(Pyboard):
    """ampy's connection; its own way to open a port takes that from other programs."""

    def __init__(self, port: str):
        pyboard._rawdelay = 0.5
        self.serial = _open(port)


def _ampy(port: str) -> Pyboard:
    connection = _Patient(port)
    _enter(connection)
    return connection


CONNECTIONS = {"mpremote": _mpremote, "ampy": _ampy}


class Running:
    """Code that runs on the board, and what it prints meanwhile."""

    def __init__(self, line: serial.Serial):
        self._line = line
        self._text = bytearray()  # an unfinished line
        self._ends = 0  # END comes twice: after what the code printed, and after its traceback
        self._error = bytearray()

    @property
    def ended(self) -> bool:
        return self._ends == 2

    @property
    def error(self) -> str:
        """The traceback of the exception that ended it; empty where none did."""
        return shown(self._error).strip()

    def lines(self, wait: float = 0.2) -> list[str]:
        """The lines that came within `wait` seconds; fewer seconds when the code ends. LinkError where it is lost."""
        found = []
        until = time.monotonic() + wait
        try:
            while not self.ended and time.monotonic() < until:
                # byte by byte, since what follows the end belongs to the next command
                if not self._line.in_waiting:
                    time.sleep(0.005)
                    continue
                found += self._read(self._line.read(1))
        except LINE_ERRORS:
            raise LinkError(LOST) from None
        return found

    def _read(self, byte: bytes) -> list[str]:
        """Take what came; the line that it completes."""
        if byte == END:
            self._ends += 1
            return [self._take()] if self._text else []
        if self._ends:
            self._error += byte
        elif byte == b"\n":
            return [self._take()]
        else:
            self._text += byte
        return []

    def _take(self) -> str:
        text = shown(self._text)
        self._text.clear()
        return text

    def stop(self, wait: float = 5) -> list[str]:
        """Ctrl-C, and what the program still says; LinkError where it does not end."""
        found = []
        until = time.monotonic() + wait
        while not self.ended:
            if time.monotonic() > until:
                raise LinkError("the robot's program does not end; switch the robot off")
            try:
                self._line.write(INTERRUPT)
            except LINE_ERRORS:
                raise LinkError(LOST) from None
            found += self.lines(1)
        return found


class Link:
    """A board whose program was stopped and that now does as the PC says. Use it in a with statement."""

    def __init__(self, port: str, only: str | None = None):
        """only: "mpremote" or "ampy" instead of the first that works."""
        self.port = port
        for name in [only] if only else CONNECTIONS:
            try:
                self._transport = CONNECTIONS[name](port)
            except LINE_ERRORS:
                continue
            except PortError:
                raise
            except LinkError:  # ampy would get no answer either
                break
            self.by = name
            return
        raise LinkError(
            f"no answer from MicroPython on {port}; is it the robot's port? Press its reset button and try again"
        )

    def __enter__(self) -> "Link":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        with contextlib.suppress(*LINE_ERRORS):
            self._transport.exit_raw_repl()
        with contextlib.suppress(*LINE_ERRORS):
            self._transport.close()

    def exec(self, code: str) -> str:
        """What the code prints. BoardError with what it raises, LinkError where the line breaks."""
        try:
            out, error = self._transport.exec_raw(code, timeout=ANSWER_S)
        except LINE_ERRORS:
            raise LinkError(LOST) from None
        if error:
            raise BoardError(shown(error))
        return shown(out)

    def run(self, code: str) -> Running:
        """Start code and come back at once."""
        try:
            self._transport.exec_raw_no_follow(code)
        except LINE_ERRORS:
            raise LinkError(LOST) from None
        return Running(self._transport.serial)

    def write_file(self, path: str, data: bytes) -> None:
        """A new file, part by part."""
        self.exec(f"from binascii import a2b_base64 as b\nf = open({path!r}, 'wb')\nw = f.write\n")
        for i in range(0, len(data), PART):
            part = data[i : i + PART]
            # as a literal or in base64, whichever is shorter: the one for text, the other for weights
            self.exec(min(f"w({part!r})", f"w(b({base64.b64encode(part).decode()!r}))", key=len))
        self.exec("f.close()")

    def read_file(self, path: str) -> bytes:
        code = f"import binascii\nwith open({path!r}, 'rb') as f:\n while True:\n  b = f.read(192)\n  if not b: break\n"
        return base64.b64decode(self.exec(code + "  print(str(binascii.b2a_base64(b), 'ascii'), end='')\n"))

    def soft_reset(self, seconds: float) -> Iterator[str]:
        """Start the robot anew, main.py included: the lines it prints in the first seconds."""
        line = self._transport.serial
        try:
            self._transport.exit_raw_repl()
            time.sleep(0.1)
            line.reset_input_buffer()
            line.write(SOFT_RESET)
            yield from _lines(line, seconds)
        except LINE_ERRORS:
            raise LinkError(LOST) from None


def _lines(line: serial.Serial, seconds: float) -> Iterator[str]:
    text = b""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not line.in_waiting:
            time.sleep(0.02)
            continue
        *whole, text = (text + line.read(line.in_waiting)).split(b"\n")
        yield from (shown(part) for part in whole if part.strip())
    if text:
        yield shown(text)
