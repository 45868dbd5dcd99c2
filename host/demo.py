"""The whole path on one machine, from synthetic speech to commands heard in MicroPython:  make demo"""

import argparse
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import soundfile

from host import train
from host.data.dataset import WORDS
from host.data.speech import RATE
from host.data.synthetic import Said, conversation
from host.engines import micropython

ROBOT = Path("build/robot")
DEVICE = Path(__file__).resolve().parents[1] / "device"
RUN = Path("runs/demo")
MODEL = "dsnet-24"
WANTED_RIGHT, ALLOWED_FALSE = 8, 1
PATIENCE = 1.2  # seconds after a word in which the robot may still say that it heard it


@dataclass(frozen=True)
class Heard:
    """A command of the robot, time in seconds."""

    time: float
    word: str
    confidence: int


def parse(line: str) -> Heard:
    """A line of device/hear.py: "  2.40 s  right   97 %"."""
    time_text, _, word, confidence, _ = line.split()
    return Heard(float(time_text), word, int(confidence))


def compare(said: list[Said], heard: list[Heard]) -> tuple[list[tuple[Said, Heard | None]], list[Heard]]:
    """Each command said with what was heard of it, and what was heard besides (wrong words, repetitions, others)."""
    left = list(heard)
    pairs = []
    for s in said:
        if s.word not in WORDS:
            continue
        match = next((h for h in left if h.word == s.word and s.start < h.time < s.end + PATIENCE), None)
        if match:
            left.remove(match)
        pairs.append((s, match))
    return pairs, left


def show(said: list[Said], pairs, false: list[Heard]) -> None:
    """A line per word said and per false command, in the order of time."""
    found = {id(s): h for s, h in pairs}
    lines = []
    for s in said:
        h = found.get(id(s))
        if s.word not in WORDS:
            outcome = "(no command)"
        elif h:
            outcome = f"heard at {h.time:5.2f} s, {h.confidence} %"
        else:
            outcome = "MISSED"
        lines.append((s.start, f"{s.start:6.2f} s  said {s.word:<12} {outcome}"))
    lines += [(h.time, f"{h.time:6.2f} s  FALSE: heard {h.word}, {h.confidence} %") for h in false]
    print("\n".join(line for _, line in sorted(lines)))


def main(arguments: list[str] | None = None) -> int:
    p = argparse.ArgumentParser(prog="python -m host.demo", description=__doc__)
    p.add_argument("--seed", type=int, default=0, help="another seed: other training clips, another conversation")
    args = p.parse_args(arguments)
    started = time.monotonic()

    print(f"1. Train {MODEL} on synthesized words, quantisation-aware, and compile model.bin")
    shutil.rmtree(RUN, ignore_errors=True)
    options = ["--model", MODEL, "--data", "synthetic", "--recipe", "demo", "--seed", str(args.seed), "--out", str(RUN)]
    status = train.main(options)
    if status:
        return status

    print(f"2. Copy model.bin and the device's programs to {ROBOT}, where MicroPython finds them")
    shutil.rmtree(ROBOT, ignore_errors=True)
    shutil.copytree(DEVICE, ROBOT)
    shutil.copy(RUN / "model.bin", ROBOT)

    print("3. Ten commands and four other words, by voices that training never heard, streamed into MicroPython")
    samples, said = conversation(args.seed)
    wav = ROBOT / "conversation.wav"
    soundfile.write(wav, samples, RATE, subtype="PCM_16")
    output = micropython.run_script(ROBOT / "hear.py", str(ROBOT / "model.bin"), str(wav))
    heard = [parse(line) for line in output.splitlines()]
    pairs, false = compare(said, heard)
    show(said, pairs, false)
    right = sum(h is not None for _, h in pairs)
    passed = right >= WANTED_RIGHT and len(false) <= ALLOWED_FALSE
    print(
        f"{right} of {len(pairs)} commands heard, {len(false)} false, in {len(samples) / RATE:.0f} s of sound "
        f"(wanted: {WANTED_RIGHT} or more, at most {ALLOWED_FALSE} false): {'ok' if passed else 'FAILED'}"
    )
    print(f"{time.monotonic() - started:.0f} s in all; the recording is {wav}, the model {ROBOT / 'model.bin'}")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
