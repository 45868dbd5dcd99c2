"""How a training went, epoch by epoch."""

from host.pictures.canvas import png, pyplot


def draw(epochs: list[dict]) -> bytes:
    """A PNG: loss and accuracies over the epochs, the quantised part shaded."""
    x = [e["epoch"] for e in epochs]
    figure, (left, right) = pyplot().subplots(1, 2, figsize=(10, 4), layout="constrained")
    left.plot(x, [e["loss"] for e in epochs], color="tab:orange")
    left.set(xlabel="epoch", ylabel="training loss (cross-entropy)", title="Loss")
    right.plot(x, [100 * e["train_accuracy"] for e in epochs], label="training (augmented)", color="tab:orange")
    right.plot(x, [100 * e["validation_accuracy"] for e in epochs], label="validation", color="tab:blue")
    right.set(xlabel="epoch", ylabel="accuracy (%)", title="Accuracy")
    quantised = [e["epoch"] for e in epochs if e["quantized"]]
    for axis in (left, right):
        axis.grid(alpha=0.3)
        if quantised:
            axis.axvspan(quantised[0] - 0.5, quantised[-1] + 0.5, color="tab:green", alpha=0.1, label="int8")
    right.legend(loc="lower right")
    return png(figure)
