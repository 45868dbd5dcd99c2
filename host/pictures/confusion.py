"""A confusion table."""

import numpy as np

from host.pictures.canvas import png, pyplot


def draw(counts: np.ndarray, labels: tuple[str, ...], title: str) -> bytes:
    """A PNG: in per cent of each true class. counts: [classes, classes], clips of the row's taken for the column's."""
    n = len(labels)
    share = 100 * counts / np.maximum(1, counts.sum(1, keepdims=True))
    figure, axis = pyplot().subplots(figsize=(1.8 + 0.55 * n, 1.4 + 0.5 * n), layout="constrained")
    axis.imshow(share, cmap="Blues", vmin=0, vmax=100)
    axis.set(xlabel="heard", ylabel="said", title=title)
    axis.set_xticks(range(n), labels, rotation=45, ha="right")
    axis.set_yticks(range(n), labels)
    for i in range(n):
        for j in range(n):
            if share[i, j] >= 0.5:
                color = "white" if share[i, j] > 55 else "black"
                axis.text(j, i, f"{share[i, j]:.0f}", ha="center", va="center", fontsize=8, color=color)
    return png(figure)
