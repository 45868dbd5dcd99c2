"""A simulation in words: what was heard, announced and done, and where the robot ends."""

from dataclasses import asdict
from typing import Any

from host.features.frontends import RATE
from host.simulator import physics
from host.simulator.run import Simulation


def pose_text(path: physics.Path) -> str:
    """The end of a path in words."""
    x, y, degrees = path.pose.values()
    x, y, degrees = (round(v) + 0 for v in (x, y, (degrees + 180) % 360 - 180))
    return f"ends at x {x} mm, y {y} mm, heading {degrees}°"


def events(simulation: Simulation) -> list[dict]:
    """What was heard, what the program said of its movements and what they were, in the order of the sound."""
    log, start = simulation.log, (simulation.log.start_us or 0) / 1e6
    found: list[dict[str, Any]]
    found = [{"s": h.s, "kind": "heard", "word": h.word, "confidence": round(h.confidence, 4)} for h in log.heard]
    found += [{"s": a.s, "kind": "announced", "movement": a.name} for a in log.announced]
    for m in physics.movements(simulation.path):
        values = {k: round(v, 1) if isinstance(v, float) else v for k, v in asdict(m).items()}
        found.append(
            {
                "s": m.start_s - start, "kind": "moved", "movement": m.kind, "end_s": m.end_s - start,
                "mm": values["mm"], "degrees": values["degrees"],
            }
        )  # fmt: skip
    for event in found:
        event.update({k: round(max(0.0, event[k]), 3) for k in ("s", "end_s") if k in event})
    return sorted(found, key=lambda e: e["s"])


def sentence(event: dict) -> str:
    """An event as a line for people."""
    match event["kind"]:
        case "heard":
            what = f"heard {event['word']}, {100 * event['confidence']:.0f} %"
        case "announced":
            what = f"  program: {event['movement']}"
        case _:
            way = f"{event['mm']:.0f} mm" if abs(event["mm"]) >= 1 else ""
            turn = f"{event['degrees']:+.0f}°" if abs(event["degrees"]) >= 0.5 else ""
            what = f"  moves {event['movement']} " + " and ".join(filter(None, (way, turn)))
            what += f", until {event['end_s']:.2f} s"
    return f"{event['s']:7.2f} s  {what}"


def report(simulation: Simulation) -> dict:
    """The run as one JSON object."""
    log, path = simulation.log, simulation.path
    return {
        "seconds": round(len(simulation.samples) / RATE, 3),
        "events": events(simulation),
        "pose": {k: round(v, 1) for k, v in path.pose.items()},
        "driven_mm": round(path.driven_mm, 1),
        "overruns": log.counts["lost"],
        "lost_ms": log.lost_ms,
        "stalls": log.counts["stall"],
        "reached_end": log.end_us is not None,
        "output": list(log.text),
        "problem": simulation.problem,
    }
