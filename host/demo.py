"""The whole path on one machine, from synthetic speech to a simulated robot that obeys:  make demo"""

import argparse
import functools
import io
import shutil
import sys
import time
from pathlib import Path

import soundfile

from host.base import paths
from host.base.files import write_whole
from host.base.paths import shown
from host.cli.arguments import seed
from host.cli.guard import guard, warn
from host.data.languages import ENGLISH
from host.data.synthetic import conversation
from host.engines.micropython import executable
from host.features.frontends import RATE
from host.models import MODELS
from host.pictures import drive
from host.simulator.run import simulate
from host.simulator.score import compare, scored
from host.training.config import RunError, load_config
from host.training.recipes import RECIPES
from host.training.request import Request, fulfil

OUT = paths.BUILD / "demo"
RUN = paths.RUNS / "demo"
MODEL = "dsnet-24"
WANTED_RIGHT, ALLOWED_FALSE = 8, 1


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
            raise RunError(f"{shown(RUN)} is no run of the demo, which would replace it; move it away")
        shutil.rmtree(RUN)

    print(f"1. Train {MODEL} on synthesized words, quantisation-aware, and compile model.bin")
    request = Request((ENGLISH.source,), RECIPES["demo"], (MODEL, MODELS[MODEL]), seed=args.seed)
    found = request.gather()
    for finding in found.findings:
        warn(finding)
    fulfil(request, found, shown(RUN), say=functools.partial(print, flush=True))

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
    print("\n".join(scored(said, pairs, false)))
    right = sum(h is not None for _, h in pairs)
    passed = right >= WANTED_RIGHT and len(false) <= ALLOWED_FALSE
    print(
        f"{right} of {len(pairs)} commands heard, {len(false)} false, in {len(samples) / RATE:.0f} s of sound "
        f"(wanted: {WANTED_RIGHT} or more, at most {ALLOWED_FALSE} false): {'ok' if passed else 'FAILED'}"
    )
    write_whole(OUT / "robot.png", drive.draw(simulation, "the robot of the demo"))
    out = shown(OUT)
    print(f"It obeyed: {simulation.path.driven_mm:.0f} mm driven, drawn in {out / 'robot.png'}")
    print(f"{time.monotonic() - started:.0f} s in all. Again, with your own ears and settings:")
    print(f"    .venv/bin/python -m host.simulate {out / 'model.bin'} {out / 'conversation.wav'}")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
