"""The owner's tools without a robot: what they plan, read, refuse and draw."""

import base64
import contextlib
import hashlib
import json
import os
import pty
import struct
import subprocess
import sys
import threading
import wave
import zlib

import numpy as np
import pytest
import soundfile
from mpremote.transport import TransportError

from tools import board_link, deploy, flash, monitor, record
from tools.board_link import LinkError, Running

# --- ports ------------------------------------------------------------------------------------------------------------


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


# --- deploy -----------------------------------------------------------------------------------------------------------

SHIPPED = {
    "main.py": b"start()",
    "programs/voice.py": b"def run(robot): pass",
    "settings.json": b'{"program": "voice", "words": {}}',
}
HASHES = {path: deploy.digest(data) for path, data in SHIPPED.items()}


def prepare(board: dict[str, bytes], **options) -> deploy.Job:
    hashes = {path: deploy.digest(data) for path, data in board.items()}
    return deploy.prepare(SHIPPED, hashes, lambda path: board[path], **options)


def after(board: dict[str, bytes], job: deploy.Job) -> dict[str, bytes]:
    """What lies on the board once the job is done."""
    return board | job.contents | {deploy.RECORD: json.dumps(job.record).encode()}


def test_an_empty_board_gets_everything():
    job = prepare({}, model=b"model")
    assert [(a.what, a.path) for a in job.actions] == [("copy", path) for path in (*SHIPPED, "model.bin")]
    assert job.contents == SHIPPED and job.model == b"model"


def test_what_is_there_already_is_not_copied_again():
    board = after(SHIPPED | {"model.bin": b"model", "mine.py": b"x = 1"}, prepare(SHIPPED))
    job = prepare(board, model=b"model")
    assert job.actions == [] and job.contents == {} and job.model is None and job.known


def test_what_differs_is_replaced_and_the_owners_settings_never():
    board = SHIPPED | {"main.py": b"old", "settings.json": b'{"mine": 1}'}
    job = prepare(board)
    assert [(a.what, a.path) for a in job.actions] == [("replace", "main.py"), ("keep", "settings.json")]
    assert list(job.contents) == ["main.py"]
    assert "settings.json" not in prepare(board, force=True).contents


def test_a_program_changed_on_the_robot_is_kept_one_of_an_older_deploy_is_not():
    old = SHIPPED | {"programs/voice.py": b"older"}
    record_of_old = {deploy.RECORD: json.dumps({"programs/voice.py": deploy.digest(b"older")}).encode()}
    assert list(prepare(old | record_of_old).contents) == ["programs/voice.py"]
    changed = old | record_of_old | {"programs/voice.py": b"tinkered"}
    assert prepare(changed).contents == {}
    assert prepare(changed).actions[0].what == "keep"
    assert list(prepare(changed, force=True).contents) == ["programs/voice.py"]


@pytest.mark.parametrize("garbage", [b"", b"{", b"[1]", b"3"])
def test_a_broken_record_is_no_record(garbage):
    board = SHIPPED | {deploy.RECORD: garbage, "programs/voice.py": b"tinkered"}
    assert prepare(board).contents == {}


def test_a_behaviour_of_ones_own_is_copied_named_and_kept(tmp_path):
    path = tmp_path / "voice.py"
    path.write_text("def run(robot):\n    robot.go()\n")
    board = SHIPPED | {"settings.json": b'{"program":   "dance",\n "pins": {"light": 3}}'}
    job = prepare(board, program=str(path))
    assert job.contents["programs/voice.py"] == path.read_bytes()
    assert job.contents["settings.json"] == b'{"program":   "voice",\n "pins": {"light": 3}}'
    # the next plain deploy does not put the shipped one back
    assert prepare(after(board, job)).contents == {}


def test_a_program_on_the_robot_by_its_name():
    board = SHIPPED | {"programs/shy.py": b"def run(robot): pass"}
    assert json.loads(prepare(board, program="shy").contents["settings.json"])["program"] == "shy"
    assert prepare(board, program="voice").contents == {}
    with pytest.raises(deploy.DeployError, match="there is no program bold; give a file, or one of: shy, voice"):
        prepare(board, program="bold")


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ('{"program": "a"}', '{"program": "b"}'),
        ('\ufeff{"program": "a"}', '{"program": "b"}'),
        ('{"pins": {"program": 3}, "program" :"a"}', '{"pins": {"program": 3}, "program" :"b"}'),
    ],
)
def test_only_the_programs_name_changes(settings, expected):
    assert deploy.with_program(settings, "b") == expected


@pytest.mark.parametrize("settings", ["{}", '{"x": {"program": "a"}}', '{"program": 3, "words": {"go": "go"}}'])
def test_settings_without_a_plain_name_are_written_anew(settings):
    assert json.loads(deploy.with_program(settings, "b")) == json.loads(settings) | {"program": "b"}


@pytest.mark.parametrize("settings", ["", "{", "[]"])
def test_broken_settings_are_left_alone(settings):
    with pytest.raises(deploy.DeployError, match=r"settings\.json cannot be read"):
        deploy.with_program(settings, "b")


@pytest.mark.parametrize(
    ("name", "source", "reason"),
    [
        ("my-dance.py", "def run(robot): pass", "call it by one word"),
        ("dance.py", "def run(robot) pass", "is not Python"),
        ("dance.py", "def walk(robot): pass", "no function run"),
    ],
)
def test_a_program_that_cannot_start_is_refused_on_the_pc(tmp_path, capsys, name, source, reason):
    path = tmp_path / name
    path.write_text(source)
    assert deploy.main(["--program", str(path), "--port", "/dev/nowhere"]) == 1
    assert reason in capsys.readouterr().err


def test_no_such_model_no_such_program(tmp_path, capsys):
    assert deploy.main(["--model", str(tmp_path / "none.bin")]) == 1
    assert deploy.main(["--program", str(tmp_path / "none.py")]) == 1
    err = capsys.readouterr().err
    assert "no such file" in err and "cannot be read" in err


def test_what_belongs_on_a_robot():
    files = deploy.device_files()
    assert {"main.py", "launcher.py", "settings.json", "programs/voice.py"} <= set(files)
    assert not any("__pycache__" in name for name in files)


# --- flash ------------------------------------------------------------------------------------------------------------

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
    for size in (*range(0, len(whole), 997), *table, len(whole) - 1):
        with pytest.raises(flash.FlashError):
            flash.inspect(whole[:size])


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
    assert flash.main([str(path), "--chip", "esp32s3"]) == 1 and esptool == []
    assert flash.main([str(path), "--yes"]) == 0 and len(esptool) == 1
    out = capsys.readouterr().out
    assert "GPIO0" in out and "CircuitPython" in out
    assert flash.main([str(path), "--keep-files"]) == 0 and len(esptool) == 2


# --- record -----------------------------------------------------------------------------------------------------------


def sent(data: bytes) -> str:
    lines = [base64.b64encode(data[i : i + 48]).decode() for i in range(0, len(data), 48)]
    return "\n".join([f"@clip {len(data)}", *lines, f"@end {zlib.crc32(data):08x}", ""])


CLIP = np.random.default_rng(1).integers(-3000, 3000, record.RATE).astype("<i2").tobytes()


def test_a_clip_arrives_whole():
    assert record.parse_clip(sent(CLIP)) == CLIP
    assert record.parse_clip("settings.json: gain is a number\n" + sent(CLIP) + "\n> ") == CLIP


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no clip"),
        ("Traceback", "no clip"),
        (sent(CLIP) + sent(CLIP), "two clips"),
        (sent(CLIP)[:-20], "end of the clip"),
        (sent(CLIP).replace("@end ", "@end x"), "garbled"),
        (sent(CLIP).replace("@clip 32000", "@clip many"), "garbled"),
        (sent(CLIP).replace("\n", "\n!", 5), "garbled"),
        (sent(CLIP).replace("@clip 32000", "@clip 31998"), "32000 bytes arrived of 31998"),
        (sent(CLIP[:-2]), "15999 samples"),
        (sent(CLIP).replace(sent(CLIP).splitlines()[7] + "\n", ""), "31952 bytes arrived of 32000"),
        (sent(CLIP)[:-9] + f"{zlib.crc32(CLIP) ^ 1:08x}\n", "checksum"),
    ],
)
def test_a_clip_that_did_not_arrive_whole_is_refused(text, reason):
    with pytest.raises(record.ClipError, match=reason):
        record.parse_clip(text)


def test_clips_are_numbered_on_and_never_overwritten(tmp_path):
    folder = tmp_path / "go"
    first = record.write_clip(folder, "abc", CLIP)
    assert first == folder / "abc_nohash_0.wav"
    (folder / "abc_nohash_7.wav").write_bytes(b"mine")
    assert record.write_clip(folder, "abc", CLIP).name == "abc_nohash_8.wav"
    assert record.write_clip(folder, "xyz", CLIP).name == "xyz_nohash_0.wav"
    assert (folder / "abc_nohash_7.wav").read_bytes() == b"mine"
    samples, rate = soundfile.read(first, dtype="int16")
    assert rate == 16000 and samples.tobytes() == CLIP
    with wave.open(str(first)) as wav:
        assert (wav.getnchannels(), wav.getsampwidth()) == (1, 2)


def test_what_was_recorded_is_in_speech_commands_layout(tmp_path):
    from host.data.folder import word_folders
    from host.data.speech_commands import hash_split

    names = [record.write_clip(tmp_path / "go", "0c7e1a2b", CLIP).name for _ in range(2)]
    assert word_folders(tmp_path) == [tmp_path / "go"]
    assert hash_split(names[0]) == hash_split(names[1])


def test_a_level_in_words():
    loud = np.full(16000, 32767, "<i2").tobytes()
    assert "clipped" in record.loudness(loud)
    assert "hardly anything" in record.loudness(bytes(32000))
    assert record.loudness(CLIP) == "-26 dBFS"


class Robot:
    """Gives these answers to record's questions."""

    def __init__(self, *answers):
        self.answers = list(answers)

    def exec(self, code):
        if code == record.SETUP:
            return ""
        return self.answers.pop(0)


def test_a_bad_clip_is_asked_for_again_and_three_are_enough(tmp_path):
    said = []
    robot = Robot(sent(CLIP)[:99], sent(CLIP), sent(CLIP))
    assert record.record(robot, tmp_path, "go", "a", 2, 0, said.append) == 2
    assert sum("not kept" in line for line in said) == 1 and len(list(tmp_path.glob("*.wav"))) == 2
    with pytest.raises(record.ClipError, match="3 clips failed in a row"):
        record.record(Robot("", "x", sent(CLIP)[:-4]), tmp_path, "go", "a", 1, 0, said.append)
    assert len(list(tmp_path.glob("*.wav"))) == 2


@pytest.mark.parametrize("arguments", [["../go"], ["go", "--speaker", "A b"], ["go", "--count", "0"], ["a b"]])
def test_names_that_would_not_make_a_data_set(arguments, tmp_path, capsys):
    assert record.main([*arguments, "--out", str(tmp_path), "--port", "/dev/nowhere"]) == 1
    assert capsys.readouterr().err.startswith("error: ") and not list(tmp_path.iterdir())


@pytest.mark.parametrize(("word", "said"), [("demi-tour", "no port /dev/nowhere"), ("go-", "no name for a word")])
def test_a_word_may_have_a_hyphen_inside(word, said, tmp_path, capsys):
    assert record.main([word, "--out", str(tmp_path), "--port", "/dev/nowhere"]) == 1
    assert said in capsys.readouterr().err


# --- monitor ----------------------------------------------------------------------------------------------------------


def test_what_the_robot_tells():
    state = monitor.State()
    lines = ["@labels yes no", "@window 960 123 65000 535", "@heard yes 60000 1360", "@move forward", "hello", ""]
    assert [state.take(line) for line in lines] == [
        None, None, "   1.36 s  heard yes, 91 % sure", "   0.96 s  forward", "hello", None,
    ]  # fmt: skip
    assert (state.labels, state.ms, state.level, state.windows) == (["yes", "no"], 960, 123, 1)
    assert state.probabilities == [65000, 535]
    assert "lost" in state.take("@lost 40") and "silent" in state.take("@stall 1")
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
