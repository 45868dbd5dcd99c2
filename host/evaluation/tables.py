"""Tables of accuracies for a terminal."""

from host.base.text import percent, printable
from host.evaluation.result import Result, kinds


def table(result: Result) -> str:
    """A line for each class."""
    lines = [f"{'class':<12} {'clips':>6} {'right':>6} {'accuracy':>9}"]
    for label, row in result.per_class().items():
        lines.append(f"{printable(label):<12} {row['clips']:>6} {row['right']:>6} {percent(row['accuracy']):>9}")
    return "\n".join(lines)


def robustness_table(found: dict[str, dict[str, dict]], labels: tuple[str, ...]) -> str:
    """What `robustness.measure` found, a line for each level and each SNR."""
    shown = kinds(labels)
    lines = [("clips", list(shown.values()))]
    for kind, title in (("level", "gain {:+} dB"), ("snr", "noise, SNR {} dB")):
        lines += [(title.format(int(db)), [percent(row[k]) for k in shown]) for db, row in found[kind].items()]
    return "\n".join(f"{name:<18}" + "".join(f"{cell:>17}" for cell in cells) for name, cells in lines)
