"""The training loop: epochs of batches, validation on the robot's integers, checkpoints that resume bit for bit."""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from tqdm import tqdm

from host.compiler.build import build
from host.data.dataset import SILENCE, TRAINING, UNKNOWN, VALIDATION, Dataset
from host.engines.native import NativeModel
from host.models.network import Network
from host.training.augment import augmented, centred, to_features
from host.training.distill import answers, distance
from host.training.losses import LOSSES
from host.training.recipes import Recipe
from host.training.workers import average, count, rank


@dataclass(frozen=True)
class Epoch:
    """What one epoch measured; accuracies are of 0 to 1, the validation's in int8 once quantised."""

    epoch: int
    loss: float
    train_accuracy: float
    validation_accuracy: float
    rate: float
    quantized: bool
    seconds: float


def make_optimizer(model: Network, recipe: Recipe) -> torch.optim.Optimizer:
    """SGD; no weight decay on quantiser steps, gate strengths, biases and batch norm."""
    decayed = [p for p in model.parameters() if p.ndim > 1]
    rest = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": recipe.decay}, {"params": rest, "weight_decay": 0.0}]
    return torch.optim.SGD(groups, lr=recipe.rate, momentum=recipe.momentum, nesterov=recipe.nesterov)


def learning_rate(recipe: Recipe, epoch: float) -> float:
    """Linear warm-up, then constant or cosine to zero; `epoch` counts fractions."""
    if epoch < recipe.warmup:
        return recipe.rate * max(epoch, 0.02) / recipe.warmup
    if not recipe.cosine:
        return recipe.rate
    done = (epoch - recipe.warmup) / (recipe.epochs - recipe.warmup)
    return recipe.rate * 0.5 * (1 + math.cos(math.pi * done))


def _draw(pool: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """`count` of the rows, none twice where there are as many."""
    return rng.choice(pool, count, replace=count > len(pool))


def epoch_rows(data: Dataset, recipe: Recipe, rng: np.random.Generator) -> np.ndarray:
    """Shuffled training rows; unknown and silence, which may abound or be few, are drawn to `share` of a word.

    Where the recipe is `balanced` that is done source by source, and each word is drawn as well; a source without
    words, of noise say, gives a share of all words.
    """
    rows = data.rows(TRAINING)
    special = [data.labels.index(w) for w in (UNKNOWN, SILENCE) if w in data.labels]
    parts = [rows[data.origin[rows] == o] for o in np.unique(data.origin)] if recipe.balanced else [rows]
    every, drawn = rows[~np.isin(data.target[rows], special)], []
    for part in parts:
        words = part[~np.isin(data.target[part], special)]
        mean = (len(words) or len(every)) / (len(data.labels) - len(special))
        if recipe.balanced:
            found = [words[data.target[words] == label] for label in np.unique(data.target[words])]
            drawn += [_draw(pool, round(mean), rng) for pool in found]
        else:
            drawn.append(words)
        found = [part[data.target[part] == label] for label in special]
        drawn += [_draw(pool, round(recipe.share * mean), rng) for pool in found if len(pool)]
    return rng.permutation(np.concatenate(drawn))


def device_of(model: Network) -> torch.device:
    """Where the network's parameters are, and so its batches have to be."""
    return next(model.parameters()).device


def predict(model: Network, levels: np.ndarray, batch: int = 512) -> np.ndarray:
    """Outputs of the network in evaluation mode on centred windows: float64 [clips, classes].

    Once quantised they are the C core's: the same integers as PyTorch's, ten times as fast.
    """
    model.eval()
    device, out, native = device_of(model), [], None
    if model.quantized:
        program = model.program()
        native = NativeModel(build(program), *program.shapes()[0][:2], len(program.labels))
    with torch.no_grad():
        for i in range(0, len(levels), batch):
            features = to_features(centred(levels[i : i + batch], model.frontend.frames), model.frontend)
            y = torch.from_numpy(native.run(features.numpy())) if native else model(features.to(device))
            out.append(y.double().cpu().numpy())
    return np.concatenate(out)


def measured(model: Network, data: Dataset, split: str) -> float:
    """Accuracy on the clips of a split, each class in it counting the same: unknown abounds in what is recorded."""
    rows = data.rows(split)
    right, target = predict(model, data.levels[rows]).argmax(1) == data.target[rows], data.target[rows]
    return float(np.mean([right[target == label].mean() for label in np.unique(target)]))


def _steps(rows: np.ndarray, recipe: Recipe) -> int:
    """Whole batches in an epoch; fewer clips than one batch are a batch."""
    return max(1, len(rows) // recipe.batch)


def calibrate(model: Network, data: Dataset, recipe: Recipe, rng: np.random.Generator, batches: int = 8) -> None:
    """Before a training that is quantised from the start: let quantisers and batch norms see a few batches."""
    model.train()
    device = device_of(model)
    norms = [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    momenta = [m.momentum for m in norms]
    for m in norms:
        m.momentum = None  # the plain mean over the batches
    rows = epoch_rows(data, recipe, rng)
    with torch.no_grad():
        for i in range(min(batches, _steps(rows, recipe))):
            part = rows[i * recipe.batch : (i + 1) * recipe.batch]
            x = to_features(augmented(data, part, model.frontend.frames, recipe, rng), model.frontend)
            model(x.to(device))
    for m, momentum in zip(norms, momenta, strict=True):
        m.momentum = momentum


def train_epochs(
    model, optimizer, data: Dataset, recipe: Recipe, seed: int, first: int, quiet=False,
    teachers: Sequence[Network] = (),
) -> Iterator[Epoch]:  # fmt: skip
    """Train from epoch `first` on, where the network is, yielding after each. (seed, epoch) determine what is drawn.

    teachers: trained networks, in evaluation mode and where the network is, from which it learns too. Of several
    workers each trains on its share of the batches, to the same network; the first alone validates.
    """
    device, worker, workers = device_of(model), rank(), count()
    for epoch in range(first, recipe.epochs):
        started = time.monotonic()
        rng = np.random.default_rng((seed, epoch))
        torch.manual_seed(seed * 100003 + epoch)
        if epoch == recipe.float_epochs:
            if epoch == 0 and not model.quantized:
                calibrate(model, data, recipe, rng)
            model.quantize()
        rows = epoch_rows(data, recipe, rng)
        rng = np.random.default_rng((seed, epoch, worker)) if workers > 1 else rng
        model.train()
        loss_sum = right = seen = 0.0
        steps = _steps(rows, recipe)
        bar = tqdm(
            range(steps), f"epoch {epoch + 1}/{recipe.epochs}", leave=False, disable=quiet or None, mininterval=1
        )
        for step in bar:
            picked = rows[step * recipe.batch : (step + 1) * recipe.batch][worker::workers]
            levels = augmented(data, picked, model.frontend.frames, recipe, rng)
            x = to_features(levels, model.frontend)
            target = torch.from_numpy(data.target[picked]).to(device)
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(recipe, epoch + step / steps)
            logits = model(x.to(device))
            loss = LOSSES[recipe.loss](logits, target)
            if teachers:
                taught = answers(teachers, levels, recipe.temperature, device)
                loss = (1 - recipe.taught) * loss + recipe.taught * distance(logits, taught, recipe.temperature)
            optimizer.zero_grad()
            loss.backward()
            average(p.grad for p in model.parameters() if p.grad is not None)
            torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimizer.step()
            loss_sum += loss.item()
            right += (logits.argmax(1) == target).sum().item()
            seen += len(target)
            bar.set_postfix(loss=f"{loss_sum / (step + 1):.3f}", refresh=False)
        average(b for b in model.buffers() if b.is_floating_point())
        yield Epoch(
            epoch + 1, loss_sum / steps, right / seen, math.nan if worker else measured(model, data, VALIDATION),
            learning_rate(recipe, epoch + 1), model.quantized, time.monotonic() - started,
        )  # fmt: skip
