"""A picture of a simulation: what was heard and done along the sound, and the path driven, seen from above."""

import numpy as np

from host.features.frontends import RATE
from host.pictures.canvas import png, pyplot
from host.simulator.physics import Movement, movements
from host.simulator.report import pose_text
from host.simulator.run import Simulation

COLORS = {"forward": "#2a9d58", "backward": "#c9862b", "left": "#3b74c4", "right": "#b0478f"}
SOUND, HEARD = "#8a939b", "#c0392b"
SMALLEST_MM = 250  # of the floor that is shown, so that a robot that stood still looks like one
ARROWS = 9
MOST_LEVEL = 14  # labels that lie
LABEL = 0.12  # of the picture's time: how much a label takes


def draw(simulation: Simulation, title: str) -> bytes:
    """A PNG of about 1400 x 600 pixels."""
    figure = pyplot().figure(figsize=(14, 6), layout="constrained")
    grid = figure.add_gridspec(2, 2, width_ratios=(1.7, 1), height_ratios=(4, 1))
    sound = figure.add_subplot(grid[0, 0])
    wheels = figure.add_subplot(grid[1, 0], sharex=sound)
    floor = figure.add_subplot(grid[:, 1])
    done = movements(simulation.path)
    start = (simulation.log.start_us or 0) / 1e6
    _sound(sound, simulation)
    _wheels(wheels, simulation, done, start)
    _floor(floor, simulation, done)
    figure.suptitle(title, fontsize=12)
    return png(figure)


def _envelope(samples: np.ndarray, columns: int = 1500) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(times, lowest, highest) of the samples in about as many columns as the picture has, full scale 1."""
    each = max(1, -(-len(samples) // columns))
    x = np.pad(samples, (0, -len(samples) % each)).reshape(-1, each) / 32768
    return (np.arange(len(x)) + 0.5) * each / RATE, x.min(1), x.max(1)


def _sound(axis, simulation: Simulation) -> None:
    log, samples = simulation.log, simulation.samples
    peak = max(0.02, float(np.abs(samples.astype(float)).max(initial=0)) / 32768)
    axis.fill_between(*_envelope(samples), color=SOUND, linewidth=0.4, edgecolor=SOUND)
    end = max(len(samples) / RATE, *(h.s for h in log.heard), log.sound_s(log.us), 0.1)
    upright = len(log.heard) > MOST_LEVEL  # labels that would cover each other stand up
    behind = [-1.0, -1.0]  # where the last label of either height ends
    for heard in sorted(log.heard, key=lambda h: h.s):
        height = int(heard.s < behind[0] and not upright)
        behind[height] = heard.s + (0 if upright else LABEL * end)
        level = (1.27 - 0.18 * height) * peak
        axis.vlines(heard.s, -1.05 * peak, 1.1 * peak if upright else level, color=HEARD, linewidth=1.2)
        if upright:
            axis.text(heard.s, 1.13 * peak, heard.word, color=HEARD, fontsize=8, rotation=90, ha="center", va="bottom")
            continue
        axis.annotate(
            f"{heard.word} {100 * heard.confidence:.0f} %", (heard.s, level),
            xytext=(3, 0), textcoords="offset points", color=HEARD, fontsize=10, va="center", zorder=4,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.85},
        )  # fmt: skip
    axis.set(xlim=(0, max(end, *behind)), ylim=(-1.05 * peak, 1.4 * peak), ylabel="sound (full scale 1)")
    axis.tick_params(labelbottom=False)
    axis.set_title("heard", loc="left", fontsize=10)


def _wheels(axis, simulation: Simulation, done: list[Movement], start: float) -> None:
    path = simulation.path
    s = path.column("s") - start
    for name, style in (("left", "-"), ("right", "--")):
        axis.plot(s, path.column(f"{name}_mm_s"), style, color="#333333", linewidth=0.9, label=f"{name} wheel")
    for m in done:
        axis.axvspan(m.start_s - start, m.end_s - start, color=COLORS[m.kind], alpha=0.35, linewidth=0)
    top = max(50.0, float(np.abs(path.rows[:, 4:]).max()))
    axis.set(xlabel="s", ylabel="mm/s", ylim=(-1.2 * top, 1.2 * top))
    axis.legend(loc="lower right", bbox_to_anchor=(1, 1), fontsize=8, ncols=2, frameon=False, borderaxespad=0.1)
    axis.set_title("driven", loc="left", fontsize=10)


def _floor(axis, simulation: Simulation, done: list[Movement]) -> None:
    path = simulation.path
    s, x, y = path.column("s"), path.column("x_mm"), path.column("y_mm")
    for m in done:
        part = (s >= m.start_s) & (s <= m.end_s)
        axis.plot(x[part], y[part], color=COLORS[m.kind], linewidth=3, solid_capstyle="round")
    spread = max(np.ptp(x), np.ptp(y), SMALLEST_MM)
    # small arrows at even distances of way; a turn, which may have no way at all, shows where it led
    way = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    if way[-1] > 20:
        for i in np.searchsorted(way, np.linspace(0, way[-1], ARROWS + 2)[1:-1]):
            _heading(axis, path, int(i), 0.04 * spread, "#444444")
    for m in done:
        if m.kind in ("left", "right"):
            _heading(axis, path, int(np.searchsorted(s, m.end_s)), 0.11 * spread, COLORS[m.kind])
    for i, color, fill, name in ((0, "black", "white", "start"), (-1, HEARD, HEARD, "end")):
        axis.plot(x[i], y[i], "o", color=color, markerfacecolor=fill, markersize=9, label=name, zorder=5)
        _heading(axis, path, i, 0.15 * spread, color)
    for kind in dict.fromkeys(m.kind for m in done):
        axis.plot([], [], color=COLORS[kind], linewidth=3, label=kind)
    middle = (x.min() + x.max()) / 2, (y.min() + y.max()) / 2
    half = 0.68 * spread
    axis.set(
        xlim=(middle[0] - half, middle[0] + half), ylim=(middle[1] - half, middle[1] + half), aspect="equal",
        xlabel="x: mm ahead of the start", ylabel="y: mm to its left",
    )  # fmt: skip
    axis.grid(alpha=0.3)
    axis.legend(loc="best", fontsize=8)
    axis.set_title(f"way {path.driven_mm:.0f} mm; {pose_text(path)}", loc="left", fontsize=10)


def _heading(axis, path, i: int, length: float, color: str) -> None:
    x, y, heading = path.rows[i, 1:4]
    axis.annotate(
        "", (x + length * np.cos(heading), y + length * np.sin(heading)), (x, y),
        arrowprops={"arrowstyle": "-|>", "color": color, "linewidth": 1.6}, zorder=6,
    )  # fmt: skip
