"""The memory plan: small, and never a plan that the C core's verifier refuses."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host.compiler.plan import PLANS, least, plan, planned
from host.engines.native import ModelError, NativeModel
from host.features.frontends import log_mel
from host.format.file import read, write
from host.format.program import Plan, Program
from host.operators import Add, Builder, Conv2D, Dense, Gate, GlobalAveragePool, Node, Softmax
from host.reference import specification
from tests.conftest import MODEL
from tests.programs import random_program


@settings(max_examples=80)
@given(st.integers(10**6, 2 * 10**6), st.sampled_from([1, 2, 3, 5, 8, 1000]), st.booleans())
def test_every_plan_is_verified_and_right(seed, strip, ahead):
    program = random_program(seed)
    c = program.frontend
    features = np.random.default_rng(seed).integers(0, 256, (2, c.frames, c.width), dtype=np.uint8)
    model = NativeModel(write(program, plan(program, strip, ahead)), c.frames, c.width, len(program.labels))
    assert np.array_equal(model.run(features), specification.run(program, features)[-1].reshape(2, -1))


def opens_and_is_right(program, changed: Plan) -> bool:
    """Whether the C core takes the plan; if it does, what it computes must be right."""
    c = program.frontend
    try:
        model = NativeModel(write(program, changed), c.frames, c.width, len(program.labels))
    except ModelError as error:
        assert error.reason == "PLAN"
        return False
    features = np.random.default_rng(0).integers(0, 256, (2, c.frames, c.width), dtype=np.uint8)
    assert np.array_equal(model.run(features), specification.run(program, features)[-1].reshape(2, -1))
    return True


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.integers(1, 4))
def test_moved_buffers_are_refused_or_harmless(seed, strip):
    """A walk over plans, each a change of an accepted one: whatever opens computes what it should."""
    program = random_program(seed)
    p = plan(program, strip)
    rng = np.random.default_rng(seed)
    offsets = list(p.offsets)
    for _ in range(40):
        moved = list(offsets)
        moved[rng.integers(len(moved) - 1)] = 4 * int(rng.integers(p.arena // 4 + 1))
        if opens_and_is_right(program, Plan(p.strip, p.columns, tuple(moved), p.arena)):
            offsets = moved


def test_frames_that_would_move_onto_others_are_refused():
    """The value of the third operator is written over frames of the first that are dead, but only until the strip ends:
    then those of the first that are kept move there."""
    builder = Builder(shapes=[(12, 4, 1)])
    x = Node(builder, 0, 1 / 32, 0)
    rng = np.random.default_rng(0)
    for channels, inputs, t in ((4, 1, 1), (1, 4, 2), (1, 1, 1), (1, 1, 4)):
        weight = rng.standard_normal((channels, inputs, t, 1))
        x = Conv2D.lower(x, weight, rng.standard_normal(channels), 0.02, 100)
    pooled = GlobalAveragePool.lower(x, 0.02, 100)
    Softmax.lower(Dense.lower(pooled, rng.standard_normal((3, 1)), np.zeros(3)))
    edges = tuple(range(128, 128 * 6 + 1, 128))
    program = Program(replace(log_mel(12), edges=edges), builder.operators, ("a", "b", "c"))
    apart = Plan(4, (5, 5, 8, 8, 1, 1, 0), (0, 128, 96, 192, 256, 288, 0), 320)
    assert opens_and_is_right(program, apart)
    assert not opens_and_is_right(program, replace(apart, offsets=(0, 128, 0, 192, 256, 288, 0)))


def test_a_gate_behind_the_pool_is_planned_as_the_loader_wants_it():
    """A pool's output does not begin where its buffer does, so nothing may take its place in it."""
    builder = Builder(shapes=[(8, 4, 1)])
    pooled = GlobalAveragePool.lower(Node(builder, 0, 1 / 32, 0), 0.02, 128)
    one = np.ones(1)
    gated = Gate.lower(pooled, pooled, one, one, one, 0.02, 128, pooled)
    Softmax.lower(Dense.lower(gated, np.ones((2, 1)), np.zeros(2)))
    edges = tuple(range(128, 128 * 6 + 1, 128))
    program = Program(replace(log_mel(8), edges=edges), builder.operators, ("a", "b"))
    assert opens_and_is_right(program, plan(program))


def test_an_add_of_a_value_to_itself_is_not_written_over_what_it_still_reads():
    """Frame i meets frame (i + 4) / 2 of the same value: written in place it would be read after it was overwritten."""
    rng = np.random.default_rng(0)
    builder = Builder(shapes=[(8, 4, 1)])
    Conv2D.lower(Node(builder, 0, 1 / 32, 0), rng.standard_normal((1, 1, 1, 1)), np.zeros(1), 0.02, 100)
    one = np.full(1, 64, np.int16)
    builder.append(Add(1, 1, one, one, 0 * one, 6, 100, 0, (2, 1)), 0.02)
    pooled = GlobalAveragePool.lower(Node(builder, 2, 0.02, 100), 0.02, 100)
    Softmax.lower(Dense.lower(pooled, np.ones((2, 1)), np.zeros(2)))
    edges = tuple(range(128, 128 * 6 + 1, 128))
    program = Program(replace(log_mel(8), edges=edges), builder.operators, ("a", "b"))
    apart = Plan(8, (8, 8, 1, 1, 0), (0, 32, 64, 72, 0), 80)
    assert opens_and_is_right(program, apart)
    assert not opens_and_is_right(program, replace(apart, offsets=(0, 0, 64, 72, 0)))


def test_a_buffer_too_short_is_refused():
    program = random_program(3)
    p = plan(program, 4)
    largest = int(np.argmax(p.columns))
    columns = [n - (i == largest) for i, n in enumerate(p.columns)]
    with pytest.raises(ModelError, match="PLAN"):
        NativeModel(write(program, Plan(p.strip, tuple(columns), p.offsets, p.arena)))


def test_an_arena_too_small_is_refused():
    program = random_program(3)
    p = plan(program, 4)
    with pytest.raises(ModelError, match="PLAN"):
        NativeModel(write(program, Plan(p.strip, p.columns, p.offsets, p.arena - 4)))


def test_the_shipped_network_runs_in_a_kilobyte():
    program, _ = read(MODEL.read_bytes())
    least_memory = plan(program, 2).arena
    assert least_memory <= 1000
    assert least_memory < plan(program, program.frontend.frames).arena / 20


def test_plans_take_the_bytes_they_are_for():
    """The small one keeps weights as the file has them, the fast one may prepare them."""
    program, shipped = read(MODEL.read_bytes())
    small, fast = (NativeModel(write(program, planned(program, name))).memory for name in PLANS)
    assert small["tables"] <= 3000 and small["arena"] <= 2500
    assert fast["tables"] <= 14000 and fast["arena"] <= 8000
    assert (shipped.strip, shipped.ahead) == PLANS["fast"]


@pytest.mark.parametrize("path", sorted(MODEL.parent.glob("*.bin")), ids=lambda p: p.stem)
def test_shipped_plans_are_those_that_are_found_today(path):
    """To the byte: where the planner gets worse, or better, its plans change."""
    program, shipped = read(path.read_bytes())
    assert vars(plan(program, shipped.strip, shipped.ahead)) == vars(shipped)


def test_a_plan_takes_little_more_than_lives_at_one_time():
    """No plan can take less, and few of those found take much more."""
    found = []
    for seed in range(60):
        program = random_program(seed)
        found.append(plan(program).arena / least(program, 2))
    program, _ = read(MODEL.read_bytes())
    assert min(found) >= 1 and np.mean(found) < 1.15 and plan(program).arena < 1.02 * least(program, 2)


def test_the_same_program_has_the_same_plan():
    assert vars(plan(random_program(3), 3)) == vars(plan(random_program(3), 3))


def test_bytes_are_used_again_while_part_of_a_value_is_dead():
    """Of 12 frames the last 3 are kept for the next strip: what is computed from them may lie on the first 9."""
    builder = Builder(shapes=[(48, 4, 1)])
    rng = np.random.default_rng(0)
    x = Conv2D.lower(Node(builder, 0, 1 / 32, 0), rng.standard_normal((4, 1, 1, 1)), np.zeros(4), 0.02, 0)
    x = Conv2D.lower(x, rng.standard_normal((4, 4, 4, 1)), np.zeros(4), 0.02, 0)
    x = Conv2D.lower(x, rng.standard_normal((4, 4, 1, 1)), np.zeros(4), 0.02, 0)
    pooled = GlobalAveragePool.lower(x, 0.02, 0)
    Softmax.lower(Dense.lower(pooled, rng.standard_normal((2, 4)), np.zeros(2)))
    edges = tuple(range(128, 128 * 6 + 1, 128))
    program = Program(replace(log_mel(48), edges=edges), builder.operators, ("a", "b"))
    planned = plan(program, 9)
    first, third = (planned.offsets[i] for i in (0, 2))
    assert planned.columns[0] == 12 and first <= third < first + 9 * 16
    assert opens_and_is_right(program, planned)
