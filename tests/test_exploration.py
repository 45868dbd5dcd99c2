"""What a search judges designs by: measurements before training, requirements, performance, spaces."""

import contextlib
import dataclasses
import json

import numpy as np
import optuna
import pytest

from bench.estimate import born
from host.data.dataset import class_labels
from host.engines.native import NativeModel
from host.exploration import instructions
from host.exploration.measure import Unbuildable, measure
from host.exploration.objective import (
    REQUIREMENTS,
    Requirements,
    accuracy,
    excesses,
    meets,
    netscore,
    parse_requirements,
)
from host.exploration.space import SPACES, propose
from host.format.file import read
from host.models import MODELS, NETWORKS
from host.models.design import Design, design_frontend
from host.models.dsnet import DSNet
from host.training.config import make_config
from host.training.recipes import RECIPES, shortened
from host.training.run import train
from tests.conftest import ROOT
from tests.test_training import data

LABELS = class_labels(10)


def measured(design: Design, name: str = "x"):
    levels = np.random.default_rng(0).integers(0, 256, (4, 98, 40), dtype=np.uint8)
    return measure(name, design, design_frontend(design, levels), LABELS)


def test_what_is_measured_before_training_is_what_training_ends_in(tmp_path):
    design, d = Design(DSNet, 12, 94, {"width": 8, "kernels": (5, 3)}), data()
    config = make_config("mine", design, d, 10, "auto", 0, shortened(RECIPES["default"], 2))
    file = train(config, d, tmp_path, quiet=True, log=lambda line: None).read_bytes()
    program, plan = read(file)
    m, memory = measured(design, "mine"), NativeModel(file).memory
    assert (m.file, m.arena) == (len(file), plan.arena)
    assert m.memory == memory["tables"] + memory["arena"] + memory["stream"]
    assert m.operators == ("Conv2D", "Dense", "GlobalAveragePool")
    assert m.instructions == instructions.estimate(program, plan)


def test_the_known_designs_measure_as_their_cards_say():
    z4 = measured(MODELS["tinyspeech-z4"], "tinyspeech-z4")
    assert (z4.parameters, z4.multiply_adds, z4.file) == (3164, 1645646, 4880)


@pytest.mark.parametrize("name", ["large", "medium", "robot", "small", "tinyspeech-z4"])
def test_the_estimate_is_near_what_a_trained_network_was_counted_to_take(name):
    counted = json.loads((ROOT / "bench" / "xtensa.json").read_text())[name]
    estimated = instructions.estimate(*read((ROOT / "models" / f"{name}.bin").read_bytes()))
    assert estimated == pytest.approx(counted["instructions"], rel=0.25)
    # a kernel that goes by a new name would count as overhead
    loose = sum(n for f, n in counted["per_kernel"].items() if instructions.kind(f) == instructions.STRIPS)
    assert loose < 0.1 * counted["instructions"]


def test_the_estimate_was_fitted_to_all_networks_as_they_are():
    fitted = json.loads(instructions.COUNTS.read_text())
    assert fitted.keys() == MODELS.keys()
    for name, design in MODELS.items():
        units = instructions.works(*born(name, design))
        assert {kind: entry["units"] for kind, entry in fitted[name].items()} == {
            kind: amount.tolist() for kind, amount in units.items()
        }, "run make bench-xtensa"


def test_what_cannot_be_built_is_said():
    with pytest.raises(Unbuildable, match="shorter than its kernel"):
        measured(Design(DSNet, 0, 94, {"kernels": (46, 9)}))
    with pytest.raises(Unbuildable):
        measured(Design(DSNet, 0, 94, {"width": 300}))


def test_the_indicator_judges_what_is_known():
    m = measured(MODELS["dsnet-24"])
    assert meets(m, Requirements()) and meets(m, Requirements(parameters=m.parameters))
    assert not meets(m, Requirements(parameters=m.parameters - 1))
    assert excesses(m, Requirements(file=m.file // 2))["file"] == pytest.approx(1, rel=0.01)
    assert meets(m, Requirements(operators=m.operators))
    assert not meets(m, Requirements(operators=("Conv2D", "Dense")))
    demanding = Requirements(accuracy=0.9)
    assert meets(m, demanding)  # not known yet
    assert not meets(dataclasses.replace(m, accuracy=0.89), demanding)
    assert meets(dataclasses.replace(m, accuracy=0.9), demanding)


def test_performance_functions():
    m = dataclasses.replace(measured(MODELS["dsnet-24"]), accuracy=0.9, parameters=1_000_000, multiply_adds=1_000_000)
    assert accuracy(m) == 0.9
    assert netscore(m) == pytest.approx(40 * np.log10(90))
    smaller = dataclasses.replace(m, parameters=10_000)
    assert netscore(smaller) == pytest.approx(netscore(m) + 20)
    assert np.isfinite(netscore(dataclasses.replace(m, accuracy=0.0)))


def test_requirements_are_read_from_words():
    assert parse_requirements(["small"]) == REQUIREMENTS["small"]
    assert parse_requirements(["article", "accuracy=0.5", "file=8_192"]) == Requirements(
        parameters=15_000, accuracy=0.5, file=8192
    )
    assert parse_requirements(["operators=Conv2D,Dense"]).operators == ("Conv2D", "Dense")


@pytest.mark.parametrize("name", SPACES)
def test_a_space_draws_options_that_its_network_has(name):
    assert SPACES[name].options.keys() <= Design(NETWORKS[name], 0, 94).options.keys()
    drawn = optuna.create_study(sampler=optuna.samplers.RandomSampler(0))
    designs = [propose(drawn.ask(), (name,)) for _ in range(20)]
    for design in designs:
        assert Design.from_dict(json.loads(json.dumps(design.to_dict()))) == design
    assert len({str(d) for d in designs}) > 10
    built = 0
    for design in designs:
        with contextlib.suppress(Unbuildable):
            measured(design)
            built += 1
        if built == 2:
            return
    raise AssertionError("of 20 designs hardly one can be built")
