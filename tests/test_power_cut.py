"""The power is cut after every single write of a model copy and of a deploy, or the flash is full: a good model runs.

MicroPython's unix port on a LittleFS whose flash drops all writes after the n-th, for every n; then the flash is
mounted anew and the robot's own swap.py loads a model.
"""

import binascii
import json

import pytest

from host.compiler.plan import plan
from host.format.file import read, write
from tests.conftest import MODEL, ROOT
from tests.line import FlashBoard, copy, put_there
from tools.deploy import deploy

OLD = MODEL.read_bytes()
NEW = write(read(OLD)[0], plan(read(OLD)[0], 4))  # the same network, planned in other strips


def crc(data: bytes) -> int:
    return binascii.crc32(data)


class CutBoard(FlashBoard):
    def cut(self, steps: list[str], paths: list[str], start: str = "") -> list[dict]:
        """What each cut leaves; "started": what a line "@started ..." of the start says, None without one."""
        found, started = [], None
        for line in self.tell(cut=steps, paths=paths, start=start):
            name, _, rest = line.partition(" ")
            if name == "@started":
                started = rest
            elif name == "@outcome":
                found.append(json.loads(rest) | {"started": started})
                started = None
        return found


@pytest.fixture
def board():
    with CutBoard() as b:
        yield b


def test_a_model_copied_over_the_old_one(board):
    """mpremote cp model.bin : writes over model.bin itself; then the first start keeps it as the good one.

    LittleFS shows what was written only when the file is closed, so a cut leaves the old model.
    """
    board.put({"model.bin": OLD, "model.good": OLD})
    start = "from tympan_robot import swap\nswap.load_model(print)\n"
    outcomes = board.cut([copy("model.bin", NEW), start], [])
    assert len(outcomes) > 60
    assert {o["model"] for o in outcomes} == {crc(OLD), crc(NEW)}
    assert outcomes[-1]["model"] == crc(NEW) and outcomes[-1]["name"] == "model.bin" and not outcomes[-1]["said"]


FILL = """
import os
count = 0
try:
    while True:
        with open(str(count), "wb") as f:
            f.write(bytes(4096))
        count += 1
except OSError:
    for i in range(count - {}, count + 1):
        os.remove(str(i))
"""
START = """
import os
from tympan_robot import swap
print(swap.load_model()[1])
print(*[name for name in os.listdir("/") if not name.isdigit()])
"""


@pytest.mark.parametrize("left", [0, 1])
def test_a_full_flash(board, left):
    """A new model that leaves no room for its copy, of two blocks, runs; the last good one stays, no half file does."""
    board.put({"model.bin": NEW, "model.good": OLD})
    board.exec(FILL.format(left))
    full = "the file system is full; remove files (mpremote rm :old.bin)"
    said, name, files = board.exec(START).splitlines()[:3]
    assert said == f"model.good was not renewed: {full}. model.bin runs."
    assert (name, files) == ("model.bin", "model.bin model.good programs")
    assert board.read_file("model.good") == OLD and board.read_file("model.bin") == NEW
    board.exec("import os\nfor i in range(3): os.remove(str(i))")
    assert board.exec(START).splitlines()[:2] == ["model.bin", "model.bin model.good programs"]
    assert board.read_file("model.good") == NEW


def test_what_a_file_system_says_is_explained(board):
    errors = "OSError(2), OSError(28), OSError(5), MemoryError(), ValueError('why')"
    lines = board.exec(f"from tympan_robot import swap\nfor e in ({errors}): print(swap.explain(e))").splitlines()
    assert lines[0] == "it is missing" and "is full; remove files" in lines[1]
    assert lines[2].startswith("the file system refused it (") and "5" in lines[2]
    assert lines[3:5] == ["it does not fit in memory", "why"]


def test_a_deploy(board, monkeypatch):
    """Every file is whole, old or new, and a good model runs, whenever the power goes."""
    old = {"main.py": b"print('old')\n" * 20, "programs/voice.py": b"def run(robot): 'old'\n" * 30}
    new = {path: data.replace(b"old", b"new") for path, data in old.items()}
    board.put({**put_there(old), "settings.json": b"{}", "model.bin": OLD, "model.good": OLD})
    monkeypatch.setattr("tools.deploy.device_files", lambda: {**new, "settings.json": b"{}"})
    path = ROOT / "build" / "new.bin"
    path.write_bytes(NEW)
    steps = deploy_steps(board, path)
    outcomes = board.cut(steps, [*old, "model.bin"])
    assert len(outcomes) > 50
    for o in outcomes:
        assert o["model"] in (crc(OLD), crc(NEW)) and o["name"] == "model.bin"
        for name, data in old.items():
            assert o["files"][name] in (crc(data), crc(new[name]))
    assert outcomes[0]["model"] == crc(OLD) and outcomes[-1]["model"] == crc(NEW)
    assert all(outcomes[-1]["files"][name] == crc(data) for name, data in new.items())


FLAT = {
    "main.py": b"from launcher import start\nstart()\n",
    "launcher.py": b"import console\nfrom programs import voice\ndef start(): console.say('flat', voice.VERSION)\n",
    "console.py": b"def say(*words): print('@started', *words)\n",
    "programs/voice.py": b"from console import say\nVERSION = 'old'\n",
}
NEW_LAYOUT = {
    "main.py": b"from tympan_robot.launcher import start\nstart()\n",
    "tympan_robot/launcher.py": b"from .console import say\nfrom programs import voice\n"
    b"def start(): say('package', voice.VERSION)\n",
    "tympan_robot/console.py": FLAT["console.py"],
    "programs/voice.py": b"from tympan_robot.console import say\nVERSION = 'new'\n",
    "settings.json": b"{}",
}
START_ANEW = """
import sys
sys.path[:] = ["/"]
for name in list(sys.modules):
    if name.split(".")[0] in ("launcher", "console", "tympan_robot", "programs"):
        del sys.modules[name]
with open("main.py") as f:
    exec(f.read())
"""


def test_a_robot_of_the_flat_layout_starts_whenever_the_power_goes(board, monkeypatch):
    board.put({**put_there(FLAT), "settings.json": b"{}", "model.bin": OLD, "model.good": OLD})
    monkeypatch.setattr("tools.deploy.device_files", lambda: NEW_LAYOUT)
    outcomes = board.cut(deploy_steps(board, None), ["launcher.py", "console.py"], START_ANEW)
    started = [o["started"] for o in outcomes]
    assert len(started) > 30 and set(started) == {"flat old", "package old", "package new"}
    assert outcomes[0]["started"] == "flat old" and outcomes[-1]["started"] == "package new"
    assert not any(outcomes[-1]["files"].values())


def deploy_steps(board: CutBoard, model) -> list[str]:
    """The code that a deploy runs on the board, taken down on a board that is then put back as it was."""
    before = board.files()
    board.steps.clear()
    assert deploy(board, model, None, False, False, say=lambda text: None)
    steps = list(board.steps)
    board.put(before)
    return steps
