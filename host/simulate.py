"""A robot for those who have none:  python -m host.simulate MODEL.bin AUDIO.wav

Runs the device's unchanged program in MicroPython's unix port on stand-in hardware: the recording is its microphone,
and its motors' PWM becomes a path. Prints what was heard and done, and where the robot ends.
"""

import argparse
import json
import sys
from contextlib import suppress
from pathlib import Path

from host.base.errors import naming
from host.base.files import write_whole
from host.cli.arguments import picture
from host.cli.guard import guard, warn
from host.data import audio
from host.format.file import read
from host.pictures import drive
from host.simulator.microphone import microphone
from host.simulator.report import events, pose_text, report, sentence
from host.simulator.run import Announced, Heard, Simulation, simulate


def span(text: str) -> list[int]:
    """Seconds "3-4.5" as milliseconds."""
    with suppress(ValueError):
        start, end = (float(part) for part in text.split("-"))
        if 0 <= start < end < 86400:
            return [round(1000 * start), round(1000 * end)]
    raise argparse.ArgumentTypeError(f"{text} is no span of seconds; expected FROM-TO, as 3-4.5")


def _show_live(item: Heard | Announced | str) -> None:
    """A line as it comes, while somebody speaks."""
    match item:
        case Heard():
            print(f"{item.s:7.2f} s  heard {item.word}, {100 * item.confidence:.0f} %", flush=True)
        case Announced():
            print(f"{item.s:7.2f} s    program: {item.name}", flush=True)
        case _:
            print(f"           | {item}", flush=True)


@guard
def main(arguments: list[str] | None = None) -> int:
    p = argparse.ArgumentParser(prog="python -m host.simulate", description=__doc__)
    p.add_argument("model", type=Path, metavar="MODEL.bin")
    p.add_argument("audio", type=Path, nargs="?", metavar="AUDIO.wav", help="mono, 16 kHz")
    p.add_argument("--live", action="store_true", help="the PC's microphone instead of a recording, until Ctrl-C")
    p.add_argument("--program", help="of the robot's programs, instead of the one in settings.json")
    p.add_argument(
        "--settings", type=Path, metavar="JSON", help="the robot's settings.json; what it leaves out has its default"
    )
    p.add_argument(
        "--obstacle", type=span, action="append", default=[], metavar="FROM-TO", help="something is ahead, in s"
    )
    p.add_argument("--plot", type=picture, metavar="PNG", help="draw the sound, what was heard and the path driven")
    p.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    args = p.parse_args(arguments)
    if (args.audio is None) != args.live:
        p.error("give a recording, or --live")
    simulation = _simulate(args)
    _print(simulation, args)
    if simulation.problem:
        print(f"error: {simulation.problem}", file=sys.stderr)
    if args.plot:
        source = "the microphone" if args.live else args.audio.name
        write_whole(args.plot, drive.draw(simulation, f"{args.model.name} hears {source}"))
        if not args.json:
            print(f"picture: {args.plot}")
    return 1 if simulation.problem else 0


def _simulate(args: argparse.Namespace) -> Simulation:
    model = args.model.read_bytes()
    with naming(args.model):
        read(model)  # the robot refuses a broken file too, but goes on without it
    settings = args.settings.read_bytes() if args.settings else None
    scene = {"obstacles": args.obstacle}
    if not args.live:
        samples, facts = audio.listen(args.audio)
        if facts.cut_short:
            warn(f"{args.audio}: cut short: {facts.cut_short}")
        return simulate(model, samples, args.program, settings, scene=scene)
    sound = microphone()
    if not args.json:
        print("speak; Ctrl-C ends it", flush=True)
    show = (lambda item: None) if args.json else _show_live
    return simulate(model, sound, args.program, settings, scene=scene, show=show)


def _print(simulation: Simulation, args: argparse.Namespace) -> None:
    if args.json:
        picture = str(args.plot) if args.plot else None
        source = None if args.live else str(args.audio)
        print(json.dumps({"model": str(args.model), "audio": source, **report(simulation), "picture": picture}))
        return
    if not args.live:
        for line in simulation.log.text:
            print(f"           | {line}")
    for event in events(simulation):
        if not args.live or event["kind"] == "moved":
            print(sentence(event))
    found = report(simulation)
    print(f"{pose_text(simulation.path)}; {found['driven_mm']:.0f} mm of way in {found['seconds']:.1f} s of sound")
    if found["overruns"] or found["stalls"]:
        print(f"the loop was late {found['overruns']} times ({found['lost_ms']} ms lost); {found['stalls']} stalls")


if __name__ == "__main__":
    sys.exit(main())
