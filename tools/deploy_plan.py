"""What tools.deploy changes on a robot: decided here from what lies there; nothing here talks to a board.

Every file that deploy puts on a robot is in a record there, with its hash. What is still as recorded may be replaced or
removed; everything else is the owner's.
"""

import ast
import hashlib
import json
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from host.base.errors import Error
from host.base.text import normal

ROOT = Path(__file__).resolve().parents[1]
DEVICE = ROOT / "device"
FLAT = Path(__file__).with_name("flat_layout.json")
PACKAGE = "tympan_robot"
SETTINGS, MAIN, MODEL = "settings.json", "main.py", "model.bin"
RECORD = "deployed.json"  # on the robot: the hash of each file that deploy put there


class DeployError(Error):
    """What the owner has to know, in one sentence."""


@dataclass(frozen=True)
class Action:
    """What happens to a file of the robot: "copy", "replace", "remove" or "keep" (say why)."""

    what: str
    path: str
    why: str = ""


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def device_files(folder: Path = DEVICE) -> dict[str, bytes]:
    """What belongs on a robot: path there -> content."""
    files = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.suffix in (".py", ".json") and not path.name.startswith("."):
            files[name] = path.read_bytes()
    return files


def read_record(board: dict[str, str], read: Callable[[str], bytes]) -> dict[str, str]:
    """path -> hash of each file that was put there, two hashes where a deploy was interrupted.

    Where there is no record: what was copied by hand before there was the package, and is unchanged.
    """
    try:
        record = json.loads(read(RECORD)) if RECORD in board else None
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict):
        return {path: known for path, known in json.loads(FLAT.read_text()).items() if board.get(path) == known}
    return {path: hashes for path, hashes in record.items() if isinstance(hashes, str)}


def plan(local: dict[str, str], board: dict[str, str], record: dict[str, str], force: bool = False) -> list[Action]:
    """From hashes to actions. Files that are neither named locally nor recorded are left alone."""
    actions = []
    for path, wanted in local.items():
        there = board.get(path)
        if there is None:
            actions.append(Action("copy", path))
        elif there == wanted:
            continue
        elif path == SETTINGS:
            actions.append(Action("keep", path, "yours"))
        elif there in record.get(path, "").split():
            actions.append(Action("replace", path))
        elif path == MAIN:
            actions.append(Action("keep", path, "yours; remove it there, and deploy puts its own"))
        elif force:
            actions.append(Action("replace", path))
        else:
            actions.append(Action("keep", path, "not as deploy left it; --force replaces it"))
    for path in obsolete(local, board, record):
        if force or board[path] in record[path].split():
            actions.append(Action("remove", path))
        else:
            actions.append(Action("keep", path, "no longer used, but not as deploy left it; --force removes it"))
    return actions


def obsolete(local: Collection[str], board: Collection[str], record: Collection[str]) -> list[str]:
    """The paths of what deploy once put there and no longer belongs on a robot."""
    return sorted(path for path in record if path.endswith(".py") and path in board and path not in local)


def moved_imports(source: bytes, moved: set[str]) -> list[tuple[int, str]]:
    """(number, new text) of each line that imports by its old name a module which is now in the package."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []  # MicroPython will say what is wrong with it
    found = []
    for node in ast.walk(tree):
        new: list[ast.stmt]
        match node:
            case ast.ImportFrom(module=name, names=names, level=0) if name in moved:
                new = [ast.ImportFrom(f"{PACKAGE}.{name}", names, 0)]
            case ast.Import(names=names) if any(n.name in moved for n in names):
                others = [n for n in names if n.name not in moved]
                new = [ast.ImportFrom(PACKAGE, [n for n in names if n.name in moved], 0)]
                new += [ast.Import(others)] if others else []
            case _:
                continue
        found.append((node.lineno, "; ".join(ast.unparse(statement) for statement in new)))
    return found


def advise(mine: list[str], moved: set[str], read: Callable[[str], bytes]) -> list[str]:
    """A sentence for each file of the owner's, `mine`, that imports what has moved.

    DeployError where it is his main.py: the robot would no longer start.
    """
    said = []
    for path in mine:
        lines = [f"line {number} must now say `{text}`" for number, text in moved_imports(read(path), moved)]
        if lines and path == MAIN:
            raise DeployError(
                f"the robot's main.py is yours, and its {'; its '.join(lines)}: change or remove it, and deploy again; "
                "nothing on the robot was changed"
            )
        if lines:
            said.append(f"{path} is yours, and its {'; its '.join(lines)}")
    return said


def with_program(settings: str, name: str) -> str:
    """The owner's settings with another program named: one text changes where that can be, else it is written anew.

    Words come out in the normal form, which a model's labels have too.
    """
    settings = normal(settings.removeprefix("\ufeff"))  # of some editors; the robot reads over it too
    try:
        values = json.loads(settings)
        if not isinstance(values, dict):
            raise ValueError("it is no table in {braces}")
    except ValueError as error:
        raise DeployError(
            f"the robot's settings.json cannot be read ({error}); repair it, or remove it there"
        ) from None
    wanted = values | {"program": name}
    changed = re.sub(r'("program"\s*:\s*)"[^"\\]*"', lambda m: m.group(1) + json.dumps(name), settings)
    try:
        if json.loads(changed) == wanted:
            return changed
    except ValueError:
        pass
    return json.dumps(wanted, indent=2, ensure_ascii=False) + "\n"


def apart(settings: bytes) -> bool:
    """Whether settings have letters in another form than a model's labels, as names copied from a Mac's folders do."""
    text = settings.decode(errors="replace")
    return text != normal(text)


def read_program(path: Path) -> bytes:
    """A behaviour that a robot can start, or DeployError."""
    if not path.stem.isidentifier() or path.suffix != ".py":
        raise DeployError(f"{path.name}: call it by one word of letters, digits and _, ending in .py")
    try:
        source = path.read_bytes()
        tree = ast.parse(source, path.name)
    except OSError as error:
        raise DeployError(f"{path} cannot be read: {error.strerror}") from None
    except (SyntaxError, ValueError) as error:
        raise DeployError(f"{path.name} is not Python: {error}") from None
    if not any(isinstance(node, ast.FunctionDef) and node.name == "run" for node in tree.body):
        raise DeployError(f"{path.name} has no function run(robot), which a program begins with")
    return source


def choose_program(wanted: str, local: dict[str, bytes], board: dict[str, str]) -> tuple[str, bytes | None]:
    """(name, content or None where it is there already) of what --program names: a file, or a program by its name."""
    if wanted.endswith(".py") or "/" in wanted or "\\" in wanted:
        path = Path(wanted)
        return path.stem, read_program(path)
    there = f"programs/{wanted}.py"
    if there in local or there in board:
        return wanted, None
    known = sorted({Path(p).stem for p in (*local, *board) if p.startswith("programs/")})
    raise DeployError(f"there is no program {wanted}; give a file, or one of: {', '.join(known)}")


@dataclass(frozen=True)
class Job:
    """What to do: the actions, and the content of what is copied."""

    actions: list[Action]
    contents: dict[str, bytes]
    model: bytes | None  # to be tried, then put over model.bin
    record: dict[str, str]  # the hash of each file that is then on the board as deploy put it there
    meanwhile: dict[str, str]  # the record until all is in place: it knows the files of before and the new ones
    known: bool  # whether the board has that record already
    advice: list[str]  # what the owner has to change in files of his own

    @property
    def removed(self) -> list[str]:
        return [action.path for action in self.actions if action.what == "remove"]


def prepare(
    shipped: dict[str, bytes],
    board: dict[str, str],
    read: Callable[[str], bytes],
    model: bytes | None = None,
    program: str | None = None,
    force: bool = False,
) -> Job:
    """Everything decided. board: hashes of what is there; read: gives a file of the board."""
    record = read_record(board, read)
    local = dict(shipped)
    forced = []  # what --program asks for
    if program:
        name, source = choose_program(program, local, board)
        if source is not None:
            local[f"programs/{name}.py"] = source
            forced.append(f"programs/{name}.py")
        try:
            settings = (read(SETTINGS) if SETTINGS in board else local[SETTINGS]).decode()
        except UnicodeDecodeError:
            raise DeployError("the robot's settings.json is not UTF-8; save it as UTF-8, or remove it there") from None
        changed = with_program(settings, name)
        if changed != settings:
            local[SETTINGS] = changed.encode()
            forced.append(SETTINGS)
    hashes = {path: digest(data) for path, data in local.items()}
    actions = plan(hashes, board, record, force)
    actions = [Action("replace", a.path) if a.what == "keep" and a.path in forced else a for a in actions]
    gone = {a.path for a in actions if a.what == "remove"}
    contents = {a.path: local[a.path] for a in actions if a.what in ("copy", "replace")}
    ours = {p for p in shipped if p in contents or board.get(p) == hashes[p]} - {SETTINGS, *forced}
    after = {p: h for p, h in record.items() if p in board and p not in gone and p not in forced}
    after |= {p: hashes[p] for p in ours}
    meanwhile = record | {p: f"{record.get(p, '')} {hashes[p]}".strip() for p in ours}
    old = obsolete(local, board, record)
    moved = {name for name in (path.removesuffix(".py") for path in old) if f"{PACKAGE}/{name}.py" in local}
    mine = [p for p in board if p.endswith(".py") and p not in {*ours, *contents, *old}]
    advice = advise(mine, moved, read) if moved else []
    if model is not None and board.get(MODEL) == digest(model):
        model = None
    if model is not None:
        actions.append(Action("replace" if MODEL in board else "copy", MODEL))
    return Job(actions, contents, model, after, meanwhile, after == record and RECORD in board, advice)
