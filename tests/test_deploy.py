"""tools.deploy without a robot: what it plans and refuses, and what it does to a file system."""

import json
import unicodedata
from pathlib import Path

import pytest

from tests.conftest import MODEL, sentence
from tests.line import FlashBoard, Port, put_there
from tools import board_link, deploy, deploy_plan

SHIPPED = {
    "main.py": b"start()",
    "programs/voice.py": b"def run(robot): pass",
    "settings.json": b'{"program": "voice", "words": {}}',
    "tympan_robot/console.py": b"def say(text): print(text)",
    "tympan_robot/launcher.py": b"def start(): pass",
}
OURS = [path for path in SHIPPED if path != "settings.json"]
HASHES = {path: deploy_plan.digest(data) for path, data in SHIPPED.items()}


def prepare(board: dict[str, bytes], **options) -> deploy.Job:
    hashes = {path: deploy_plan.digest(data) for path, data in board.items()}
    return deploy_plan.prepare(SHIPPED, hashes, lambda path: board[path], **options)


def after(board: dict[str, bytes], job: deploy.Job) -> dict[str, bytes]:
    """What lies on the board once the job is done."""
    left = {path: data for path, data in board.items() if path not in job.removed}
    return left | job.contents | {deploy_plan.RECORD: json.dumps(job.record).encode()}


def done(job: deploy.Job) -> list[tuple[str, str]]:
    return [(action.what, action.path) for action in job.actions]


def test_an_empty_board_gets_everything():
    job = prepare({}, model=b"model")
    assert [(a.what, a.path) for a in job.actions] == [("copy", path) for path in (*SHIPPED, "model.bin")]
    assert job.contents == SHIPPED and job.model == b"model"


def test_what_is_there_already_is_not_copied_again():
    board = after(SHIPPED | {"model.bin": b"model", "mine.py": b"x = 1"}, prepare(SHIPPED))
    job = prepare(board, model=b"model")
    assert job.actions == [] and job.contents == {} and job.model is None and job.known


def test_only_what_deploy_put_there_is_replaced_and_settings_and_main_not_even_by_force():
    """A changed file is named, with what can be done."""
    older = put_there({path: b"older" for path in OURS}) | {"settings.json": b'{"mine": 1}'}
    assert list(prepare(older).contents) == OURS
    changed = older | {path: b"tinkered" for path in OURS}
    job = prepare(changed)
    assert job.contents == {} and done(job) == [("keep", path) for path in SHIPPED]
    assert [action.why for action in job.actions] == [
        "yours; remove it there, and deploy puts its own", "not as deploy left it; --force replaces it", "yours",
        "not as deploy left it; --force replaces it", "not as deploy left it; --force replaces it",
    ]  # fmt: skip
    forced = prepare(changed, force=True)
    assert list(forced.contents) == ["programs/voice.py", "tympan_robot/console.py", "tympan_robot/launcher.py"]
    assert prepare(after(changed, forced)).contents == {}
    removed = {path: data for path, data in changed.items() if path != "main.py"}
    assert list(prepare(removed).contents) == ["main.py"]


FLAT = {
    "main.py": b"from launcher import start\nstart()\n",
    "launcher.py": b"from console import say\ndef start(): pass\n",
    "console.py": b"def say(text): print(text)\n",
    "programs/voice.py": b"from console import say\ndef run(robot): pass\n",
}
MINE = {
    "settings.json": b'{"program": "shy"}',
    "programs/shy.py": b"def run(robot): pass",
    "notes.py": b"x = 1",
    "helper.py": b"import time",
}


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_robot_of_the_flat_layout_has_its_root_for_itself(monkeypatch, tmp_path, by_hand):
    """Whether deploy had put the files there, or their owner copied them by hand."""
    if by_hand:
        known = {path: deploy_plan.digest(data) for path, data in FLAT.items()}
        path = tmp_path / "flat.json"
        path.write_text(json.dumps(known))
        monkeypatch.setattr(deploy_plan, "FLAT", path)
    board = (FLAT if by_hand else put_there(FLAT)) | MINE
    job = prepare(board)
    assert job.removed == ["console.py", "launcher.py"] and not job.advice
    left = after(board, job)
    record = json.loads(left.pop(deploy_plan.RECORD))
    assert left == SHIPPED | MINE and record == {path: HASHES[path] for path in OURS}
    again = prepare(after(board, job))
    assert done(again) == [("keep", "settings.json")] and again.known


def test_files_of_the_flat_layout_are_known_by_their_content():
    """A robot without a record may belong to somebody who has a robot.py of his own."""
    known = json.loads(deploy_plan.FLAT.read_text())
    assert {"main.py", "launcher.py", "robot.py", "programs/voice_dance.py"} <= set(known)
    assert "settings.json" not in known and len(set(known.values())) == len(known)
    board = {path: b"mine" for path in known}
    job = prepare(board, force=True)
    assert not job.removed and not job.advice
    assert [a.path for a in job.actions if a.what == "keep"] == ["main.py"]


def test_a_changed_file_of_the_flat_layout_is_kept_until_it_is_removed_by_force():
    board = put_there(FLAT) | {"console.py": b"def say(text): print('robot:', text)\n"}
    job = prepare(board)
    assert job.removed == ["launcher.py"]
    kept = [action for action in job.actions if action.what == "keep"]
    assert [(a.path, a.why) for a in kept] == [
        ("console.py", "no longer used, but not as deploy left it; --force removes it")
    ]
    once = after(board, job)
    assert [a.path for a in prepare(once).actions if a.what == "keep"] == ["console.py"]
    assert prepare(once, force=True).removed == ["console.py"]
    # once it is gone, another of that name is its owner's
    gone = after(once, prepare(once, force=True)) | {"console.py": b"mine = 1"}
    assert prepare(gone, force=True).actions == []


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("from console import say\n", "line 1 must now say `from tympan_robot.console import say`"),
        ("import time, console as c\n", "line 1 must now say `from tympan_robot import console as c; import time`"),
        ("import console\nimport os\n", "line 1 must now say `from tympan_robot import console`"),
        (
            "def run(robot):\n    from console import say, put\n    import launcher\n",
            "line 2 must now say `from tympan_robot.console import say, put`; "
            "its line 3 must now say `from tympan_robot import launcher`",
        ),
        ("from notes import x\nfrom . import console\n", None),
        ("from console import\n", None),
        ("\0", None),
        ("-" * 100_000 + "1", None),
    ],
)
def test_what_a_program_has_to_change_is_said_by_name_and_line(text, new):
    board = put_there(FLAT) | {"programs/shy.py": text.encode(), "boot.py": text.encode()}
    job = prepare(board)
    said = [f"boot.py is yours, and its {new}", f"programs/shy.py is yours, and its {new}"] if new else []
    assert sorted(job.advice) == said and "programs/shy.py" not in job.contents
    assert prepare(after(board, job)).advice == []


def test_a_main_of_ones_own_that_would_no_longer_start_is_refused():
    board = put_there(FLAT) | {"main.py": b"import wifi\n\nfrom launcher import start\nstart()\n"}
    with pytest.raises(deploy_plan.DeployError) as refused:
        prepare(board, force=True)
    assert str(refused.value) == (
        "the robot's main.py is yours, and its line 3 must now say `from tympan_robot.launcher import start`: change "
        "or remove it, and deploy again; nothing on the robot was changed"
    )
    changed = board | {"main.py": b"import wifi\n\nfrom tympan_robot.launcher import start\nstart()\n"}
    assert "main.py" not in prepare(changed).contents and prepare(changed).removed == ["console.py", "launcher.py"]
    removed = {path: data for path, data in board.items() if path != "main.py"}
    assert prepare(removed).contents["main.py"] == SHIPPED["main.py"]


def test_a_record_that_names_other_than_modules_removes_none_of_them():
    board = put_there({"model.bin": b"model", "clip.wav": b"sound", "old.py": b"x = 1"})
    assert prepare(board).removed == ["old.py"]


@pytest.mark.parametrize("garbage", [b"", b"{", b"[1]", b"3", b"\xff", b"[" * 100_000, b'{"programs/voice.py": 3}'])
def test_a_broken_record_is_no_record(garbage):
    board = SHIPPED | {deploy_plan.RECORD: garbage, "programs/voice.py": b"tinkered"}
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
    with pytest.raises(deploy_plan.DeployError, match="there is no program bold; give a file, or one of: shy, voice"):
        prepare(board, program="bold")


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ('{"program": "a"}', '{"program": "b"}'),
        ('\ufeff{"program": "a"}', '{"program": "b"}'),
        ('{"program": "a", "words": {"e\u0301te\u0301": "go"}}', '{"program": "b", "words": {"été": "go"}}'),
        ('{"pins": {"program": 3}, "program" :"a"}', '{"pins": {"program": 3}, "program" :"b"}'),
    ],
)
def test_only_the_programs_name_changes(settings, expected):
    assert deploy_plan.with_program(settings, "b") == expected


@pytest.mark.parametrize("settings", ["{}", '{"x": {"program": "a"}}', '{"program": 3, "words": {"go": "go"}}'])
def test_settings_without_a_plain_name_are_written_anew(settings):
    assert json.loads(deploy_plan.with_program(settings, "b")) == json.loads(settings) | {"program": "b"}


def test_settings_written_anew_stay_readable():
    settings = deploy_plan.with_program('{"words": {"été": "go"}}', "b")
    assert settings == '{\n  "words": {\n    "été": "go"\n  },\n  "program": "b"\n}\n'


@pytest.mark.parametrize("coding", ["latin-1", "utf-16"])
def test_settings_that_are_not_utf8_are_left_alone(coding):
    board = SHIPPED | {"settings.json": '{"program": "a", "words": {"été": "go"}}'.encode(coding)}
    with pytest.raises(deploy_plan.DeployError, match=r"settings\.json is not UTF-8; save it as UTF-8"):
        prepare(board, program="voice")
    assert prepare(board).contents == {}


@pytest.mark.parametrize("settings", ["", "{", "[]"])
def test_broken_settings_are_left_alone(settings):
    with pytest.raises(deploy_plan.DeployError, match=r"settings\.json cannot be read"):
        deploy_plan.with_program(settings, "b")


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


def test_a_program_may_hold_more_than_its_run(tmp_path):
    path = tmp_path / "dance.py"
    path.write_text('"""Mine."""\nimport time\n\nSTEPS = 3\n\n\ndef run(robot):\n    pass\n')
    assert deploy_plan.read_program(path) == path.read_bytes()


@pytest.mark.parametrize("wanted", ["my/voice", "my\\voice", "programs/voice"])
def test_what_has_a_folder_is_a_file_and_no_program_by_its_name(wanted):
    with pytest.raises(deploy_plan.DeployError, match=r"ending in \.py"):
        deploy_plan.choose_program(wanted, SHIPPED, {})


def test_no_such_model_no_such_program(tmp_path, capsys):
    assert deploy.main(["--model", str(tmp_path / "none.bin")]) == 1
    assert deploy.main(["--program", str(tmp_path / "none.py")]) == 1
    err = capsys.readouterr().err
    assert "no such file" in err and "cannot be read" in err


def test_what_belongs_on_a_robot():
    files = deploy_plan.device_files()
    assert {"main.py", "tympan_robot/launcher.py", "settings.json", "programs/voice.py"} <= set(files)
    assert {path for path in files if "/" not in path} == {"main.py", "settings.json"}
    assert not any("__pycache__" in name for name in files)


# --- on a board's own file system -------------------------------------------------------------------------------------

BROKEN = MODEL.read_bytes()[:-4] + bytes(4)


@pytest.fixture
def board(monkeypatch):
    """A board whose file system is MicroPython's LittleFS, 256 KB; what is to be deployed is small."""
    monkeypatch.setattr(deploy, "device_files", lambda: dict(SHIPPED))
    with FlashBoard() as b:
        b.put({})
        yield b


def deployed(board: FlashBoard, model: Path | None = MODEL, said: list | None = None, **options) -> bool:
    given = {"program": None, "force": False, "dry_run": False} | options
    return deploy.deploy(board, model, say=(said if said is not None else []).append, **given)


@pytest.mark.parametrize("by", [[], ["--ampy"]])
def test_deploy_over_a_serial_port(board, by, capsys):
    with Port(board.exec) as line:
        typed = ["--port", line.port, "--model", str(MODEL), "--watch", "0.2", *by]
        assert deploy.main(typed) == 0
        first = capsys.readouterr().out
        assert deploy.main(typed) == 0
    files = board.files()
    assert json.loads(files.pop(deploy_plan.RECORD)) == {p: HASHES[p] for p in OURS}
    assert files == SHIPPED | {"model.bin": MODEL.read_bytes()}
    assert f"connected to {line.port} by {'ampy' if by else 'mpremote'}" in first
    assert "the robot takes the model: yes no up" in first and "copy main.py (7 bytes)\n" in first
    assert "the robot starts anew and says:\n" in first and first.endswith("\n  program voice\n")
    again = capsys.readouterr().out
    assert "nothing to copy" in again and "copy main.py" not in again


@pytest.mark.parametrize("file", ["main.py", "settings.json", "model.bin", deploy_plan.RECORD])
def test_a_byte_that_changes_on_the_line_is_noticed(board, file, capsys):
    old = put_there({"main.py": b"old", "programs/voice.py": SHIPPED["programs/voice.py"], "model.bin": b"old"})
    board.put(old)
    now = b""

    def damage(code: bytes) -> bytes:
        nonlocal now
        if b"open(" in code and b"'wb'" in code:
            now = code
        staged = b"model.new" if file == "model.bin" else file.encode() + b".part"
        return code.replace(b"a", b"b", 1) if code.startswith(b"w(") and staged in now else code

    with Port(board.exec, damage) as line:
        said = sentence(capsys, deploy.main, "--port", line.port, "--model", MODEL)
    assert f"error: {file} did not arrive as it was sent; nothing on the robot was changed" in said
    assert board.files() == old and board.folders() == ["programs/"]


def test_a_cable_that_is_pulled_is_a_sentence_and_the_next_deploy_cleans_up(board, capsys):
    left = 12

    def pull(code: bytes) -> bytes | None:
        nonlocal left
        left -= 1
        return code if left else None

    with Port(board.exec, pull) as line:
        assert sentence(capsys, deploy.main, "--port", line.port) == f"error: {board_link.LOST}"
    assert any(path.endswith(".part") for path in board.files())
    assert deployed(board)
    assert set(board.files()) == {*SHIPPED, "model.bin", deploy_plan.RECORD}


def test_leftovers_are_removed_and_what_only_looks_like_them_is_not(board):
    left = [
        "main.py.part",
        "programs/dance.py.part",
        "settings.json.part",
        "deployed.json.part",
        "meanwhile.json.part",
        "tympan_robot/console.py.part",
        "model.part",
        "model.new",
    ]
    mine = {"my.part": b"1", "notes.new": b"2", "model.old": b"3", "programs/dance.py": b"def run(robot): pass"}
    board.put(dict.fromkeys(left, b"x") | mine)
    deployed(board, dry_run=True)
    assert set(board.files()) == {*left, *mine}
    deployed(board)
    assert set(board.files()) == {*SHIPPED, *mine, "model.bin", deploy_plan.RECORD}


def test_a_model_that_the_robot_refuses_leaves_the_old_one(board, tmp_path):
    path = tmp_path / "x.bin"
    path.write_bytes(BROKEN)
    board.put({"model.bin": MODEL.read_bytes(), "main.py": b"old"})
    with pytest.raises(deploy_plan.DeployError, match=r"refuses the model .*CHECKSUM.*; nothing on it was changed"):
        deployed(board, path)
    assert board.files() == {"model.bin": MODEL.read_bytes(), "main.py": b"old"}


def test_a_robot_without_room_is_told_before_anything_is_written(board):
    old = {"mine.txt": bytes(230_000)}
    board.put(old)
    said = []
    with pytest.raises(deploy_plan.DeployError, match=r"the robot has \d+ KB free and 60 are needed; remove files"):
        deployed(board, said=said)
    assert board.files() == old and not any(line.startswith("copy") for line in said)


@pytest.mark.parametrize(("size", "what"), [(238_000, "tympan_robot"), (222_000, "model.bin")])
def test_a_file_system_that_is_full_all_the_same_keeps_what_it_has(board, monkeypatch, size, what):
    monkeypatch.setattr(deploy, "SPARE", -100)
    old = {"mine.txt": bytes(size), "main.py": b"old"}
    board.put(old)
    with pytest.raises(deploy_plan.DeployError, match=f"no space left for {what}; nothing on it was changed: remove"):
        deployed(board)
    assert board.files() == old and board.folders() == ["programs/"]


def test_the_record_names_what_deploy_put_there_and_nothing_of_the_owners(board, tmp_path):
    dance = tmp_path / "dance.py"
    dance.write_bytes(b"def run(robot): pass")
    mine = {"programs/voice.py": b"def run(robot): mine", "settings.json": b'{"program": "voice"}'}
    board.put(mine)
    deployed(board, program=str(dance))
    files = board.files()
    others = [path for path in OURS if path != "programs/voice.py"]
    assert json.loads(files[deploy_plan.RECORD]) == {path: HASHES[path] for path in others}
    assert files["programs/voice.py"] == mine["programs/voice.py"] and files["programs/dance.py"] == dance.read_bytes()
    assert files["settings.json"] == b'{"program": "dance"}'
    deployed(board, force=True)
    assert json.loads(board.files()[deploy_plan.RECORD]) == {path: HASHES[path] for path in OURS}


@pytest.mark.parametrize("form, told", [("NFD", True), ("NFC", False)])
def test_words_with_their_accents_apart_are_told_of_and_put_together(board, form, told):
    settings = unicodedata.normalize(form, '{"program": "dance", "words": {"été": "go"}}').encode()
    board.put({"settings.json": settings})
    said = []
    deployed(board, said=said)
    assert any("accents in it stand apart" in line for line in said) == told
    assert board.files()["settings.json"] == settings
    deployed(board, program="voice")
    assert board.files()["settings.json"] == '{"program": "voice", "words": {"été": "go"}}'.encode()


def test_a_dry_run_tells_everything_and_changes_nothing(board, capsys):
    old = put_there({"main.py": b"old", "console.py": b"old"}) | {
        "settings.json": b"{}", "programs/shy.py": b"import console"
    }  # fmt: skip
    board.put(old)
    with Port(board.exec) as line:
        assert deploy.main(["--port", line.port, "--dry-run"]) == 0
    said = capsys.readouterr().out.splitlines()[1:]
    assert said == [
        "replace main.py", "copy programs/voice.py", "keep settings.json (yours)", "copy tympan_robot/console.py",
        "copy tympan_robot/launcher.py", "remove console.py", "copy model.bin",
        "programs/shy.py is yours, and its line 1 must now say `from tympan_robot import console`",
        "nothing was changed; the robot's program is stopped until its next reset",
    ]  # fmt: skip
    assert board.files() == old


def test_a_robot_of_the_flat_layout_is_brought_up_to_date(board):
    board.put(put_there(FLAT) | MINE)
    said = []
    assert deployed(board, said=said)
    files = board.files()
    assert json.loads(files.pop(deploy_plan.RECORD)) == {path: HASHES[path] for path in OURS}
    assert files == SHIPPED | MINE | {"model.bin": MODEL.read_bytes()}
    assert said[-1] == "removed, of an earlier version: console.py, launcher.py"
    said.clear()
    assert not deployed(board, said=said)
    assert said == ["keep settings.json (yours)", "nothing to copy: the robot is up to date"]


def test_what_an_interrupted_deploy_put_there_is_no_change_of_the_owners(board, monkeypatch):
    """The power goes halfway through the last step; what is deployed next is another version."""
    board.put(put_there({path: b"older" for path in OURS}) | {"settings.json": SHIPPED["settings.json"]})
    run = board.exec

    def cut(code: str) -> str:
        if code.startswith(deploy.RENAME[:60]):
            code = code.replace(
                "    if b: put(a, b)", "    if a == 'programs/voice.py.part': raise OSError(5)\n    if b: put(a, b)"
            )
        return run(code)

    monkeypatch.setattr(board, "exec", cut)
    with pytest.raises(board_link.BoardError):
        deployed(board)
    assert [path for path in OURS if board.files()[path] == b"older"] == ["programs/voice.py"]
    newer = SHIPPED | {path: SHIPPED[path] + b"  # newer" for path in OURS}
    monkeypatch.setattr(board, "exec", run)
    monkeypatch.setattr(deploy, "device_files", lambda: newer)
    said = []
    assert deployed(board, said=said)
    assert not any(line.startswith("keep") for line in said)
    assert {path: data for path, data in board.files().items() if path in newer} == newer


def test_a_firmware_without_the_module_gets_all_but_a_model(board, monkeypatch):
    run = board.exec
    monkeypatch.setattr(board, "exec", lambda code: run(code.replace("import tympan", "import no_tympan")))
    with pytest.raises(deploy_plan.DeployError, match="no model can run without the module tympan; flash a firmware"):
        deployed(board)
    said = []
    assert deployed(board, None, said)
    assert "no module tympan: everything works but hearing words" in said[0]
    assert set(board.files()) == {*SHIPPED, deploy_plan.RECORD}


def test_a_board_that_runs_something_else_is_told_of(board, monkeypatch):
    monkeypatch.setattr(board, "exec", lambda code: "circuitpython")
    with pytest.raises(deploy_plan.DeployError, match="the board runs circuitpython; put MicroPython on it first"):
        deployed(board)
    monkeypatch.setattr(board, "exec", lambda code: "micropython" if code == deploy.SYSTEM else "{garbled")
    with pytest.raises(board_link.LinkError, match="answer came garbled"):
        deployed(board)
