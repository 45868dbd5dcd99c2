"""How long does the battery last? mA and hours from the duty cycle, as an estimate:  python -m bench.energy [--write]

Nothing here was measured on a robot. Every assumption is a constant below or an option; docs/energy.md says where each
comes from. Instructions are those of bench/xtensa.json, waits for PSRAM those of bench/psram.json. With --write the
tables in docs/energy.md are replaced.
"""

import argparse
import json
import sys
from dataclasses import dataclass, replace

from bench import psram
from bench.emulator import ROOT
from bench.pages import rows, write_tables
from bench.speed import CYCLES, network_hop
from bench.xtensa import BUDGET, column
from host.format.file import read

PAGE = ROOT / "docs" / "energy.md"
MODEL = "robot"  # what tools.deploy puts on a robot
PLACE, CACHE_KB = "heap", 16  # of bench.psram: how the firmware for an ESP32-S2 has it

# mA of an ESP32-S2 without radio, CPU on and its cache idle, by MHz; and in light sleep
WAITING_MA = {240: 22.0, 160: 17.0, 80: 14.0}
LIGHT_SLEEP_MA = 0.55
# a CPU that executes from flash draws more than one that waits
EXECUTING = 1.4
# the loop sleeps 20 ms at a time while the robot stands; MicroPython spins for the last 10 ms of a sleep
SPINNING = 0.5
# "light_sleep_ms": asleep for 500 ms, then some 130 ms to wake and to look at the level
ASLEEP_MS, LOOKING_MS = 500, 130
MICROPHONE_MA = 0.6
# one NeoPixel: dark, and with the colour of "listening" at the brightness that settings.json ships
LIGHT_DARK_MA, LIGHT_LISTENING_MA = 1.0, 2.0
# of a battery's capacity, what is there before the voltage is too low
USABLE = 0.85


@dataclass(frozen=True)
class Assumptions:
    """What the options say."""

    battery_mah: float
    network: float  # instructions per hop
    front_end: float
    cycles: float  # per instruction
    network_wait: float  # ms per hop, for PSRAM, whatever the clock
    front_end_wait: float
    hop_ms: float
    motor_ma: float  # each
    other_ma: float
    speech: float  # shares of the time, 0 to 1
    driving: float


def busy(a: Assumptions, mhz: int, gate_open: float) -> float:
    """Share of the time that the CPU computes; above 1 it does not keep up with the sound."""
    cycles = (a.front_end + gate_open * a.network) * a.cycles
    return (cycles / (mhz * 1e3) + a.front_end_wait + gate_open * a.network_wait) / a.hop_ms


def chip_ma(a: Assumptions, mhz: int, gate_open: float) -> float:
    """Mean current of the chip while it listens."""
    computing = min(1.0, busy(a, mhz, gate_open))
    return WAITING_MA[mhz] * (1 + (EXECUTING - 1) * (computing + (1 - computing) * SPINNING))


def situations(a: Assumptions) -> list[tuple[str, int | None, float | None, float]]:
    """Name, MHz, busy share and mA of each."""
    around = MICROPHONE_MA + LIGHT_LISTENING_MA + a.other_ma

    def listening(name: str, mhz: int, gate_open: float) -> tuple[str, int, float, float]:
        return name, mhz, busy(a, mhz, gate_open), chip_ma(a, mhz, gate_open) + around

    speaking, slow = (listening("listens, gate open", mhz, 1) for mhz in (240, 80))
    quiet = [listening("listens, gate closed", mhz, 0) for mhz in (240, 160, 80)]
    asleep = LIGHT_SLEEP_MA + LIGHT_DARK_MA + MICROPHONE_MA + a.other_ma
    dozing = (ASLEEP_MS * asleep + LOOKING_MS * quiet[0][3]) / (ASLEEP_MS + LOOKING_MS)
    mixed = a.speech * speaking[3] + (1 - a.speech) * quiet[0][3] + a.driving * 2 * a.motor_ma
    return [
        speaking,
        slow,
        *quiet,
        ("drives, gate open", 240, busy(a, 240, 1), speaking[3] + 2 * a.motor_ma),
        (f"gate open {a.speech:.0%}, drives {a.driving:.0%} of the time", 240, None, mixed),
        (f"light_sleep_ms {ASLEEP_MS}, deaf meanwhile", None, None, dozing),
    ]


def table(a: Assumptions) -> list[str]:
    lines = [f"{'':40} {'MHz':>4} {'busy':>6} {'mA':>6} {'hours':>6}"]
    for name, mhz, share, ma in situations(a):
        clock = "" if mhz is None else str(mhz)
        computing = "" if share is None else f"{share:.0%}"
        lines.append(f"{name:40} {clock:>4} {computing:>6} {ma:6.0f} {USABLE * a.battery_mah / ma:6.1f}")
    return lines


def counted() -> tuple[int, int, int]:
    """Instructions of the network and of all else in a hop of a stream, of an ESP32-S2; ms of a hop."""
    s = column(json.loads(BUDGET.read_text()), "s2")[MODEL]
    program, _ = read((ROOT / "models" / f"{MODEL}.bin").read_bytes())
    return network_hop(s), s["hop_streaming"] - network_hop(s), program.listening.hop


def waits(place: str, kilobytes: int) -> tuple[float, float]:
    """ms that the network, and all else, waits for PSRAM in a hop of a stream."""
    return psram.stalls(json.loads(psram.LINES.read_text())[MODEL], place, kilobytes)


def share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is no share: 0 to 1")
    return value


def not_negative(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1e12:
        raise argparse.ArgumentTypeError(f"{text} is not 0 or more")
    return value


def positive(text: str) -> float:
    value = not_negative(text)
    if value == 0:
        raise argparse.ArgumentTypeError(f"{text} is not more than 0")
    return value


def parser() -> argparse.ArgumentParser:
    network, front_end, hop = counted()
    network_wait, front_end_wait = (round(ms, 3) for ms in waits(PLACE, CACHE_KB))
    p = argparse.ArgumentParser(prog="python -m bench.energy", description=__doc__.splitlines()[0])
    p.add_argument(
        "--battery-mah", type=positive, default=1000, help="what is printed on the cell (default: %(default)s)"
    )
    p.add_argument(
        "--instructions-per-hop", type=positive, default=network, help="of the network (default: %(default)s)"
    )
    p.add_argument(
        "--front-end-instructions",
        type=positive,
        default=front_end,
        help="per hop, gate open or not (default: %(default)s)",
    )
    p.add_argument("--cycles-per-instruction", type=positive, default=CYCLES, help="default: %(default)s")
    p.add_argument(
        "--network-wait-ms",
        type=not_negative,
        default=network_wait,
        help="of the network for PSRAM, per hop (default: %(default)s)",
    )
    p.add_argument(
        "--front-end-wait-ms",
        type=not_negative,
        default=front_end_wait,
        help="of all else for PSRAM, per hop, gate open or not (default: %(default)s)",
    )
    p.add_argument("--hop-ms", type=positive, default=hop, help="between windows (default: %(default)s)")
    p.add_argument("--motor-ma", type=positive, default=120, help="each, while it drives (default: %(default)s)")
    p.add_argument(
        "--other-ma", type=positive, default=20, help="regulator, sensors, power light (default: %(default)s)"
    )
    p.add_argument(
        "--speech", type=share, default=0.1, help="share of the time the gate is open (default: %(default)s)"
    )
    p.add_argument("--driving", type=share, default=0.05, help="share of the time it drives (default: %(default)s)")
    p.add_argument("--write", action="store_true", help=f"replace the tables in {PAGE.relative_to(ROOT)}")
    return p


def assumptions(o: argparse.Namespace) -> Assumptions:
    return Assumptions(
        o.battery_mah,
        o.instructions_per_hop,
        o.front_end_instructions,
        o.cycles_per_instruction,
        o.network_wait_ms,
        o.front_end_wait_ms,
        o.hop_ms,
        o.motor_ma,
        o.other_ma,
        o.speech,
        o.driving,
    )


def report(a: Assumptions) -> str:
    """What is printed for these assumptions."""
    battery = f"{a.battery_mah:g} mAh of which {USABLE:.0%} are usable"
    work = f"network {a.network / 1e6:.2f} M, front end {a.front_end / 1e6:.2f} M instructions"
    lines = [
        f"ESTIMATE for an ESP32-S2, radio off, {battery}; nothing measured",
        f"per hop of {a.hop_ms:g} ms: {work}, {a.cycles:g} cycles each;",
        f"waiting for PSRAM: network {a.network_wait:.1f} ms, front end {a.front_end_wait:.1f} ms",
        *table(a),
    ]
    if busy(a, 240, 1) > 1:
        lines.append("busy above 100 %: windows come later than every hop, or sound is dropped; take a smaller network")
    return "\n".join(lines)


def placements(a: Assumptions) -> str:
    """What lies in PSRAM, and what that costs a robot that listens with its gate open."""
    body = []
    cases = [("nothing", 0, 0.0, 0.0)]
    cases += [(text, size, *waits(place, size)) for place, text in psram.PLACES.items() for size in psram.KILOBYTES]
    for text, size, network, front_end in sorted(cases, key=lambda case: case[2] + case[3]):
        changed = replace(a, network_wait=network, front_end_wait=front_end)
        shares = [f"{busy(changed, mhz, 1):.1%}" for mhz in (240, 80)]
        currents = [f"{chip_ma(changed, mhz, 1):.1f}" for mhz in (240, 80)]
        cache = f"{size} KB" if size else ""
        body.append((text, cache, f"{network + front_end:.1f}", *shares, *currents))
    head = ("in PSRAM", "data cache", "waiting, ms a hop", "busy at 240 MHz", "at 80", "chip, mA at 240 MHz", "at 80")
    return rows(head, body)


def tables(a: Assumptions) -> dict[str, str]:
    """What the page has of it, by name."""
    return {"estimate": block(report(a)), "psram": placements(a)}


def block(text: str) -> str:
    """Text as it stands, in Markdown."""
    return "".join(f"    {line}\n" for line in text.splitlines())


def main(arguments: list[str]) -> int:
    options = parser().parse_args(arguments)
    found = tables(assumptions(options))
    print(*found.values(), sep="\n")
    if options.write:
        write_tables(PAGE, found)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
