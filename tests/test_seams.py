"""What a later method hangs on to: another rounding, weights held at zero, another loss, weights to start from."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from host import card, train
from host.compiler.build import build as build_file
from host.data.dataset import class_labels
from host.engines.native import NativeModel
from host.models.design import build
from host.models.layers import Weighted
from host.models.network import Network
from host.operators.constants import nearest, weight_grid
from host.training import losses
from host.training.config import load_config
from host.training.recipes import Recipe
from host.training.run import load_network, new_network
from host.training.weights import WeightsError, load_weights, save_weights
from tests.conftest import sentence
from tests.test_models import batch, see, trained


def layers(net: Network) -> list[Weighted]:
    return [m for m in net.modules() if isinstance(m, Weighted)]


def agree(net: Network) -> None:
    """PyTorch in evaluation and the C core give the same probabilities."""
    net.eval()
    features, program = batch(net), net.program()
    core = NativeModel(build_file(program), *program.shapes()[0][:2], len(program.labels))
    with torch.no_grad():
        np.testing.assert_array_equal(net(features).numpy().astype(int), core.run(features.numpy()))


def steps(net: Network) -> list[np.ndarray]:
    """The weights of each layer of `layers`, in whole steps of its grid, in PyTorch's order."""
    order = []
    hooks = [layer.register_forward_pre_hook(lambda layer, _: order.append(layer)) for layer in layers(net)]
    operators = [op.weight.astype(int) for op in net.eval().program().operators if op.weights]
    for hook in hooks:
        hook.remove()
    found = dict(zip(order, operators, strict=True))
    return [w.transpose(0, 3, 1, 2) if w.ndim == 4 else w for w in (found[layer] for layer in layers(net))]


# ---- the grid of a weight and its rounding ----


def test_a_grid_is_as_fine_as_its_multiplier_allows():
    mult, step = weight_grid(np.array([1.27, 0.02]), 0.5, 0.25, 4)
    assert mult.tolist() == [1, 1] and step.tolist() == [1 / 32, 1 / 32]
    mult, step = weight_grid(np.array([1.27, 0.02]), 0.5, 0.25, 10)
    assert mult.tolist() == [21, 1] and step.tolist() == [21 / 2048, 1 / 2048]
    assert weight_grid(np.array([1.27, 0.02]), 0.5, 0.25, 14) is None  # 327.68 would be needed


@pytest.mark.parametrize("name", ["tinyspeech-z4", "bcresnet", "residual"])
def test_a_network_may_round_its_weights_in_another_way(name):
    """As GPTQ and AWQ do: here every weight is rounded down, in training and on the robot."""
    net = trained(name)
    plain = steps(net)
    for layer in layers(net):
        layer.rounded = lambda rows, step: np.clip(np.floor(rows / step[:, None]), -127, 127)
    down = steps(net)
    assert all(((a - b >= 0) & (a - b <= 1)).all() for a, b in zip(plain, down, strict=True))
    assert sum((a != b).sum() for a, b in zip(plain, down, strict=True)) > 0.2 * sum(a.size for a in plain)
    agree(net)
    x = batch(net)
    one = net.train()(x)
    for layer in layers(net):
        del layer.rounded
    assert layers(net)[0].rounded is nearest and not torch.equal(one, net(x))


# ---- a mask ----


@pytest.mark.parametrize("name", ["tinyspeech-z4", "bcresnet", "tinyspeech-m"])
@pytest.mark.parametrize("quantized", [False, True])
def test_held_weights_stay_zero_from_training_to_the_robot(name, quantized):
    net = trained(name)
    if not quantized:
        for q in net.quantizers:
            q.enabled.fill_(False)
    masks = []
    for layer in layers(net):
        weight = getattr(layer, "conv", layer).weight
        masks.append((torch.rand(weight.shape, generator=torch.Generator().manual_seed(1)) < 0.5).float())
        masks[-1].flatten()[0] = 1
        layer.hold(masks[-1])
    x = batch(net)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-3)
    before = [getattr(layer, "conv", layer).weight.clone() for layer in layers(net)]
    for _ in range(3):
        optimizer.zero_grad()
        F.cross_entropy(net.train()(x), torch.arange(8)).backward()
        optimizer.step()
    after = [getattr(layer, "conv", layer).weight for layer in layers(net)]
    assert any(not torch.equal(a, b) for a, b in zip(before, after, strict=True))
    if not quantized:
        see(net, x)
        net.quantize()
    for found, mask in zip(steps(net), masks, strict=True):
        assert (found[mask.numpy() == 0] == 0).all() and (found != 0).any()
    agree(net)


def test_a_checkpoint_keeps_a_mask():
    net, other = trained("dsnet-24"), trained("dsnet-24")
    mask = torch.zeros_like(net.classify.weight)
    net.classify.hold(mask)
    other.load_state_dict(net.state_dict())
    assert torch.equal(other.classify.mask, mask) and not steps(other)[-1].any()
    other.classify.hold(None)
    assert steps(other)[-1].any() and "classify.mask" not in other.state_dict()


# ---- a loss ----


def test_a_recipe_names_its_loss(typed, tmp_path, monkeypatch):
    seen = []

    def smoothed(logits, target):
        seen.append(len(target))
        return F.cross_entropy(logits, target, label_smoothing=0.1)

    monkeypatch.setitem(losses.LOSSES, "smoothed", smoothed)
    monkeypatch.setitem(train.RECIPES, "default", dataclasses.replace(train.RECIPES["default"], loss="smoothed"))
    assert train.main([*typed, str(tmp_path / "run")]) == 0
    assert seen and load_config(tmp_path / "run").recipe.loss == "smoothed"
    assert train.main([*typed, str(tmp_path / "run"), "--resume"]) == 0


def test_a_loss_that_is_not_there_is_refused(run, typed, capsys):
    config = json.loads((run / "config.json").read_text())
    del config["recipe"]["loss"]  # of a run that began before recipes named one
    (run / "config.json").write_text(json.dumps(config))
    assert load_config(run).recipe == dataclasses.replace(load_config(run).recipe, loss="cross-entropy")
    (run / "config.json").write_text(json.dumps({**config, "recipe": {**config["recipe"], "loss": "none"}}))
    assert "is damaged" in sentence(capsys, train.main, *typed, run, "--resume")
    with pytest.raises(ValueError, match="no loss 'x'; there are cross-entropy"):
        Recipe("x", 1, 0, 1, 0.1, 0.9, 0, loss="x")


# ---- weights to start from ----


def test_a_network_with_other_words_keeps_all_that_it_can(run):
    config, before = load_network(run)
    words = (*class_labels(10)[::-1][:4], "dance", "_unknown_")
    other = build(config.model, config.design, config.frontend, words)
    fresh = other.classify.weight[4].clone()
    other.start_from(before)
    assert torch.equal(other.stem.conv.weight, before.stem.conv.weight) and other.quantized
    for i in range(4):
        row = before.labels.index(words[i])
        assert torch.equal(other.classify.weight[i], before.classify.weight[row])
        assert other.classify.bias[i] == before.classify.bias[row]
    assert torch.equal(other.classify.weight[4], fresh)
    agree(other)
    before.classify.hold(torch.zeros_like(before.classify.weight))
    other.start_from(before)
    assert other.classify.mask is None and torch.equal(other.classify.weight[4], fresh)
    torch.manual_seed(0)
    again = new_network(dataclasses.replace(config, start=str(run), labels=words))
    assert torch.equal(again.classify.weight[:4], other.classify.weight[:4])


def test_weights_ship_beside_a_model_and_training_goes_on_from_them(run, typed, spoken, tmp_path, capsys):
    line = [run, "--data", spoken, "--output", tmp_path / "models", "--name", "mine"]
    assert card.main([*map(str, line), "--weights"]) == 0
    path = tmp_path / "models" / "mine.npz"
    assert {p.name for p in path.parent.iterdir()} == {"mine.bin", "mine.png", "mine.md", "mine.npz"}
    config, network = load_network(run)
    built, found = load_weights(path)
    assert (built.design, built.frontend, built.labels) == (config.design, config.frontend, config.labels)
    for name, tensor in network.state_dict().items():
        assert torch.equal(found.state_dict()[name], tensor), name
    assert path.stat().st_size < (run / "best.pt").stat().st_size
    for start, out in ((path, "one"), (run, "other")):
        assert train.main([*typed[2:], str(tmp_path / out), "--start", str(start)]) == 0
    assert (tmp_path / "one" / "model.bin").read_bytes() == (tmp_path / "other" / "model.bin").read_bytes()
    assert card.main([str(tmp_path / "one"), *map(str, line[1:4]), str(tmp_path / "cards")]) == 0
    assert "`python -m host.train --start mine.npz --data" in (tmp_path / "cards" / "dsnet-24.md").read_text()


@pytest.mark.parametrize("damage", [b"", b"PK\3\4", "half", "pickled", "another net", "no text", "huge"])
def test_a_file_without_weights_is_a_sentence(damage, run, typed, tmp_path, capsys):
    config, network = load_network(run)
    path = tmp_path / "w.npz"
    save_weights(path, config.design, network)
    with np.load(path) as archive:
        arrays = dict(archive)
    match damage:
        case "half":
            path.write_bytes(path.read_bytes()[:3000])
        case "pickled":
            np.savez(path, **arrays, more=np.array([print], object))
        case "another net":
            np.savez(path, **{name: a for name, a in arrays.items() if name != "classify.bias"})
        case "no text":
            np.savez(path, **{name: a for name, a in arrays.items() if name != "about"})
        case "huge":
            np.savez_compressed(path, **arrays, more=np.zeros(10_000_000))
        case _:
            path.write_bytes(damage)
    with pytest.raises(WeightsError):
        load_weights(path)
    assert "holds no weights to start from" in sentence(capsys, train.main, *typed[2:], tmp_path / "r", "--start", path)


def test_weights_replace_nothing_else(run, tmp_path):
    config, network = load_network(run)
    (tmp_path / "w.npz").write_text("mine")
    with pytest.raises(Exception, match="is no file of weights"):
        save_weights(tmp_path / "w.npz", config.design, network)
    assert Path(tmp_path / "w.npz").read_text() == "mine"


# ---- --no-unknown ----


def test_no_unknown_is_what_ten_classes_were(home, typed, capsys):
    new = ["--no-unknown" if word == "10" else word for word in typed if word != "--classes"]
    assert train.parse([*new, "x"]) == train.parse([*typed, "x"])
    assert train.parse(["--data", "x"]).classes == 12
    with pytest.raises(SystemExit):
        train.main(["--help"])
    said = capsys.readouterr().out
    assert "--no-unknown" in said and "--classes" not in said
