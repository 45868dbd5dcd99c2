"""Install on a robot, or bring it up to date:  python -m tools.deploy [--model MODEL.bin] [--program FILE.py]

Copies the files of device/ that differ, a model and a behaviour, then starts the robot anew and shows what it says.
Everything is first written beside what it replaces and checked there: a broken cable or an empty battery, and a model
that the robot refuses, leave what was there. It replaces only what it put there itself and nobody changed since, and
removes what of that is no longer used; with --force also what was changed. settings.json, and a main.py that is not
deploy's own, stay as they are in any case; only --program changes a line of the settings.
"""

import argparse
import contextlib
import errno
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

from host.cli.arguments import seconds
from host.cli.guard import guard
from tools.board_link import BoardError, Link, LinkError, find_port
from tools.deploy_plan import (
    MODEL,
    PACKAGE,
    RECORD,
    ROOT,
    SETTINGS,
    DeployError,
    Job,
    apart,
    device_files,
    digest,
    prepare,
    read_program,
)

SHIPPED_MODEL = ROOT / "models" / "robot.bin"
STAGED_MODEL = "model.new"
MEANWHILE = "meanwhile.json.part"  # the record until all is in place
PART = ".part"  # what a file is called until it is whole
SPARE = 8  # blocks of the file system to leave free, for folders, records and littlefs itself

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
    for folder in FOLDERS:
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
""".replace("FOLDERS", repr(("", "programs/", f"{PACKAGE}/")))

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

# Moves staged files to their places and removes what is no longer used: {steps} is a list of (from, to), to "" removes.
# On a FAT file system a name must be free first.
RENAME = """
import os
def put(a, b):
    try: os.rename(a, b)
    except OSError:
        os.remove(b)
        os.rename(a, b)
for a, b in {steps!r}:
    if b: put(a, b)
    else: os.remove(a)
if hasattr(os, 'sync'): os.sync()
"""

MAKE_FOLDER = """
import os
try:
    os.mkdir({folder!r})
    print('made')
except OSError as e:
    if e.errno != 17: raise
"""

DISCARD = """
import os
def discard(remove, paths):
    for p in paths:
        try: remove(p)
        except OSError: pass
discard(os.remove, {paths!r})
discard(os.rmdir, {folders!r})
"""

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
    """Write everything beside its place and check it there; the steps that are left to do, for RENAME.

    Their order lets a robot start whose power goes in between: what main.py imports is there before it, and what the
    main.py of before imports goes after it.
    """
    folders = sorted({path.rsplit("/", 1)[0] for path in job.contents if "/" in path})
    made = []
    written = {path + PART: data for path, data in job.contents.items()}
    written[MEANWHILE] = json.dumps(job.meanwhile).encode()
    written[RECORD + PART] = json.dumps(job.record).encode()
    if job.model is not None:
        written[STAGED_MODEL] = job.model
    try:
        for folder in folders:
            try:
                made += [folder] if link.exec(MAKE_FOLDER.format(folder=folder)).strip() else []
            except BoardError as error:
                raise DeployError(not_written(folder, error)) from None
        for path, data in written.items():
            name = {STAGED_MODEL: MODEL, MEANWHILE: RECORD}.get(path, path.removesuffix(PART))
            if path != MEANWHILE:
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
        link.exec(DISCARD.format(paths=list(written), folders=made))
        raise
    steps = [(MEANWHILE, RECORD)]
    steps += [(path + PART, path) for path in sorted(job.contents, key=lambda p: (not p.startswith(PACKAGE), p))]
    if job.model is not None:
        steps.append((STAGED_MODEL, MODEL))
    return [*steps, *((path, "") for path in job.removed), (RECORD + PART, RECORD)]


def deploy(link: Link, model: Path | None, program: str | None, force: bool, dry_run: bool, say=print) -> bool:
    """Bring the board up to date; whether anything was changed."""
    found = look(link)
    if found["stale"] and not dry_run:
        link.exec(DISCARD.format(paths=found["stale"], folders=[]))
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
    for sentence in job.advice:
        say(sentence)
    if not job.contents and not job.removed and job.model is None:
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
    link.exec(RENAME.format(steps=stage(link, job, say)))
    if job.removed:
        say(f"removed, of an earlier version: {', '.join(job.removed)}")
    return True


@guard
def main(arguments: list[str] | None = None) -> int:
    p = argparse.ArgumentParser(prog="python -m tools.deploy", description=__doc__)
    p.add_argument("--port", default="auto", help="the robot's serial port (default: the only one on USB)")
    p.add_argument("--model", type=Path, metavar="FILE", help="default: the shipped one where the robot has none")
    p.add_argument("--program", metavar="FILE|NAME", help="a behaviour to copy to programs/ and to start from now on")
    p.add_argument("--force", action="store_true", help="also replace what was changed on the robot")
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
