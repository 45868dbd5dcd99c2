"""What a search found: accuracy against what it costs."""

from dataclasses import dataclass

from host.pictures.canvas import png, pyplot


@dataclass(frozen=True)
class Point:
    """A design by its number; accuracy: of 0 to 1; costs: by name."""

    number: int
    accuracy: float
    costs: dict[str, int]


def draw(
    axes: dict[str, str],
    stopped: list[Point],
    measured: list[Point],
    best: list[Point],
    limits: dict[str, float | None],
) -> bytes:
    """A PNG, a plot for each of two costs. axes: what to call each; best: those that none beats, with their numbers.

    limits: what was required of each cost and of the "accuracy", None where nothing was.
    """
    from matplotlib import ticker

    figure, plots = pyplot().subplots(1, len(axes), figsize=(11, 4.8), layout="constrained", sharey=True)
    groups = [
        ("stopped early", "0.75", "x", stopped),
        ("measured", "tab:blue", "o", measured),
        ("beaten by none", "tab:red", "o", best),
    ]
    for axis, (key, name) in zip(plots, axes.items(), strict=True):
        for label, color, marker, members in groups:
            if members:
                at = [p.costs[key] for p in members], [100 * p.accuracy for p in members]
                axis.scatter(*at, s=26, c=color, marker=marker, label=label)
        for p in best:
            axis.annotate(
                str(p.number), (p.costs[key], 100 * p.accuracy), xytext=(3, 4), textcoords="offset points", fontsize=7
            )
        if limits[key] is not None:
            axis.axvline(limits[key], color="0.4", linestyle="--", linewidth=1, label="required")
        if limits["accuracy"] is not None:
            axis.axhline(100 * limits["accuracy"], color="0.4", linestyle="--", linewidth=1)
        axis.set_xlabel(name)
        axis.set_xlim(left=0)
        axis.xaxis.set_major_locator(ticker.MaxNLocator(6))
        axis.xaxis.set_major_formatter("{x:,.0f}")
        axis.grid(alpha=0.3)
    plots[0].set_ylabel("validation accuracy (%)")
    if stopped or measured or best:
        figure.legend(*plots[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False)
    return png(figure)
