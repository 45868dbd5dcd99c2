"""A robot's file system and serial port without a robot: LittleFS in MicroPython's unix port, behind a raw REPL."""

import base64
import contextlib
import json
import os
import pty
import select
import subprocess
import threading
import tty
from collections.abc import Callable

from host.engines.micropython import executable
from tests.conftest import ROOT
from tools.board_link import BoardError
from tools.deploy_plan import RECORD, digest


def copy(path: str, data: bytes) -> str:
    """What mpremote cp runs on a board: the file is opened, and written in parts."""
    parts = [data[i : i + 256] for i in range(0, len(data), 256)]
    return f"f = open({path!r}, 'wb')\n" + "".join(f"f.write({p!r})\n" for p in parts) + "f.close()\n"


def put_there(files: dict[str, bytes]) -> dict[str, bytes]:
    """A board where deploy has put these files."""
    record = {path: digest(data) for path, data in files.items()}
    return files | {RECORD: json.dumps(record).encode()}


WALK = """
import os
def walk(folder):
    for e in os.ilistdir('/' + folder[:-1]):
        if e[1] == 0x8000:
            print(folder + e[0])
        else:
            print(folder + e[0] + '/')
            walk(folder + e[0] + '/')
walk('')
"""


class FlashBoard:
    """A link as tools.deploy wants it, to tests/power_cut.py; remembers the code that was run. Use it in a with."""

    def __init__(self):
        self.process = subprocess.Popen(
            [str(executable()), str(ROOT / "tests" / "power_cut.py")], env={"MICROPYPATH": str(ROOT / "device")},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self.steps: list[str] = []

    def __enter__(self) -> "FlashBoard":
        return self

    def __exit__(self, *_) -> None:
        self.process.stdin.close()
        self.process.wait(timeout=10)
        self.process.stdout.close()

    def tell(self, **command) -> list[str]:
        """The lines that a command prints; BoardError with what it raises."""
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        lines = []
        for line in self.process.stdout:
            if line.startswith("\x04"):
                if error := line.strip("\x04 \n"):
                    raise BoardError(error)
                return lines[: -1 if lines[-1:] == [""] else None]
            lines.append(line.rstrip("\n"))
        raise AssertionError(lines)

    def put(self, files: dict[str, bytes]) -> None:
        """A new flash with these files."""
        self.tell(put={path: base64.b64encode(data).decode() for path, data in files.items()})

    def files(self) -> dict[str, bytes]:
        """All that lies on it."""
        return {path: self.read_file(path) for path in self.tell(exec=WALK) if path[-1] != "/"}

    def folders(self) -> list[str]:
        return [path for path in self.tell(exec=WALK) if path[-1] == "/"]

    def exec(self, code: str) -> str:
        self.steps.append(code)
        return "\n".join(self.tell(exec=code))

    def write_file(self, path: str, data: bytes) -> None:
        self.exec(copy(path, data))

    def read_file(self, path: str) -> bytes:
        code = f"import binascii\nprint(str(binascii.b2a_base64(open({path!r}, 'rb').read()), 'ascii'))"
        return base64.b64decode(self.tell(exec=code)[0])


class Port:
    """A pseudo-terminal, `port`, with a board's REPL at its other end. Use it in a with statement.

    run: what the board makes of code, as what it prints; BoardError is what it raises. sent: what becomes of code on
    its way; None pulls the cable.
    """

    def __init__(self, run: Callable[[str], str], sent: Callable[[bytes], bytes | None] = lambda code: code):
        self.run, self.sent = run, sent
        self.ours, self.theirs = pty.openpty()
        tty.setraw(self.theirs)
        self.port = os.ttyname(self.theirs)
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "Port":
        self.thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.over.set()
        self.thread.join(10)
        for end in (self.ours, self.theirs):
            with contextlib.suppress(OSError):
                os.close(end)

    def _serve(self) -> None:
        raw, code, skip = False, b"", 0
        while not self.over.is_set():
            if not select.select([self.ours], [], [], 0.02)[0]:
                continue
            for byte in os.read(self.ours, 4096):
                answer = b""
                match bytes([byte]):
                    case _ if skip:  # of "\5A\1", which asks for raw paste mode
                        skip -= 1
                        answer = b"" if skip else b"R\0"
                    case b"\1":
                        raw, code, answer = True, b"", b"raw REPL; CTRL-B to exit\r\n>"
                    case b"\2":
                        raw, answer = False, b"\r\n>>> "
                    case b"\3":
                        code, answer = b"", b"" if raw else b"\r\n>>> "
                    case b"\4" if raw and code.strip():
                        arrived, code = self.sent(code), b""
                        if arrived is None:
                            os.close(self.ours)
                            os.close(self.theirs)
                            return
                        answer = b"OK" + self._run(arrived) + b"\4>"
                    case b"\4":
                        answer = b"\r\nMPY: soft reboot\r\n"
                        answer += b"raw REPL; CTRL-B to exit\r\n>" if raw else b"program voice\r\n"
                    case b"\5" if raw and not code:
                        skip = 2
                    case other:
                        code += other
                os.write(self.ours, answer)

    def _run(self, code: bytes) -> bytes:
        try:
            return self.run(code.decode()).encode() + b"\r\n\4"
        except BoardError as error:
            return b"\4Traceback (most recent call last):\r\n" + error.text.encode() + b"\r\n"
