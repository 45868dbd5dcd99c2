"""Put a firmware on the robot's chip:  python -m tools.flash FIRMWARE.bin [--port PATH]

Checks that the file is a whole firmware and for which chip, asks before it erases, and lets esptool write it at the
right place; esptool refuses a chip of another kind. --keep-files erases nothing: from one MicroPython to another.
"""

import argparse
import hashlib
import importlib.metadata
import shlex
import struct
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from host.base.errors import Error
from host.cli.guard import guard
from tools.board_link import find_port

# by the number in an image's header; where the chip looks for its boot loader, and so where a firmware begins
CHIPS = {2: "esp32s2", 9: "esp32s3"}
BOOTLOADER_AT = {"esp32s2": 0x1000, "esp32s3": 0x0}
OTHER_CHIPS = {0: "ESP32", 5: "ESP32-C3", 12: "ESP32-C2", 13: "ESP32-C6", 16: "ESP32-H2", 18: "ESP32-P4"}
PARTITIONS_AT = 0x8000
MAGIC, PARTITION_MAGIC, HEADER = 0xE9, b"\xaa\x50", 24

BEFORE = """\
The chip must be in its boot loader: hold the robot's button (GPIO0), press reset or switch it on, then let go. From
MicroPython this also works: import machine; machine.bootloader()"""
AFTER = """\
Done. Switch the robot off and on, then: python -m tools.deploy
Back to CircuitPython at any time: python -m tools.flash with the maker's .bin of your edition (docs/firmware.md)."""


class FlashError(Error):
    """Why nothing is flashed, in one sentence."""


@dataclass(frozen=True)
class Firmware:
    """A checked file: the chip it is for and the address of its first byte."""

    chip: str
    offset: int


def chip_of(data: bytes, at: int) -> str:
    """The chip that the image at `at` is for."""
    number = struct.unpack_from("<H", data, at + 12)[0]
    if number not in CHIPS:
        name = OTHER_CHIPS.get(number, f"a chip of number {number}")
        raise FlashError(f"the firmware is for {name}; the robot has an ESP32-S2 or, in its newer edition, an ESP32-S3")
    return CHIPS[number]


def check_image(data: bytes, at: int, hashed: bool = True) -> None:
    """Follow an image's segments to their checksum and, where it has one, its hash.

    hashed: not of a boot loader, whose header tools change without a new hash.
    """
    damaged = FlashError("the firmware file is damaged or incomplete; fetch it again")
    if len(data) < at + HEADER:
        raise damaged
    end, total = at + HEADER, 0xEF
    for _ in range(data[at + 1]):
        if len(data) < end + 8:
            raise damaged
        size = struct.unpack_from("<I", data, end + 4)[0]
        segment = data[end + 8 : end + 8 + size]
        if len(segment) < size:
            raise damaged
        # exclusive or of all bytes, eight at a time
        padded = segment + bytes(-size % 8)
        folded = 0
        for (word,) in struct.iter_unpack("<Q", padded):
            folded ^= word
        for byte in folded.to_bytes(8, "little"):
            total ^= byte
        end += 8 + size
    end = at + ((end - at) // 16 + 1) * 16  # the checksum is the last byte of a row of 16
    if len(data) < end or data[end - 1] != total:
        raise damaged
    has_hash = hashed and data[at + HEADER - 1] == 1
    if has_hash and data[end : end + 32] != hashlib.sha256(data[at:end]).digest():
        raise damaged


def applications(data: bytes, base: int) -> list[int]:
    """Where in the file the partition table says that applications are."""
    found = []
    for at in range(PARTITIONS_AT - base, PARTITIONS_AT - base + 0xC00, 32):
        if data[at : at + 2] != PARTITION_MAGIC or len(data) < at + 32:
            break
        kind, _, address = struct.unpack_from("<BBI", data, at + 2)
        if kind == 0 and address > base:
            found.append(address - base)
    return found


def inspect(data: bytes) -> Firmware:
    """What a firmware file is; FlashError where it cannot be flashed as it is."""
    if data.startswith(b"UF2\n"):
        raise FlashError("this is a .uf2 file; take the .bin of the same firmware")
    # an image of the flash from address 0 starts with empty flash where the boot loader lies at 0x1000
    start = 0x1000 if len(data) > 0x1000 and not data[:0x1000].strip(b"\xff") else 0
    if len(data) < start + HEADER or data[start] != MAGIC:
        raise FlashError("this is no firmware for an ESP32; give the .bin file that a build or a download page offers")
    chip = chip_of(data, start)
    base = BOOTLOADER_AT[chip] - start
    if base < 0:
        raise FlashError(f"the firmware does not begin where an {chip} looks for it; fetch it again")
    if data[PARTITIONS_AT - base : PARTITIONS_AT - base + 2] != PARTITION_MAGIC:
        raise FlashError(
            "this is only a part of a firmware, or cut off; give the whole one, with boot loader and partition table"
        )
    inside = [at for at in applications(data, base) if len(data) > at and data[at] == MAGIC]
    if not inside:
        raise FlashError("the firmware file ends before its application; fetch it again")
    check_image(data, start, hashed=False)
    for at in inside:
        check_image(data, at)
        if chip_of(data, at) != chip:
            raise FlashError("boot loader and application of this firmware are for two kinds of chips")
    return Firmware(chip, base)


def command(firmware: Firmware, path: Path, port: str, erase: bool, version: str) -> list[str]:
    """What to call. esptool writes its commands with a dash since version 5.

    Erasing and writing are one call: after a call of its own the chip would leave its boot loader, with nothing to run.
    """
    write = "write-flash" if int(version.split(".")[0]) >= 5 else "write_flash"
    esptool = [sys.executable, "-m", "esptool", "--chip", firmware.chip, "--port", port, "--baud", "460800"]
    return [*esptool, write, *(["--erase-all"] if erase else []), hex(firmware.offset), str(path)]


def agreed(yes: bool, question: str) -> bool:
    """The owner's answer; without a terminal to ask on only --yes is one."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise FlashError("this erases the robot's chip and there is no terminal to ask on; add --yes")
    try:
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


@guard
def main(arguments: list[str] | None = None) -> int:
    p = argparse.ArgumentParser(prog="python -m tools.flash", description=__doc__)
    p.add_argument("firmware", type=Path, metavar="FIRMWARE.bin")
    p.add_argument("--port", default="auto", help="the robot's serial port (default: the only one on USB)")
    p.add_argument("--chip", choices=sorted(BOOTLOADER_AT), help="the robot's chip; a firmware for another is refused")
    p.add_argument("--keep-files", action="store_true", help="do not erase: the robot's files stay")
    p.add_argument("--yes", action="store_true", help="erase without asking")
    args = p.parse_args(arguments)
    firmware = inspect(args.firmware.read_bytes())
    if args.chip and args.chip != firmware.chip:
        raise FlashError(f"the firmware is for {firmware.chip}, not {args.chip}")
    print(f"{args.firmware.name}: a whole firmware for {firmware.chip}, written from {firmware.offset:#x} on")
    print(BEFORE)
    port = find_port(args.port)
    question = f"Erase everything on the chip at {port}, its files too, and write the firmware?"
    if not args.keep_files and not agreed(args.yes, question):
        print("nothing was changed")
        return 1
    call = command(firmware, args.firmware, port, not args.keep_files, importlib.metadata.version("esptool"))
    print("$", shlex.join(call[1:]), flush=True)
    try:
        failed = subprocess.run(call).returncode
    except KeyboardInterrupt:
        raise KeyboardInterrupt("if writing had begun, flash again") from None
    if failed:
        raise FlashError("esptool did not get through and says why above; is the chip in its boot loader?")
    print(AFTER)
    return 0


if __name__ == "__main__":
    sys.exit(main())
