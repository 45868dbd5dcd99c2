"""A run folder: what was trained, how it went, and where to go on.

config.json   what determines the run (model, data, classes, split, seed, recipe, front end, labels)
metrics.jsonl one line per epoch; curves.png the same drawn
last.pt       checkpoint to resume from; best.pt the quantised epoch with the best validation accuracy
model.bin     that epoch, compiled
"""

import dataclasses
import json
from pathlib import Path

import torch

from host.compiler.plan import plan
from host.data.dataset import TRAINING, Dataset
from host.format.file import write
from host.format.program import FrontEnd
from host.models import build, design_frontend
from host.models.network import Network
from host.training.loop import Epoch, make_optimizer, train_epochs
from host.training.recipes import Recipe


class RunError(ValueError):
    """A run folder that cannot be used as asked."""


@dataclasses.dataclass(frozen=True)
class RunConfig:
    """Everything that determines a run."""

    model: str
    data: str
    clips: dict[str, int]
    classes: int
    split: str
    seed: int
    recipe: Recipe
    frontend: FrontEnd
    labels: tuple[str, ...]

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self), indent=1)

    @staticmethod
    def from_json(text: str) -> "RunConfig":
        d = json.loads(text)
        frontend = {k: tuple(v) if isinstance(v, list) else v for k, v in d.pop("frontend").items()}
        return RunConfig(
            **{**d, "labels": tuple(d["labels"]), "recipe": Recipe(**d["recipe"]), "frontend": FrontEnd(**frontend)}
        )


def make_config(model: str, data: Dataset, classes: int, split: str, seed: int, recipe: Recipe) -> RunConfig:
    """The configuration of a run on this data; the front end is designed on its training clips."""
    frontend = design_frontend(model, data.levels[data.rows(TRAINING)])
    return RunConfig(model, data.source, data.counts(TRAINING), classes, split, seed, recipe, frontend, data.labels)


def _differences(old: RunConfig, new: RunConfig) -> str:
    changed = []
    for f in dataclasses.fields(RunConfig):
        before, now = getattr(old, f.name), getattr(new, f.name)
        if before != now:
            shown = f.name in ("clips", "frontend", "labels", "recipe")
            changed.append(f.name if shown else f"{f.name} ({before!r}, now {now!r})")
    return ", ".join(changed)


def load_network(folder: Path, checkpoint: str = "best.pt") -> tuple[RunConfig, Network]:
    """The network of a run folder, as its checkpoint left it."""
    for name in ("config.json", checkpoint):
        if not (folder / name).exists():
            raise RunError(f"{folder}: no {name}; it is written by 'python -m host.train'")
    config = RunConfig.from_json((folder / "config.json").read_text())
    network = build(config.model, config.frontend, config.labels)
    network.load_state_dict(torch.load(folder / checkpoint, weights_only=True)["network"])
    return config, network


def _save(path: Path, state: dict) -> None:
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    partial.rename(path)


def draw_curves(folder: Path, epochs: list[dict]) -> None:
    """curves.png: loss and accuracies over the epochs, the quantised part shaded."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    x = [e["epoch"] for e in epochs]
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
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
    figure.savefig(folder / "curves.png", dpi=100)
    plt.close(figure)


def train(config: RunConfig, data: Dataset, folder: Path, resume: bool = False, quiet: bool = False, log=print) -> Path:
    """Train in a run folder and compile the best quantised epoch; returns the path of model.bin.

    resume: go on from last.pt; RunError where the folder was made with another configuration.
    """
    config_path, last = folder / "config.json", folder / "last.pt"
    torch.manual_seed(config.seed)
    network = build(config.model, config.frontend, config.labels)
    optimizer = make_optimizer(network, config.recipe)
    history: list[dict] = []
    if resume:
        if not last.exists():
            raise RunError(f"{folder}: nothing to resume, no last.pt; start without --resume")
        changed = _differences(RunConfig.from_json(config_path.read_text()), config)
        if changed:
            raise RunError(f"{folder}: was started with another configuration: {changed}; use another --out")
        state = torch.load(last, weights_only=True)
        network.load_state_dict(state["network"])
        optimizer.load_state_dict(state["optimizer"])
        history = state["history"]
    elif last.exists():
        raise RunError(f"{folder}: holds a run already; add --resume to go on, or use another --out")
    folder.mkdir(parents=True, exist_ok=True)
    config_path.write_text(config.to_json())
    best = max((e["validation_accuracy"] for e in history if e["quantized"]), default=-1.0)
    for epoch in train_epochs(network, optimizer, data, config.recipe, config.seed, len(history), quiet):
        history.append(dataclasses.asdict(epoch))
        state = {"network": network.state_dict(), "optimizer": optimizer.state_dict(), "history": history}
        if epoch.quantized and epoch.validation_accuracy > best:
            best = epoch.validation_accuracy
            _save(folder / "best.pt", {"network": network.state_dict(), "epoch": epoch.epoch})
        _save(last, state)
        (folder / "metrics.jsonl").write_text("".join(json.dumps(e) + "\n" for e in history))
        log(_line(epoch, config.recipe))
    draw_curves(folder, history)
    return compile_run(folder)


def _line(e: Epoch, recipe: Recipe) -> str:
    kind = "int8 " if e.quantized else "float"
    return (
        f"epoch {e.epoch:3d}/{recipe.epochs}  loss {e.loss:.3f}  training {100 * e.train_accuracy:5.1f} %  "
        f"validation ({kind}) {100 * e.validation_accuracy:5.1f} %  {e.seconds:.0f} s"
    )


def compile_run(folder: Path, output: Path | None = None, checkpoint: str = "best.pt", strip: int = 2) -> Path:
    """Compile a run's checkpoint to `output`, by default the model.bin beside it."""
    _, network = load_network(folder, checkpoint)
    network.eval()
    program = network.program()
    path = output or folder / "model.bin"
    path.write_bytes(write(program, plan(program, strip)))
    return path
