"""The memory plan: small, and never a plan that the C core's verifier refuses."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host.compiler.plan import plan
from host.engines.native import ModelError, NativeModel
from host.format.file import read, write
from host.format.program import Plan
from host.reference import operators
from tests.conftest import MODEL
from tests.programs import random_program


@settings(max_examples=80)
@given(st.integers(10**6, 2 * 10**6), st.sampled_from([1, 2, 3, 5, 8, 1000]))
def test_every_plan_is_verified_and_right(seed, strip):
    program = random_program(seed)
    c = program.frontend
    features = np.random.default_rng(seed).integers(0, 256, (2, c.frames, c.width), dtype=np.uint8)
    model = NativeModel(write(program, plan(program, strip)), c.frames, c.width, len(program.labels))
    assert np.array_equal(model.run(features), operators.run(program, features)[-1].reshape(2, -1))


@settings(max_examples=60)
@given(st.integers(0, 10**6), st.integers(1, 4), st.data())
def test_a_moved_buffer_is_refused_or_harmless(seed, strip, data):
    """Whatever the plan says, a model that opens computes what it should: the verifier found every overlap."""
    program = random_program(seed)
    p = plan(program, strip)
    moved = list(p.offsets)
    which = data.draw(st.integers(0, len(moved) - 2))
    moved[which] = data.draw(st.integers(0, p.arena // 4)) * 4
    c = program.frontend
    try:
        changed = Plan(p.strip, p.columns, tuple(moved), p.arena)
        model = NativeModel(write(program, changed), c.frames, c.width, len(program.labels))
    except ModelError as error:
        assert error.reason == "PLAN"
        return
    features = np.random.default_rng(seed).integers(0, 256, (2, c.frames, c.width), dtype=np.uint8)
    assert np.array_equal(model.run(features), operators.run(program, features)[-1].reshape(2, -1))


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
    program, shipped = read(MODEL.read_bytes())
    assert shipped.arena <= 1000
    whole = plan(program, program.frontend.frames)
    assert shipped.arena < whole.arena / 20
