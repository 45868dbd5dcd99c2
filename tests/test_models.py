"""The networks: what the article's code lost is there, and evaluation computes the robot's integers."""

import json

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from host import operators
from host.base.errors import DataError
from host.compiler.plan import plan
from host.engines.native import NativeModel
from host.features.frontends import log_mel
from host.format.file import write
from host.integers.arithmetic import expand
from host.models import MODELS
from host.models.bcresnet import BandMean, BroadcastResidual
from host.models.design import DesignError, build, design_frontend, read_design
from host.models.layers import Add, AveragePool, Conv2D, Dense, Gate, GlobalAveragePool
from host.models.network import Network
from host.models.quantizer import Signal
from host.operators import Builder, LoweringError, Node
from host.operators.constants import QuantizationError, linear_constants
from host.reference import specification

LABELS = tuple(f"w{i}" for i in range(10))


Z4 = "tinyspeech-z4"


class Residual(Network):
    """A mean over cells, then a convolution and its input added again, with a ReLU, and a dilated one, without."""

    def __init__(self, name, frontend, labels):
        super().__init__(name, frontend, labels)
        self.stem = Conv2D(1, 6, (3, frontend.width // 2), same=False, norm=True)
        self.cells = AveragePool((2, 2))
        self.inner = nn.ModuleList(Conv2D(6, 6, (3, 1), norm=True, relu=False, dilation=d) for d in (1, 4))
        self.adds = nn.ModuleList([Add(relu=True), Add()])
        self.pool = GlobalAveragePool()
        self.classify = Dense(6, len(self.labels))

    def logits(self, x):
        x = self.cells(self.stem(x))
        for inner, add in zip(self.inner, self.adds, strict=True):
            x = add(inner(x), x)
        return self.classify(self.pool(x))


NETWORKS = [*MODELS, "residual"]


def network(name: str = Z4) -> Network:
    torch.manual_seed(0)
    if name == "residual":
        return Residual(name, log_mel(94), LABELS)
    levels = np.random.default_rng(0).integers(0, 256, (4, 98, 40), dtype=np.uint8)
    design = MODELS[name]
    return build(name, design, design_frontend(design, levels), LABELS)


def batch(net: Network, count: int = 8) -> torch.Tensor:
    shape = (count, net.frontend.frames, net.frontend.width)
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


def see(net: Network, x: torch.Tensor) -> None:
    """One batch, which quantisers and batch norms take for what all are like, as after long training."""
    for module in net.train().modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    net(x)


def trained(name: str = Z4) -> Network:
    """A network after a few quantised steps, its parameters far from their initial values."""
    net = network(name)
    x = batch(net)
    see(net, x)
    net.quantize()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    for _ in range(4):
        optimizer.zero_grad()
        F.cross_entropy(net(x), torch.arange(8)).backward()
        optimizer.step()
    return net


def test_z4_has_the_articles_parameters():
    assert network().parameter_count() == 3164


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("quantized", [False, True], ids=["float", "quantized"])
def test_every_parameter_receives_a_gradient(name, quantized):
    net = network(name)
    x = batch(net)
    see(net, x)
    if quantized:
        net.quantize()
    F.cross_entropy(net(x), torch.arange(8)).backward()
    still = [n for n, p in net.named_parameters() if p.grad is None or not p.grad.abs().sum()]
    if not quantized:
        still = [n for n in still if not n.endswith("log_step")]
    assert still == []


def test_each_block_adds_its_input():
    net = network().eval()
    x = Signal(torch.randn(2, 7, 92, 12), None, 128)
    for block in net.blocks:
        inside = block.second(block.first(x)).real
        assert torch.allclose(block(x).real, inside + x.real, atol=1e-5)
        assert not torch.allclose(block(x).real, inside, atol=1e-2)


def test_each_block_adds_its_input_in_the_program():
    program = trained().program()
    gates = [(i + 1, op) for i, op in enumerate(program.operators) if isinstance(op, operators.Gate)]
    assert len(gates) == 8
    for (_, first), (_, second) in zip(gates[::2], gates[1::2], strict=True):
        assert first.residual is None and second.residual == first.source and second.residual_mult > 0


def test_the_middle_of_the_residual_is_added():
    residual, x = torch.randn(1, 3, 10, 2), torch.randn(1, 3, 6, 2)
    y = Add()(Signal(x, None, 128), Signal(residual, None, 0)).real
    assert torch.equal(y, x + residual[:, :, 2:8])
    y = Add(relu=True)(Signal(x, None, 128), Signal(residual, None, 0)).real
    assert torch.equal(y, torch.relu(x + residual[:, :, 2:8]))


def test_a_band_mean_is_born_as_one():
    x = torch.rand(2, 3, 7, 5)
    mean = BandMean(3, 5).eval()
    assert torch.allclose(mean(Signal(x, None, 0)).real, x.mean(3, keepdim=True), atol=1e-4)


def test_what_mixes_channels_is_added_to_every_band_and_the_input_to_that():
    torch.manual_seed(3)
    block, x = BroadcastResidual(4, 4, 6, 3).eval(), Signal(torch.randn(2, 4, 9, 6), None, 128)
    planes = block.f2(x)
    mixed = block.f1(block.mean(planes)).real
    assert planes.real.shape == (2, 4, 7, 6) and mixed.shape == (2, 4, 7, 1)
    assert torch.equal(block(x).real, torch.relu(planes.real + mixed + x.real[:, :, 1:8]))
    wider = BroadcastResidual(4, 5, 6, 3, stride=2).eval()
    assert wider.shortcut is None and wider(x).real.shape == (2, 5, 7, 3)


@pytest.mark.parametrize("frames, sentence", [(4, "does not tile"), (7, "one is left over")])
def test_a_residual_without_a_middle_is_refused(frames, sentence):
    builder = Builder(shapes=[(6, 5, 3), (frames, 5, 3)])
    x, residual = Node(builder, 0, 0.05, 128), Node(builder, 1, 0.05, 128)
    with pytest.raises(LoweringError, match=sentence):
        Add()(x, residual)


def gate_output(form: str, strength: float):
    torch.manual_seed(2)
    gate = Gate(3, form, norm=False).eval()
    gate.strength.data.fill_(strength)
    v, a = torch.randn(1, 3, 4, 6), torch.randn(1, 3, 2, 3)
    return gate(Signal(v, None, 128), Signal(a, None, 128)).real, v, F.interpolate(a, scale_factor=2.0)


def test_without_strength_the_codes_gate_leaves_v():
    y, v, _ = gate_output("code", 0.0)
    assert torch.equal(y, v)


def test_without_strength_the_texts_gate_leaves_a():
    y, _, a = gate_output("text", 0.0)
    assert torch.equal(y, a)


def test_with_strength_the_gates_are_what_is_printed():
    y, v, a = gate_output("code", 0.7)
    assert torch.allclose(y, v * 0.7 * torch.sigmoid(a) + v, atol=1e-6)
    y, v, a = gate_output("text", 0.7)
    assert torch.allclose(y, v * 0.7 + a, atol=1e-6)


def test_the_limits_hold_on_integers():
    """With scale and zero point kept, strength 0 gives back V, or the expanded A, value for value."""
    rng = np.random.default_rng(0)
    v, a = rng.integers(0, 256, (1, 4, 6, 3)), rng.integers(0, 256, (1, 2, 3, 3))
    builder = Builder(shapes=[(4, 6, 3), (2, 3, 3)])
    nodes = Node(builder, 0, 0.05, 128), Node(builder, 1, 0.05, 128)
    one, nothing = np.ones(3), np.zeros(3)
    operators.Gate.lower(*nodes, one, one * 0.0, nothing, 0.05, 128, None)
    operators.Add.lower(*nodes, one * 0.0, one, nothing, 0.05, 128)
    gate, add = builder.operators
    assert np.array_equal(gate.reference([v, a], [128, 128]), v)
    assert np.array_equal(add.reference([v, a], [128, 128]), expand(a, (2, 2)))


def test_an_unknown_gate_form_is_refused():
    with pytest.raises(ValueError, match=r"'code' .* or 'text'"):
        Gate(3, "both")


@pytest.mark.parametrize("name", NETWORKS)
def test_evaluation_is_the_robots_integers(name):
    net = trained(name).eval()
    features = batch(net, 6)
    program = net.program()
    expected = specification.run(program, features.numpy())[-1].reshape(6, -1)
    with torch.no_grad():
        assert np.array_equal(net(features).numpy(), expected)
    model = NativeModel(write(program, plan(program)), *features.shape[1:], 10)
    assert np.array_equal(model.run(features.numpy()), expected)


@pytest.mark.parametrize("name", NETWORKS)
def test_training_in_quantised_mode_is_close_to_evaluation(name):
    net = trained(name)
    features = batch(net, 64)
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0  # the running statistics become those of this batch
    with torch.no_grad():
        logits = net.train()(features)
    probabilities = net.eval()(features) / 65535
    assert (logits.softmax(1) - probabilities).abs().max() < 0.02


def test_edges_are_valid_in_time():
    shapes = network().program().shapes()
    assert shapes[1] == (92, 12, 7) and (90, 12, 17) in shapes


def test_a_layer_that_died_is_quantised_all_the_same():
    net = network("tinyspeech-m")
    dead = net.blocks[0].embed[1]
    dead.conv.bias.data.fill_(-100)
    x = batch(net)
    see(net, x)
    net.quantize()
    assert dead.quantizer.peak == 0
    program = net.eval().program()
    assert np.array_equal(net(x).detach().numpy(), specification.run(program, x.numpy())[-1].reshape(8, -1))


def test_weights_that_diverged_are_refused_with_a_sentence():
    with pytest.raises(QuantizationError, match="diverged"):
        linear_constants(np.full((2, 3), np.nan), np.zeros(2), 0.1, 128, 0.1, 0, "stem")


@pytest.mark.parametrize("level", [0, 255])
def test_clips_without_any_difference_are_refused(level):
    with pytest.raises(DataError, match="sound alike"):
        design_frontend(MODELS[Z4], np.full((4, 98, 40), level, np.uint8))


@pytest.mark.parametrize("name", MODELS)
def test_a_design_outlives_a_way_through_a_file(name, tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(MODELS[name].to_dict()))
    assert read_design(path) == MODELS[name]
    assert MODELS[name].options.keys() >= {"width"}  # also what was not given


@pytest.mark.parametrize(
    "change, words",
    [
        ({"network": "Foo"}, "there are BCResNet, DSCNN"),
        ({"options": {"wdith": 3}}, "takes the options width"),
        ({"options": []}, "takes the options width"),
        ({"options": {"width": -3}}, "makes no network"),
        ({"options": {"kernels": [60, 60]}}, "shorter than its kernel"),
        ({"coefficients": "12"}, "whole number of 0 to 40"),
        ({"options": {"width": 260}}, "too large for a model.bin"),
        ({"coefficients": 0, "frames": 900, "options": {"width": 200}}, "WORK"),
        ({"frames": 10**9}, "whole number of 0 to 1000"),
        ({"more": 1}, "has the keys"),
    ],
)
def test_a_file_that_makes_no_network_is_refused_with_a_sentence(change, words, tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(MODELS["dsnet-24"].to_dict() | change))
    with pytest.raises(DesignError, match=words) as refused:
        read_design(path)
    assert str(refused.value).startswith(f"{path}: ")
