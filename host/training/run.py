"""A run folder: what was trained, how it went, and where to go on.

config.json   what determines the run (model, data, classes, split, seed, recipe, front end, labels)
metrics.jsonl one line per epoch; curves.png the same drawn
last.pt       checkpoint to resume from; best.pt the quantised epoch with the best validation accuracy
model.bin     that epoch, compiled
"""

import dataclasses
import io
import json
import math
import shlex
from pathlib import Path

import torch

from host.base.files import write_whole
from host.compiler.build import build as build_file
from host.compiler.build import write_model
from host.data.dataset import Dataset
from host.models.design import build
from host.models.network import Network
from host.pictures import curves
from host.training.config import RunConfig, RunError, differences, load_config, reading
from host.training.loop import Epoch, device_of, make_optimizer, train_epochs
from host.training.recipes import Recipe
from host.training.weights import load_weights
from host.training.workers import rank


def new_network(config: RunConfig) -> Network:
    """The network of a run, randomly initialised or as the run that it starts from left it."""
    network = build(config.model, config.design, config.frontend, config.labels)
    if config.start:
        start = Path(config.start)
        _, before = load_weights(start) if start.is_file() else load_network(start)
        network.start_from(before)
    return network


def load_network(folder: Path) -> tuple[RunConfig, Network]:
    """The network of a run folder, as it was in its best epoch."""
    config, path = load_config(folder), folder / "best.pt"
    network = build(config.model, config.design, config.frontend, config.labels)
    with reading(path):
        state = torch.load(path, map_location="cpu", weights_only=True)
        weights, _ = state["network"], state["epoch"]  # a last.pt in its place has no epoch
        network.load_state_dict(weights)
    if not network.quantized:
        raise RunError(f"{path} is of an epoch in floating point; restore it, or train in another --out")
    return config, network


def load_best(folder: Path) -> tuple[Epoch, float]:
    """A run's best quantised epoch, and the hours that all its epochs took."""
    with reading(folder / "last.pt"):
        epochs = [Epoch(**e) for e in torch.load(folder / "last.pt", map_location="cpu", weights_only=True)["history"]]
        best = max((e for e in epochs if e.quantized), key=lambda e: e.validation_accuracy)
        if best.epoch != torch.load(folder / "best.pt", map_location="cpu", weights_only=True)["epoch"]:
            raise ValueError("best.pt is of another epoch")
        return best, sum(e.seconds for e in epochs) / 3600


def _save(path: Path, state: dict) -> None:
    memory = io.BytesIO()
    torch.save(state, memory)
    write_whole(path, memory.getbuffer())


def train(
    config: RunConfig, data: Dataset, folder: Path, resume: bool = False, quiet: bool = False, log=print, device="cpu"
) -> Path:
    """Train in a run folder, on `device`, and compile the best quantised epoch; returns the path of model.bin.

    resume: go on from last.pt; RunError where the folder was made with another configuration. Without it: RunError
    where the folder holds more than the configuration of this very run. Of several workers the first alone writes.
    """
    config_path, last = folder / "config.json", folder / "last.pt"
    torch.manual_seed(config.seed)
    network = new_network(config).to(device)
    optimizer = make_optimizer(network, config.recipe)
    history: list[dict] = []
    if resume:
        if not last.exists():
            raise RunError(f"{folder}: nothing to resume, no last.pt; start without --resume or in another --out")
        changed = differences(load_config(folder), config)
        if changed:
            said = f"{folder}: was started with another configuration: {', '.join(changed)}; use another --out"
            if "labels" not in changed:
                said += f"; to go on from its weights: --start {shlex.quote(str(folder))} --out ANOTHER"
            raise RunError(said)
        with reading(last):
            state = torch.load(last, map_location=device, weights_only=True)
            network.load_state_dict(state["network"])
            optimizer.load_state_dict(state["optimizer"])
            history = state["history"]
    else:
        if any((folder / name).exists() for name in ("last.pt", "best.pt", "model.bin", "metrics.jsonl")):
            going_on = "add --resume to go on, or " if last.exists() else ""
            raise RunError(f"{folder}: holds a run already; {going_on}use another --out")
        if config_path.exists() and differences(load_config(folder), config):
            raise RunError(f"{folder}: was started with another configuration; use another --out")
        if not rank():
            write_whole(config_path, config.to_json().encode())
    try:
        _epochs(config, data, folder, network, optimizer, history, quiet, log)
    except KeyboardInterrupt:
        again = "the same line with --resume goes on" if last.exists() else "no epoch was complete"
        raise KeyboardInterrupt(again) from None
    if rank():
        return folder / "model.bin"
    model = compile_run(folder)  # first: a disk that is full now shall not cost it
    write_whole(folder / "curves.png", curves.draw(history))
    return model


def _epochs(config: RunConfig, data: Dataset, folder: Path, network, optimizer, history: list, quiet, log) -> None:
    """Train to the end and keep what each epoch gave."""
    best = max((e["validation_accuracy"] for e in history if e["quantized"]), default=-1.0)
    device = device_of(network)
    teachers = [load_network(Path(folder))[1].eval().to(device) for folder in config.teachers]
    for epoch in train_epochs(network, optimizer, data, config.recipe, config.seed, len(history), quiet, teachers):
        if rank():
            continue
        history.append(dataclasses.asdict(epoch))
        state = {"network": network.state_dict(), "optimizer": optimizer.state_dict(), "history": history}
        if epoch.quantized and epoch.validation_accuracy > best:
            best = epoch.validation_accuracy
            _save(folder / "best.pt", {"network": network.state_dict(), "epoch": epoch.epoch})
        _save(folder / "last.pt", state)
        write_whole(folder / "metrics.jsonl", "".join(json.dumps(e) + "\n" for e in history).encode())
        log(_line(epoch, config.recipe, [e["seconds"] for e in history]))


def time_left(seconds: list[float], epochs: int) -> str:
    """How long the rest of `epochs` will take if each takes as long as the last few did; `seconds`: of those done."""
    recent = seconds[-3:]
    minutes = math.ceil((epochs - len(seconds)) * sum(recent) / len(recent) / 60)
    return f"{minutes} min left" if minutes < 100 else f"{minutes / 60:.1f} h left"


def _line(e: Epoch, recipe: Recipe, seconds: list[float]) -> str:
    kind = "int8 " if e.quantized else "float"
    return (
        f"epoch {e.epoch:3d}/{recipe.epochs}  loss {e.loss:.3f}  training {100 * e.train_accuracy:5.1f} %  "
        f"validation ({kind}) {100 * e.validation_accuracy:5.1f} %  "
        f"{e.seconds:.0f} s, {time_left(seconds, recipe.epochs)}"
    )


def compile_run(folder: Path, output: Path | None = None, name: str = "fast", strip: int | None = None) -> Path:
    """Compile a run's best epoch to `output`, by default the model.bin beside it."""
    _, network = load_network(folder)
    network.eval()
    program = network.program()
    path = output or folder / "model.bin"
    save = write_model if output else write_whole  # what the folder holds is the run's own, even if damaged
    save(path, build_file(program, name, strip))
    return path
