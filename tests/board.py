"""The emulated board (tools/board): qemu with the firmware, its serial port on a pseudo-terminal."""

import re
import shutil
import subprocess
import time
from pathlib import Path

import serial

FIRMWARE = Path(__file__).resolve().parents[1] / "build" / "board" / "firmware.elf"
QEMU = "qemu-system-arm"
MEMORY = 0x21800000  # where a file given to Board lies in the board's memory (tools/board/board.ld)


def missing() -> str | None:
    """What keeps the board from being emulated here; None where nothing does."""
    if not FIRMWARE.exists():
        return "the emulated board is not built; run 'make board'"
    if not shutil.which(QEMU):
        return f"{QEMU} is not installed"
    return None


class Board:
    """A switched-on board; its `port` is what mpremote and ampy are given. Files last until `off`."""

    def __init__(self, memory: Path | None = None) -> None:
        """memory: a file that lies in the board's memory, at MEMORY; its serial port takes some 12 KB/s only."""
        machine = ["-machine", "mps2-an385", "-nographic", "-monitor", "null", "-semihosting"]
        if memory:
            machine += ["-device", f"loader,file={memory},addr={MEMORY:#x},force-raw=on"]
        self.process = subprocess.Popen(
            [QEMU, *machine, "-serial", "pty", "-kernel", str(FIRMWARE)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        found = re.search(r"redirected to (\S+)", self.process.stdout.readline())
        if not found:
            self.off()
            raise RuntimeError(f"{QEMU} gave the board no serial port")
        self.port = found.group(1)
        self._wait_for_prompt()

    def _wait_for_prompt(self) -> None:
        """It starts and makes its file system: on a busy computer that takes a while."""
        end, text = time.monotonic() + 100, b""
        with serial.Serial(self.port, timeout=0.2) as line:
            while not text.endswith(b">>> "):
                if time.monotonic() > end:
                    self.off()
                    raise RuntimeError(f"the board gave no prompt, but {text!r}")
                line.write(b"\r")
                text += line.read(1000)

    def off(self) -> None:
        """Switch off: kills this board's process only."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def __enter__(self) -> "Board":
        return self

    def __exit__(self, *_) -> None:
        self.off()
