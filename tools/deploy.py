"""Install on a robot, or bring it up to date:  python -m tools.deploy [--model MODEL.bin] [--program FILE.py]

Copies the programs of device/ that differ, a model and a behaviour, then starts the robot anew and shows what it says.
Everything is first written beside what it replaces and checked there: a broken cable or an empty battery, and a model
that the robot refuses, leave what was there. settings.json is the owner's: only --program changes a line of it. A
program of programs/ that was changed on the robot is kept too, unless --force.
"""

import argparse
import ast
import contextlib
import errno
import hashlib
import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from host.base.errors import Error
from host.base.text import normal
from host.cli.arguments import seconds
from host.cli.guard import guard
from tools.board_link import BoardError, Link, LinkError, find_port

ROOT = Path(__file__).resolve().parents[1]
DEVICE = ROOT / "device"
SHIPPED_MODEL = ROOT / "models" / "robot.bin"
SETTINGS, MODEL, STAGED_MODEL = "settings.json", "model.bin", "model.new"
RECORD = "deployed.json"  # on the robot: the hash of each file that deploy put there
PART = ".part"  # what a file is called until it is whole
SPARE = 4  # blocks of the file system to leave free, for folders and littlefs itself

# --- on the board: MicroPython code, sent as text ---------------------------------------------------------------------

SYSTEM = "import sys\nprint(sys.implementation[0])"

# What is there: {"tympan": is the module there, "block": bytes, "free": blocks, "files": {path: sha256}, "stale": what
# an interrupted deploy has left}. Leaves sha() for later.
LOOK = """
import os, json, hashlib, binascii
def sha(path):
    h = hashlib.sha256()
    b = bytearray(512)
    with open(path, 'rb') as f:
        while True:
            n = f.readinto(b)
            if not n: break
            h.update(memoryview(b)[:n])
    return str(binascii.hexlify(h.digest()), 'ascii')
def names(folder):
    try: return [e[0] for e in os.ilistdir(folder) if e[1] == 0x8000]
    except OSError: return []
def look():
    files = {}
    stale = []
    for folder in ('', 'programs/'):
        for name in names(folder[:-1] or '/'):
            if name.endswith(('.py.part', '.json.part')) or name in ('model.part', 'model.new'):
                stale.append(folder + name)
            else: files[folder + name] = sha(folder + name)
    try:
        import tympan
        has = True
    except ImportError: has = False
    s = os.statvfs('/')
    print(json.dumps({'tympan': has, 'block': s[0], 'free': s[3], 'files': files, 'stale': stale}))
look()
"""

# Whether the staged model is one, with room for its stream: prints its labels, or "refused" and why.
TRY_MODEL = """
import gc, tympan
def try_model():
    gc.collect()
    try:
        with open('model.new', 'rb') as f: m = tympan.Model(f)
        i = m.info()
        hop = i['listening']['hop'] * i['rate'] // 1000 // i['hop']
        try: tympan.Stream(m, 0, hop)
        except ValueError: tympan.Stream(m)
        print('labels', *m.labels)
    except (ValueError, MemoryError) as e: print('refused', e)
try_model()
"""

# Every staged file in its place: {pairs} is a list of (from, to). On a FAT file system a name must be free first.
RENAME = """
import os
def put(a, b):
    try: os.rename(a, b)
    except OSError:
        os.remove(b)
        os.rename(a, b)
for a, b in {pairs!r}: put(a, b)
if hasattr(os, 'sync'): os.sync()
"""

DISCARD = """
import os
for p in {paths!r}:
    try: os.remove(p)
    except OSError: pass
"""

# --- planning: nothing here talks to a board --------------------------------------------------------------------------


class DeployError(Error):
    """What the owner has to know, in one sentence."""


@dataclass(frozen=True)
class Action:
    """What happens to a file of the robot: "copy", "replace" or "keep" (say why)."""

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


def plan(local: dict[str, str], board: dict[str, str], record: dict[str, str], force: bool = False) -> list[Action]:
    """From hashes to actions. record: what deploy put on the board before. Files not named locally are left alone."""
    actions = []
    for path, wanted in local.items():
        there = board.get(path)
        if there is None:
            actions.append(Action("copy", path))
        elif there == wanted:
            continue
        elif path == SETTINGS:
            actions.append(Action("keep", path, "yours"))
        elif path.startswith("programs/") and there != record.get(path) and not force:
            actions.append(Action("keep", path, "not as deploy left it; --force replaces it"))
        else:
            actions.append(Action("replace", path))
    return actions


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
    known: bool  # whether the board has that record already


def prepare(
    shipped: dict[str, bytes],
    board: dict[str, str],
    read: Callable[[str], bytes],
    model: bytes | None = None,
    program: str | None = None,
    force: bool = False,
) -> Job:
    """Everything decided. board: hashes of what is there; read: gives a file of the board."""
    try:
        record = json.loads(read(RECORD)) if RECORD in board else {}
    except ValueError:
        record = {}
    record = record if isinstance(record, dict) else {}
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
    contents = {a.path: local[a.path] for a in actions if a.what != "keep"}
    ours = {p for p in shipped if p in contents or board.get(p) == hashes[p]} - {SETTINGS, *forced}
    after = {p: h for p, h in record.items() if p not in forced} | {p: hashes[p] for p in ours}
    if model is not None and board.get(MODEL) == digest(model):
        model = None
    if model is not None:
        actions.append(Action("replace" if MODEL in board else "copy", MODEL))
    return Job(actions, contents, model, after, after == record)


# --- doing it ---------------------------------------------------------------------------------------------------------


def look(link: Link) -> dict:
    """What is on the board; DeployError where nothing of ours can run there."""
    system = link.exec(SYSTEM).strip()
    if system != "micropython":
        raise DeployError(f"the board runs {system}; put MicroPython on it first: python -m tools.flash")
    try:
        return json.loads(link.exec(LOOK))
    except ValueError:
        raise LinkError("the robot's answer came garbled; check the cable and try again") from None


def not_written(path: str, error: BoardError) -> str:
    """Why a file could not be written, in a sentence."""
    if re.search(rf"OSError: (\[Errno )?{errno.ENOSPC}\b", str(error)):
        return f"the robot has no space left for {path}; nothing on it was changed: remove files from it"
    return f"{path} cannot be written ({error}); nothing on the robot was changed: reset it and try again"


def stage(link: Link, job: Job, say: Callable[[str], None]) -> list[tuple[str, str]]:
    """Write everything beside its place and check it there; the renames that are left to do."""
    folders = sorted({path.rsplit("/", 1)[0] for path in job.contents if "/" in path})
    for folder in folders:
        link.exec(f"import os\ntry: os.mkdir({folder!r})\nexcept OSError: pass")
    written = {path + PART: data for path, data in job.contents.items()}
    written[RECORD + PART] = json.dumps(job.record).encode()
    if job.model is not None:
        written[STAGED_MODEL] = job.model
    try:
        for path, data in written.items():
            name = MODEL if path == STAGED_MODEL else path.removesuffix(PART)
            say(f"copy {name} ({len(data)} bytes)")
            try:
                link.write_file(path, data)
                arrived = link.exec(f"print(sha({path!r}))").strip()
            except BoardError as error:
                raise DeployError(not_written(name, error)) from None
            if arrived != digest(data):
                raise DeployError(f"{name} did not arrive as it was sent; nothing on the robot was changed: try again")
        if job.model is not None:
            verdict, _, words = link.exec(TRY_MODEL).strip().partition(" ")
            if verdict != "labels":
                raise DeployError(f"the robot refuses the model ({words}); nothing on it was changed")
            say(f"the robot takes the model: {words}")
    except (DeployError, BoardError):
        link.exec(DISCARD.format(paths=list(written)))
        raise
    renames = [(path + PART, path) for path in job.contents]
    if job.model is not None:
        renames.append((STAGED_MODEL, MODEL))
    return [*renames, (RECORD + PART, RECORD)]


def deploy(link: Link, model: Path | None, program: str | None, force: bool, dry_run: bool, say=print) -> bool:
    """Bring the board up to date; whether anything was changed."""
    found = look(link)
    if found["stale"] and not dry_run:
        link.exec(DISCARD.format(paths=found["stale"]))
        found = look(link)
    board = found["files"]
    local = device_files()
    if not found["tympan"]:
        say("the firmware has no module tympan: everything works but hearing words (docs/firmware.md)")
        if model:
            raise DeployError("no model can run without the module tympan; flash a firmware that has it")
    elif model is None and MODEL not in board:
        model = SHIPPED_MODEL
    if SETTINGS in board and not program and apart(link.read_file(SETTINGS)):
        say(
            "settings.json: accents in it stand apart from their letters, and the robot takes such words for others; "
            "--program NAME puts them together"
        )
    job = prepare(local, board, link.read_file, model.read_bytes() if model else None, program, force)
    for action in job.actions:
        if dry_run or action.why:
            say(f"{action.what} {action.path}" + (f" ({action.why})" if action.why else ""))
    if not job.contents and job.model is None:
        say("nothing to copy: the robot is up to date")
        if job.known:
            return False
    block = found["block"]
    sizes = [*map(len, job.contents.values()), len(job.model or b"")]
    needed = sum(-(-size // block) for size in sizes) + SPARE
    if found["free"] < needed:
        free = found["free"] * block >> 10
        raise DeployError(f"the robot has {free} KB free and {needed * block >> 10} are needed; remove files from it")
    if dry_run:
        return False
    renames = stage(link, job, say)
    link.exec(RENAME.format(pairs=renames))
    return True


@guard
def main(arguments: list[str] | None = None) -> int:
    p = argparse.ArgumentParser(prog="python -m tools.deploy", description=__doc__)
    p.add_argument("--port", default="auto", help="the robot's serial port (default: the only one on USB)")
    p.add_argument("--model", type=Path, metavar="FILE", help="default: the shipped one where the robot has none")
    p.add_argument("--program", metavar="FILE|NAME", help="a behaviour to copy to programs/ and to start from now on")
    p.add_argument("--force", action="store_true", help="also replace programs that were changed on the robot")
    p.add_argument("--dry-run", action="store_true", help="only say what would be copied")
    p.add_argument("--ampy", action="store_true", help="use ampy's connection instead of mpremote's")
    p.add_argument("--watch", type=seconds, default=4, metavar="SECONDS", help="show the first output so long")
    args = p.parse_args(arguments)
    if args.model and not args.model.is_file():
        raise DeployError(f"{args.model}: no such file")
    if args.program and args.program.endswith(".py"):
        read_program(Path(args.program))  # before the robot is stopped
    try:
        with Link(find_port(args.port), "ampy" if args.ampy else None) as link:
            print(f"connected to {link.port} by {link.by}")
            deploy(link, args.model, args.program, args.force, args.dry_run)
            if args.dry_run:
                print("nothing was changed; the robot's program is stopped until its next reset")
                return 0
            print("the robot starts anew and says:")
            with contextlib.suppress(KeyboardInterrupt):  # who has seen enough
                for line in link.soft_reset(args.watch):
                    print(f"  {line}", flush=True)
    except BoardError as error:
        raise DeployError(f"the robot answers with an error ({error}); reset it and try again") from None
    except KeyboardInterrupt:
        raise KeyboardInterrupt("the robot has what it had before; reset it") from None
    return 0


if __name__ == "__main__":
    sys.exit(main())
