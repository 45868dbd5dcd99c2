"""Record words with the robot's own microphone:  python -m tools.record WORD --out FOLDER [--count N]

Writes one-second clips into a folder in the layout of Speech Commands, FOLDER/WORD/<speaker>_nohash_<n>.wav, so that
host.train --data FOLDER learns from them. A clip that is there already is never touched.
"""

import argparse
import base64
import binascii
import getpass
import hashlib
import io
import math
import os
import re
import sys
import time
import wave
import zlib
from pathlib import Path

import numpy as np

from host.base.errors import Error
from host.base.text import is_word, normal
from host.cli.arguments import seconds, whole
from host.cli.guard import guard
from host.data.dataset import NOISE_FOLDER, SILENCE, UNKNOWN
from tools.board_link import BoardError, Link, find_port

RATE = 16000
ATTEMPTS = 3  # failures in a row after which the recording ends
SETUP = "from tympan_robot.settings import load\nfrom programs.record import clip\nsettings = load()\n"
RECORD = "clip(settings)"
FULL_SCALE = 32768
CLIPPED, QUIET_DB = 32767, -50.0


class ClipError(Error):
    """Why what arrived is no clip."""


def parse_clip(text: str) -> bytes:
    """int16 samples from what the robot's clip() printed; ClipError where anything of it is not as announced."""
    lines = text.splitlines()
    starts = [i for i, line in enumerate(lines) if line.startswith("@clip ")]
    if len(starts) != 1:
        raise ClipError("the robot sent no clip" if not starts else "two clips came at once")
    ends = [i for i, line in enumerate(lines) if line.startswith("@end ")]
    if len(ends) != 1 or ends[0] < starts[0]:
        raise ClipError("the end of the clip did not arrive")
    try:
        size = int(lines[starts[0]].split()[1])
        checksum = int(lines[ends[0]].split()[1], 16)
        body = "".join(lines[starts[0] + 1 : ends[0]])
        data = base64.b64decode(body, validate=True)
    except (ValueError, IndexError, binascii.Error):
        raise ClipError("the clip arrived garbled") from None
    if len(data) != size:
        raise ClipError(f"{len(data)} bytes arrived of {size}")
    if size != 2 * RATE:
        raise ClipError(f"the clip has {size // 2} samples, expected {RATE}")
    if zlib.crc32(data) != checksum:
        raise ClipError("the clip was damaged on its way: its checksum does not match")
    return data


def next_number(folder: Path, speaker: str) -> int:
    """The first free number after all that are there."""
    pattern = re.compile(rf"{re.escape(speaker)}_nohash_(\d+)\.wav")
    taken = [int(m.group(1)) for p in folder.glob("*.wav") if (m := pattern.fullmatch(p.name))]
    return max(taken, default=-1) + 1


def write_clip(folder: Path, speaker: str, data: bytes) -> Path:
    """A new wav file, whole or not at all; an existing one is never opened for writing."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{speaker}_nohash_{next_number(folder, speaker)}.wav"
    memory = io.BytesIO()
    with wave.open(memory, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(RATE)
        wav.writeframes(data)
    new = path.open("xb")
    try:
        with new:
            new.write(memory.getbuffer())
    except BaseException:
        path.unlink()
        raise
    return path


def loudness(data: bytes) -> str:
    """A clip's level in words."""
    samples = np.frombuffer(data, "<i2").astype(np.int64)
    rms = math.sqrt(np.mean(samples * samples))
    db = 20 * math.log10(max(rms, 1e-3) / FULL_SCALE)
    if np.abs(samples).max() >= CLIPPED:
        return f"{db:.0f} dBFS, clipped: speak from farther away, or lower microphone: gain in settings.json"
    if db < QUIET_DB:
        return f"{db:.0f} dBFS, hardly anything: speak louder, or raise microphone: gain in settings.json"
    return f"{db:.0f} dBFS"


def default_speaker() -> str:
    """The same for each user of a PC, as Speech Commands names speakers: eight digits that tell nobody's name."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a number without a name, as in a container
        user = str(os.getuid())
    return hashlib.sha256(user.encode(errors="surrogateescape")).hexdigest()[:8]


def record(link: Link, folder: Path, word: str, speaker: str, count: int, pause: float, say=print) -> int:
    """Record `count` clips; how many were written. ClipError after several bad ones in a row."""
    try:
        complaints = link.exec(SETUP).strip()
    except BoardError as error:
        raise ClipError(f"the robot cannot record ({error}); bring it up to date: python -m tools.deploy") from None
    if complaints:
        say(complaints)
    done = failed = 0
    while done < count:
        time.sleep(pause)
        say(f'{done + 1} of {count}: say "{word}"')
        try:
            data = parse_clip(link.exec(RECORD))
        except (ClipError, BoardError) as error:
            failed += 1
            if failed == ATTEMPTS:
                raise ClipError(f"{failed} clips failed in a row, the last: {error}") from None
            say(f"  not kept: {error}; once more")
            continue
        failed = 0
        done += 1
        say(f"  {write_clip(folder, speaker, data)}: {loudness(data)}")
    return done


@guard
def main(arguments: list[str] | None = None) -> int:
    p = argparse.ArgumentParser(prog="python -m tools.record", description=__doc__)
    p.add_argument("word", metavar="WORD", help="what will be said; _silence_ for none")
    p.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    p.add_argument("--count", type=whole(1, 1_000_000), default=10, metavar="N")
    p.add_argument("--speaker", help="letters and digits (default: made of your user name)")
    p.add_argument("--pause", type=seconds, default=1.5, metavar="SECONDS", help="between clips")
    p.add_argument("--port", default="auto", help="the robot's serial port (default: the only one on USB)")
    args = p.parse_args(arguments)
    word = normal(args.word)
    if not is_word(word) and word not in (SILENCE, UNKNOWN, NOISE_FOLDER):
        raise ClipError(f"{args.word!r} is no name for a word: small letters and digits only, and - or _ between them")
    speaker = default_speaker() if args.speaker is None else args.speaker
    if not re.fullmatch(r"[a-z0-9]+", speaker):
        raise ClipError(f"{speaker!r} is no name for a speaker: small letters and digits only")
    try:
        with Link(find_port(args.port)) as link:
            record(link, args.out / word, word, speaker, args.count, args.pause)
    except KeyboardInterrupt:
        raise KeyboardInterrupt("the clips so far are kept") from None
    return 0


if __name__ == "__main__":
    sys.exit(main())
