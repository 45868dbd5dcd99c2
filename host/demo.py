"""The whole path on one machine, from synthetic speech to a simulated robot that obeys:  make demo"""

import argparse
import io
import shutil
import sys
import time
from pathlib import Path

import soundfile

from host import train
from host.command import guard, seed, write_whole
from host.data.audio import RATE
from host.data.dataset import WORDS
from host.data.synthetic import Said, conversation
from host.engines.micropython import executable
from host.simulator import plot
from host.simulator.run import Heard, simulate
from host.training.config import RunError, load_config

OUT = Path("build/demo")
RUN = Path("runs/demo")
MODEL = "dsnet-24"
WANTED_RIGHT, ALLOWED_FALSE = 8, 1
PATIENCE = 1.2  # seconds after a word in which the robot may still say that it heard it


def compare(said: list[Said], heard: list[Heard]) -> tuple[list[tuple[Said, Heard | None]], list[Heard]]:
    """Each command said with what was heard of it, and what was heard besides (wrong words, repetitions, others)."""
    left = list(heard)
    pairs = []
    for s in said:
        if s.word not in WORDS:
            continue
        match = next((h for h in left if h.word == s.word and s.start < h.s < s.end + PATIENCE), None)
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
            outcome = f"heard at {h.s:5.2f} s, {100 * h.confidence:.0f} %"
        else:
            outcome = "MISSED"
        lines.append((s.start, f"{s.start:6.2f} s  said {s.word:<12} {outcome}"))
    lines += [(h.s, f"{h.s:6.2f} s  FALSE: heard {h.word}, {100 * h.confidence:.0f} %") for h in false]
    print("\n".join(line for _, line in sorted(lines)))


def _is_ours(folder: Path) -> bool:
    try:
        return load_config(folder).recipe.name == "demo"
    except RunError:
        return False


@guard
def main(arguments: list[str] | None = None) -> int:
    p = argparse.ArgumentParser(prog="python -m host.demo", description=__doc__)
    p.add_argument("--seed", type=seed, default=0, help="another seed: other training clips, another conversation")
    args = p.parse_args(arguments)
    started = time.monotonic()
    executable()  # nothing is worth training for a robot that is not there
    if RUN.exists():
        if not _is_ours(RUN):
            raise RunError(f"{RUN} is no run of the demo, which would replace it; move it away")
        shutil.rmtree(RUN)

    print(f"1. Train {MODEL} on synthesized words, quantisation-aware, and compile model.bin")
    options = ["--model", MODEL, "--data", "synthetic", "--recipe", "demo", "--seed", str(args.seed), "--out", str(RUN)]
    status = train.main(options)
    if status:
        return status

    print("2. Ten commands and four other words, by voices that training never heard, to the robot in MicroPython")
    samples, said = conversation(args.seed)
    wav, model = io.BytesIO(), (RUN / "model.bin").read_bytes()
    soundfile.write(wav, samples, RATE, subtype="PCM_16", format="WAV")
    write_whole(OUT / "conversation.wav", wav.getbuffer())
    write_whole(OUT / "model.bin", model)
    simulation = simulate(model, samples)
    if simulation.problem:
        print(simulation.problem)
        return 1
    heard = simulation.log.heard
    pairs, false = compare(said, heard)
    show(said, pairs, false)
    right = sum(h is not None for _, h in pairs)
    passed = right >= WANTED_RIGHT and len(false) <= ALLOWED_FALSE
    print(
        f"{right} of {len(pairs)} commands heard, {len(false)} false, in {len(samples) / RATE:.0f} s of sound "
        f"(wanted: {WANTED_RIGHT} or more, at most {ALLOWED_FALSE} false): {'ok' if passed else 'FAILED'}"
    )
    write_whole(OUT / "robot.png", plot.draw(simulation, "the robot of the demo"))
    print(f"It obeyed: {simulation.path.driven_mm:.0f} mm driven, drawn in {OUT / 'robot.png'}")
    print(f"{time.monotonic() - started:.0f} s in all. Again, with your own ears and settings:")
    print(f"    .venv/bin/python -m host.simulate {OUT / 'model.bin'} {OUT / 'conversation.wav'}")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
