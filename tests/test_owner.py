"""The owner's story on an emulated microcontroller (tools/board) over its serial port, with the real tools.

The board has no microphone and no motors: the stand-in hardware of host/simulator lies beside the device's files. One
board lives through all tests in their order, and each leaves it with sound files and a program that listens to silence.
"""

import base64
import hashlib
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import serial
import soundfile

from host.data import audio
from host.data.folder import word_folders
from host.engines.native import FrontEndEngine, NativeModel
from host.evaluation.model import reference_features, window_samples
from host.format.file import read
from host.format.program import Program
from host.reference import specification
from host.simulator.run import STANDIN, slots
from tests.board import MEMORY, Board, missing
from tests.conftest import ROOT
from tests.robots import Robot
from tools.deploy import SHIPPED_MODEL
from tools.deploy_plan import PACKAGE, device_files

pytestmark = [pytest.mark.slow, pytest.mark.skipif(missing() is not None, reason=str(missing()))]

FILE = SHIPPED_MODEL.read_bytes()
OTHER = ROOT / "tests" / "golden" / "v1.0.bin"  # another sound model, with other words
SETTINGS = ROOT / "device" / "settings.json"
BROKEN = FILE[:-4] + b"\0\0\0\0"
PROGRAM, _ = read(FILE)
WINDOW = window_samples(PROGRAM)
CLIPS = 60
PATIENCE = 100  # s until the board must have answered: a busy computer emulates it slowly


def words(program: Program) -> str:
    """The labels that are words, as the robot prints them."""
    return " ".join(label for label in program.labels if label[0] != "_")


LISTENS = f"listening with model.bin for: {words(PROGRAM)}"


class Owner:
    """What an owner types, at a terminal and at the REPL."""

    def __init__(self, board: Board, folder: Path):
        self.port, self.folder = board.port, folder

    def _run(self, *command: str, code: int = 0) -> str:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=3 * PATIENCE)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout if code == 0 else done.stdout + done.stderr

    def mpremote(self, *arguments: str) -> str:
        return self._run(str(Path(sys.executable).with_name("mpremote")), "connect", self.port, *arguments)

    def ampy(self, *arguments: str) -> str:
        return self._run(str(Path(sys.executable).with_name("ampy")), "--port", self.port, "--delay", "0.2", *arguments)

    def tool(self, name: str, *arguments: str, code: int = 0) -> str:
        return self._run(sys.executable, "-m", f"tools.{name}", "--port", self.port, *arguments, code=code)

    def deploy(self, *arguments: str, until: str) -> str:
        """What deploy says up to a line with these words of the robot's; then Ctrl-C, as who has seen enough."""
        command = [sys.executable, "-m", "tools.deploy", "--port", self.port, "--watch", str(PATIENCE), *arguments]
        said = ""
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as tool:
            for line in tool.stdout:
                said += line
                if until in line:
                    tool.send_signal(signal.SIGINT)
                    break
            said += tool.stdout.read()
        assert tool.returncode == 0 and until in said, said
        return said

    def file(self, name: str, content: bytes | str) -> str:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    def type(self, *keys: str, until: str = "") -> str:
        """Keys at the REPL, one after the other, and what appears up to the prompt, or to the words of `until`."""
        shown = ""
        with serial.Serial(self.port, timeout=0.05) as line:
            for key in keys:
                line.write(key.encode())
                end, text = time.monotonic() + PATIENCE, ""
                while time.monotonic() < end and not (until in text if until else text.endswith(">>> ")):
                    text += line.read(1000).decode()
                shown += text
        return shown.replace("\r\n", "\n")

    def soft_reset(self, until: str) -> str:
        """Ctrl-C, Ctrl-D, and what appears up to a certain word."""
        self.type("\x03\x02")
        return self.type("\x04", until=until)


@pytest.fixture(scope="module")
def clips(recordings) -> np.ndarray:
    """Real recordings, as the window on their middle."""
    files = [p for folder in word_folders(recordings / "speech_commands_v2_test") for p in sorted(folder.glob("*.wav"))]
    some = files[:: len(files) // CLIPS][:CLIPS]
    return np.stack([audio.centred(audio.read(p), WINDOW) for p in some])


@pytest.fixture(scope="module")
def sentence(recordings) -> np.ndarray:
    """Words that the model is sure of, a second of quiet between them."""
    c, quiet = PROGRAM.frontend, np.zeros(audio.RATE, np.int16)
    model = NativeModel(FILE, c.frames, c.width, len(PROGRAM.labels))
    parts = [quiet]
    for word in ("right", "on", "go"):
        files = sorted((recordings / "speech_commands_v2_test" / word).glob("*.wav"))[:60]
        said = [audio.read(p) for p in files]
        windows = np.stack([audio.centred(x, WINDOW) for x in said])
        sure = model.run(FrontEndEngine(c).clips(windows))[:, PROGRAM.labels.index(word)]
        parts += [said[int(sure.argmax())], quiet]
    return np.concatenate(parts)


@pytest.fixture(scope="module")
def owner(clips, sentence, tmp_path_factory) -> Owner:
    """An owner in front of a new board, whose memory holds the clips and, as a microphone gives it, the sentence."""
    folder = tmp_path_factory.mktemp("owner")
    memory = folder / "memory"
    memory.write_bytes(clips.astype("<i2").tobytes() + slots(sentence))
    with Board(memory) as board:
        yield Owner(board, folder)


def test_deploy_installs_everything_and_shows_the_first_words(owner):
    """The stand-in hardware comes first, with plain mpremote."""
    owner.mpremote("cp", *map(str, sorted(STANDIN.glob("*.py"))), ":")
    out = owner.deploy(until=LISTENS)
    assert "the robot takes the model: " + " ".join(PROGRAM.labels) in out
    assert LISTENS in out.split("the robot starts anew and says:")[1]
    again = owner.tool("deploy", "--dry-run")
    assert "up to date" in again and "nothing was changed" in again


def test_what_lies_there_is_what_was_sent(owner):
    names = ("tympan_robot/launcher.py", "programs/voice.py", "settings.json")
    out = owner.mpremote("ls", *(word for name in names for word in ("+", "sha256sum", f":{name}")))
    assert f"{len(FILE)} model.bin" in out and "programs/" in out and "tympan_robot/" in out
    assert not [word for word in out.split() if word.endswith((".part", ".new"))]
    for name in names:
        assert hashlib.sha256((ROOT / "device" / name).read_bytes()).hexdigest() in out


def test_at_the_repl(owner):
    """Ctrl-C ends the program, its motors stop, and the REPL is there."""
    owner.soft_reset(until=LISTENS)
    shown = owner.type(
        "\x03", "import tympan\r", 'm = tympan.Model(open("model.bin", "rb"))\r', "m.labels\r", "1 / 0\r"
    )
    assert "Stopped. start() goes on." in shown
    assert str(PROGRAM.labels) in shown and "ZeroDivisionError" in shown
    assert LISTENS in owner.type("reload()\r", until=LISTENS)
    assert "Stopped. start() goes on." in owner.type("\x03")


CLASSIFY = """
import tympan, uctypes, array, binascii
model = tympan.Model(open("model.bin", "rb"))
stream = tympan.Stream(model)
out = array.array("H", [0] * len(model.labels))
sound = memoryview(uctypes.bytearray_at(ADDRESS, 2 * COUNT * SAMPLES))
for i in range(COUNT):
    stream.reset()
    for at in range(2 * i * SAMPLES, 2 * (i + 1) * SAMPLES, 1234):
        stream.feed(sound[at : min(at + 1234, 2 * (i + 1) * SAMPLES)])
    best = model.run(stream.window, out)
    print(best, str(binascii.b2a_base64(bytes(stream.window) + bytes(out)), "ascii"), end="")
"""


def test_features_and_probabilities_are_the_specifications_to_the_bit(owner, clips):
    code = CLASSIFY
    for name, value in {"ADDRESS": MEMORY, "COUNT": CLIPS, "SAMPLES": WINDOW}.items():
        code = code.replace(name, str(value))
    lines = owner.mpremote("run", owner.file("classify.py", code)).split()
    found = [base64.b64decode(line) for line in lines[1::2]]
    c = PROGRAM.frontend
    features = np.stack([np.frombuffer(f[: c.frames * c.width], np.uint8) for f in found])
    probabilities = np.stack([np.frombuffer(f[c.frames * c.width :], "<u2") for f in found])
    expected = reference_features(PROGRAM, clips)
    wanted = specification.run(PROGRAM, expected)[-1].reshape(CLIPS, -1)
    assert np.array_equal(features.reshape(expected.shape), expected)
    assert np.array_equal(probabilities, wanted)
    native = NativeModel(FILE, c.frames, c.width, len(PROGRAM.labels))
    assert np.array_equal(probabilities, native.run(FrontEndEngine(c).clips(clips)))
    assert [int(best) for best in lines[::2]] == wanted.argmax(1).tolist()
    assert len(set(lines[::2])) > 5  # not all the same


LISTEN_ON = """
import tympan, uctypes, array, binascii
model = tympan.Model(open("model.bin", "rb"))
stream = tympan.Stream(model, hop=HOP)
out = array.array("H", [0] * len(model.labels))
sound = memoryview(uctypes.bytearray_at(ADDRESS, 2 * COUNT * SAMPLES))
at, end = 0, 2 * SAMPLES
while end <= len(sound):
    stream.feed(sound[at:end])
    model.run(stream, out)
    print(str(binascii.b2a_base64(bytes(out)), "ascii"), end="")
    at, end = end, end + 2 * STEP
"""


def test_a_stream_is_heard_as_its_windows(owner, clips):
    """All clips as one stream, of which each window computes only what is new."""
    c, hop = PROGRAM.frontend, PROGRAM.hop
    code = LISTEN_ON
    values = {"ADDRESS": MEMORY, "COUNT": CLIPS, "SAMPLES": WINDOW, "HOP": hop, "STEP": hop * c.hop}
    for name, value in values.items():
        code = code.replace(name, str(value))
    lines = owner.mpremote("run", owner.file("listen.py", code)).split()
    found = np.stack([np.frombuffer(base64.b64decode(line), "<u2") for line in lines])
    features = FrontEndEngine(c).push(clips.reshape(-1))
    windows = np.lib.stride_tricks.sliding_window_view(features, c.frames, 0).transpose(0, 2, 1)[::hop]
    assert len(windows) > 250
    assert np.array_equal(found, specification.run(PROGRAM, windows)[-1].reshape(len(windows), -1))


LISTEN = """
from tympan_robot import launcher
try:
    launcher.start(report=True)
except SystemExit:
    pass
"""
KEEP = """
import uctypes
sound = memoryview(uctypes.bytearray_at({}, {}))
with open("sound.raw", "wb") as f:
    for at in range(0, len(sound), 4096):
        f.write(sound[at : at + 4096])
"""


def test_the_program_hears_and_drives_as_in_the_simulator(owner, clips, sentence, tmp_path):
    """Every line is the same: the level and all probabilities of each window, each command, each change of a pin."""
    robot = Robot(tmp_path, FILE)
    robot.hears(sentence)
    expected = robot.play(LISTEN)
    scene = json.dumps({**robot.scene, "audio": "sound.raw"})
    keep = KEEP.format(MEMORY + 2 * clips.size, 4 * len(sentence))
    files = (owner.file("scene.json", scene), str(robot.folder / "settings.json"))
    owner.mpremote("exec", keep, "+", "cp", *files, ":")
    assert owner.mpremote("exec", LISTEN).splitlines() == expected
    heard = [line.split()[1] for line in expected if line.startswith("@heard")]
    assert heard and sum(line.startswith("@pin") for line in expected) > 20
    shown = owner.tool("monitor", "--plain")
    assert all(f"heard {word}," in shown for word in heard)
    assert f"after {sum(line.startswith('@window') for line in expected)} windows" in shown


def test_a_clip_recorded_on_the_robot(owner, sentence, tmp_path):
    owner.tool("record", "right", "--out", str(tmp_path), "--count", "1", "--pause", "0", "--speaker", "me")
    samples, rate = soundfile.read(tmp_path / "right" / "me_nohash_0.wav", dtype="int16")
    assert rate == 16000 and len(samples) == 16000
    start = 4 * 512  # what record.py hears first and throws away
    heard = sentence[start : start + 16000]
    assert np.abs(samples.astype(int) - (heard - heard.mean())).max() <= 1
    owner.mpremote("rm", ":scene.json", "+", "rm", ":sound.raw", "+", "cp", str(SETTINGS), ":")


def test_models_are_swapped_with_plain_mpremote_and_a_broken_one_stops_nothing(owner):
    """Half copied or damaged: the last good one runs, with the reason; a sound one is taken up again."""
    other = words(read(OTHER.read_bytes())[0])
    owner.mpremote("cp", str(OTHER), ":model.bin")
    assert f"listening with model.bin for: {other}" in owner.soft_reset(until=other)
    for content, reason in ((FILE[:3000], "TRUNCATED"), (BROKEN, "CHECKSUM")):
        owner.mpremote("cp", owner.file("bad.bin", content), ":model.bin")
        shown = owner.soft_reset(until=other)
        assert f"model.bin does not run, model refused, {reason}:" in shown
        assert f"listening with model.good for: {other}" in shown
    owner.mpremote("cp", str(SHIPPED_MODEL), ":model.bin")
    assert LISTENS in owner.soft_reset(until=LISTENS)


def test_deploy_refuses_a_broken_model_and_changes_nothing(owner):
    look = ("ls", "+", "sha256sum", ":model.bin")
    before = owner.mpremote(*look)
    out = owner.tool("deploy", "--model", owner.file("bad.bin", BROKEN), code=1)
    assert "error: the robot refuses the model (model refused, CHECKSUM: " in out and "Traceback" not in out
    assert owner.mpremote(*look) == before and hashlib.sha256(FILE).hexdigest() in before


CHIRP = """\
def run(robot):
    print("chirp", robot.settings["words"]["go"])
    while robot.listen() is None:
        pass
"""


def test_a_behaviour_is_one_file_and_a_soft_reset(owner):
    """Copied over the program that runs; deploy then keeps it."""
    owner.mpremote("cp", owner.file("voice.py", CHIRP), ":programs/voice.py")
    assert "program voice\nchirp go" in owner.soft_reset(until="chirp go")
    out = owner.deploy(until="chirp go")
    assert "keep programs/voice.py (not as deploy left it; --force replaces it)" in out
    owner.deploy("--force", until=LISTENS)


def test_a_behaviour_by_deploy_and_settings_that_stay_the_owners(owner):
    settings = json.loads(SETTINGS.read_text())
    settings["words"]["go"] = "cheer"
    owner.mpremote("cp", owner.file("settings.json", json.dumps(settings, indent=1)), ":")
    assert "program bird" in owner.deploy("--program", owner.file("bird.py", CHIRP), until="chirp cheer")
    assert json.loads(owner.mpremote("cat", ":settings.json")) == settings | {"program": "bird"}
    owner.deploy("--program", "voice", until="program voice")
    assert json.loads(owner.mpremote("cat", ":settings.json")) == settings


def test_a_program_that_crashes_leaves_the_repl(owner):
    program = owner.file("oops.py", "def run(robot):\n    robot.fly()\n")
    out = owner.deploy("--program", program, until="The program ended")
    assert "@crash AttributeError" in out and "the motors are stopped" in out
    assert "42\n>>> " in owner.type("\r", "6 * 7\r")
    assert "error: the robot's program ended with an error" in owner.tool("monitor", "--plain", code=1)
    owner.deploy("--program", "voice", until="program voice")


def test_control_c_in_the_monitor_stops_the_robot(owner):
    command = [sys.executable, "-m", "tools.monitor", "--port", owner.port, "--plain"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as monitor:
        assert any(line.startswith(LISTENS) for line in monitor.stdout)
        monitor.send_signal(signal.SIGINT)
        said = monitor.stdout.read()
    assert monitor.returncode == 0
    assert "Stopped. start() goes on." in said and "its REPL is free" in said


def test_files_outlive_a_soft_reset(owner):
    note = owner.file("note.txt", "remember")
    out = owner.mpremote("cp", note, ":", "+", "soft-reset", "+", "cat", ":note.txt", "+", "sha256sum", ":model.bin")
    assert "remember" in out and hashlib.sha256(FILE).hexdigest() in out


def flat_layout() -> dict[str, bytes]:
    """The robot's files as they lay before they were a package: in the root, where they imported each other."""
    files = {}
    for path, data in device_files().items():
        text = re.sub(r"from \.(\w+) import", r"from \1 import", data.decode()).replace(f"{PACKAGE}.", "")
        files[path.removeprefix(f"{PACKAGE}/")] = text.encode()
    return {path: data for path, data in files.items() if path.endswith(".py") and "__" not in path}


REMOVE_PACKAGE = f"""
import os
for name in os.listdir("{PACKAGE}"):
    os.remove("{PACKAGE}/" + name)
os.rmdir("{PACKAGE}")
"""
OWN = "from console import say\n\ndef run(robot):\n    say('mine')\n"


def test_an_update_from_the_flat_layout(owner):
    """Ours leave the root; what the owner wrote or changed stays, and each sentence about it names the file."""
    flat = flat_layout()
    for path, data in flat.items():
        (owner.folder / "flat" / path).parent.mkdir(parents=True, exist_ok=True)
        (owner.folder / "flat" / path).write_bytes(data)
    root = [str(path) for path in sorted((owner.folder / "flat").glob("*.py"))]
    programs = [str(path) for path in sorted((owner.folder / "flat" / "programs").glob("*.py"))]
    record = {path: hashlib.sha256(data).hexdigest() for path, data in flat.items()}
    record_file = owner.file("deployed.json", json.dumps(record))
    owner.mpremote("exec", REMOVE_PACKAGE, "+", "cp", *root, record_file, ":", "+", "cp", *programs, ":programs/")
    assert LISTENS in owner.soft_reset(until=LISTENS)
    changed = owner.file("feedback.py", flat["feedback.py"] + b"# brighter\n")
    mine = (owner.file("own.py", OWN), ":programs/")
    owner.type("\x03")
    owner.mpremote("cp", changed, owner.file("helper.py", "X = 1\n"), ":", "+", "cp", *mine)

    out = owner.deploy(until=LISTENS)
    assert "programs/own.py is yours, and its line 1 must now say `from tympan_robot.console import say`\n" in out
    assert "keep feedback.py (no longer used, but not as deploy left it; --force removes it)\n" in out
    gone = sorted({path for path in flat if "/" not in path} - {"main.py", "feedback.py"})
    assert f"removed, of an earlier version: {', '.join(gone)}\n" in out
    there = {line.split()[-1] for line in owner.mpremote("ls").splitlines()}
    assert {"main.py", "settings.json", "helper.py", "feedback.py", "model.bin", "programs/", "tympan_robot/"} <= there
    assert not there & set(gone) and not [name for name in there if name.endswith((".part", ".new"))]

    owner.soft_reset(until=LISTENS)
    owner.type("\x03")
    told = owner.type('start("own")\r', until="import console`.")
    assert "console is now tympan_robot.console: write `from tympan_robot.console import ...`" in told
    out = owner.deploy("--force", until=LISTENS)
    assert "removed, of an earlier version: feedback.py\n" in out and "own.py" not in out
    assert "up to date" in owner.tool("deploy", "--dry-run")


def test_the_same_with_ampy(owner):
    owner.ampy("put", owner.file("shy.py", CHIRP), "programs/shy.py")
    assert "/programs/shy.py" in owner.ampy("ls", "programs")
    assert owner.ampy("get", "programs/shy.py").replace("\r\n", "\n").strip() == CHIRP.strip()
    assert "by ampy" in owner.deploy("--ampy", "--program", "shy", until="program shy")


def test_a_board_without_an_answer_is_one_sentence(owner):
    """Nobody at the other end of the port."""
    out = owner.tool("deploy", "--port", "/dev/ptmx", code=1)
    assert out.strip().splitlines()[-1].startswith("error: ") and "Traceback" not in out
