"""tools.flash without a chip: which files it takes, and what it has esptool do."""

import hashlib
import importlib.metadata
import shlex
import struct
import subprocess
import sys

import pytest

from tests.conftest import sentence
from tools import flash

S2, S3, C3 = 2, 9, 5


def image(chip: int, size: int = 40, has_hash: bool = True) -> bytes:
    """An application or boot loader of one segment, as the chips' documentation lays it out."""
    header = struct.pack("<BBBBIB3xH9xB", 0xE9, 1, 0, 0x20, 0x40080000, 0xEE, chip, has_hash)
    segment = bytes(i % 251 for i in range(size))
    total = 0xEF
    for byte in segment:
        total ^= byte
    body = header + struct.pack("<II", 0x3FFB0000, size) + segment
    body += bytes(15 - len(body) % 16) + bytes([total])
    return body + (hashlib.sha256(body).digest() if has_hash else b"")


def firmware(chip: int, offset: int, application: bytes | None = None) -> bytes:
    """Boot loader, partition table and application, for a file that is written from `offset` on."""
    whole = bytearray(b"\xff" * 0x10000)
    start = 0x1000 if chip == S2 else 0
    loader = image(chip)
    whole[start : start + len(loader)] = loader
    table = struct.pack("<2sBBII16sI", b"\xaa\x50", 1, 2, 0x9000, 0x6000, b"nvs", 0)
    table += struct.pack("<2sBBII16sI", b"\xaa\x50", 0, 0, 0x10000, 0x1F0000, b"factory", 0)
    whole[0x8000 : 0x8000 + len(table)] = table
    return bytes(whole[offset:]) + (image(chip, 1000) if application is None else application)


@pytest.mark.parametrize(("chip", "offset", "name"), [(S2, 0x1000, "esp32s2"), (S2, 0, "esp32s2"), (S3, 0, "esp32s3")])
def test_a_whole_firmware_and_where_it_goes(chip, offset, name):
    assert flash.inspect(firmware(chip, offset)) == flash.Firmware(name, offset)
    unhashed = firmware(chip, offset, image(chip, 1003, has_hash=False))
    assert flash.inspect(unhashed) == flash.Firmware(name, offset)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no firmware"),
        (b"\xff" * 5000, "no firmware"),
        (b"UF2\nxxxx", "uf2"),
        (b"def run(robot): pass" * 100, "no firmware"),
        (firmware(C3, 0), "for ESP32-C3"),
        (firmware(0, 0), "for ESP32;"),
        (firmware(77, 0), "a chip of number 77"),
        (image(S2, 90000), "only a part"),
        (firmware(S2, 0x1000)[:0x5000], "only a part"),
        (firmware(S2, 0x1000, b""), "ends before its application"),
        (firmware(S2, 0x1000)[:-1], "damaged"),
        (firmware(S2, 0x1000)[:-60], "damaged"),
        (firmware(S3, 0)[:-100] + b"x" + firmware(S3, 0)[-99:], "damaged"),
        (firmware(S3, 0, image(S3, 1000, False)[:-9] + bytes(9)), "damaged"),
        (firmware(S2, 0, image(S3)), "two kinds"),
        (firmware(S2, 0x1000)[:40] + b"x" + firmware(S2, 0x1000)[41:], "damaged"),  # in its boot loader
        (bytes(b"\xff" * 0x1000) + firmware(S3, 0), "does not begin where"),
    ],
)
def test_a_firmware_is_refused_for_a_reason(data, reason):
    with pytest.raises(flash.FlashError, match=reason):
        flash.inspect(data)


def test_cut_anywhere_it_is_refused():
    whole = firmware(S2, 0x1000)
    table = range(0x6FF0, 0x7050)  # the partitions, where a record may be cut
    application = range(0xEFFC, 0xF030)  # its header and its first segment's
    for size in (*range(0, len(whole), 997), *table, *application, len(whole) - 1):
        with pytest.raises(flash.FlashError):
            flash.inspect(whole[:size])


@pytest.mark.parametrize(
    "number, name",
    [(0, "ESP32"), (5, "ESP32-C3"), (12, "ESP32-C2"), (13, "ESP32-C6"), (16, "ESP32-H2"), (18, "ESP32-P4")],
)
def test_a_firmware_for_another_chip_is_called_by_its_name(number, name):
    with pytest.raises(flash.FlashError, match=f"is for {name}; the robot has"):
        flash.inspect(firmware(number, 0))


def test_only_applications_are_followed():
    data = bytearray(firmware(S2, 0))
    data[0x9000] = flash.MAGIC  # what a data partition holds is nobody's image
    assert flash.inspect(bytes(data)) == flash.Firmware("esp32s2", 0)
    data[0x8024:0x8028] = struct.pack("<I", 0)  # the application's address
    with pytest.raises(flash.FlashError, match="ends before its application"):
        flash.inspect(bytes(data))


def test_esptool_reads_these_images_as_we_do(tmp_path):
    path = tmp_path / "application.bin"
    path.write_bytes(image(S2, 1000))
    command = [sys.executable, "-m", "esptool", "--chip", "esp32s2", "image-info", str(path)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "(valid)" in shown and "invalid" not in shown and "ESP32-S2" in shown


def test_what_esptool_is_told(tmp_path):
    path = tmp_path / "f.bin"
    start = [sys.executable, "-m", "esptool", "--chip", "esp32s2", "--port", "COM3", "--baud", "460800"]
    s2, s3 = flash.Firmware("esp32s2", 0x1000), flash.Firmware("esp32s3", 0)
    erased = flash.command(s2, path, "COM3", True, "5.0.1")
    assert erased == [*start, "write-flash", "--erase-all", "0x1000", str(path)]
    kept = flash.command(s3, path, "COM3", False, "4.8.1")
    assert kept[4] == "esp32s3" and kept[-3:] == ["write_flash", "0x0", str(path)]


@pytest.fixture
def esptool(monkeypatch):
    """Calls of esptool are written down here instead of made; the port is said to be there."""
    calls = []

    def run(command, **_):
        calls.append(command)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(flash.subprocess, "run", run)
    monkeypatch.setattr(flash, "find_port", lambda wanted: "COM3")
    return calls


def test_nothing_is_erased_unasked(tmp_path, monkeypatch, capsys, esptool):
    path = tmp_path / "f.bin"
    path.write_bytes(firmware(S2, 0x1000))
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    assert flash.main([str(path)]) == 1 and esptool == []
    assert "add --yes" in capsys.readouterr().err
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda question: "")
    assert flash.main([str(path)]) == 1 and esptool == []

    def no_more(question):
        raise EOFError

    monkeypatch.setattr("builtins.input", no_more)
    assert flash.main([str(path)]) == 1 and esptool == []
    assert flash.main([str(path), "--yes"]) == 0 and "--erase-all" in esptool.pop()
    monkeypatch.setattr("builtins.input", lambda question: " Y")
    assert flash.main([str(path)]) == 0 and "--erase-all" in esptool.pop()
    out = capsys.readouterr().out
    assert "GPIO0" in out and "CircuitPython" in out


def test_a_firmware_for_another_chip_than_named_is_refused(tmp_path, capsys, esptool):
    path = tmp_path / "f.bin"
    path.write_bytes(firmware(S2, 0x1000))
    assert flash.main([str(path), "--yes", "--chip", "esp32s3"]) == 1 and esptool == []
    assert "for esp32s2, not esp32s3" in capsys.readouterr().err
    assert flash.main([str(path), "--yes", "--chip", "esp32s2"]) == 0 and esptool


@pytest.mark.parametrize("chip, offset", [(S2, 0x1000), (S2, 0), (S3, 0)])
def test_keep_files_asks_nothing_and_erases_nothing(chip, offset, tmp_path, monkeypatch, capsys, esptool):
    path = tmp_path / "my f.bin"
    path.write_bytes(firmware(chip, offset))
    monkeypatch.setattr("builtins.input", None)
    assert flash.main([str(path), "--keep-files"]) == 0
    name = {S2: "esp32s2", S3: "esp32s3"}[chip]
    wanted = flash.command(flash.Firmware(name, offset), path, "COM3", False, importlib.metadata.version("esptool"))
    assert esptool == [wanted] and "--erase-all" not in wanted and wanted[-2:] == [hex(offset), str(path)]
    assert f"$ {shlex.join(wanted[1:])}\n" in capsys.readouterr().out


def test_an_esptool_that_fails_or_is_stopped_is_a_sentence(tmp_path, monkeypatch, capsys, esptool):
    path = tmp_path / "f.bin"
    path.write_bytes(firmware(S2, 0))
    monkeypatch.setattr(flash.subprocess, "run", lambda call: subprocess.CompletedProcess(call, 2))
    assert "esptool did not get through" in sentence(capsys, flash.main, path, "--yes")

    def stopped(call):
        raise KeyboardInterrupt

    monkeypatch.setattr(flash.subprocess, "run", stopped)
    assert flash.main([str(path), "--yes"]) == 130
    assert capsys.readouterr().err == "\nstopped; if writing had begun, flash again\n"
