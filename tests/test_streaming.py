"""Windows of an endless stream: the same bits as each window by itself, in every execution, for ever."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host.compiler.plan import plan
from host.compiler.schedule import listened, steps
from host.engines.native import ModelError, NativeListener, NativeModel
from host.features.frontends import log_mel
from host.format.file import write
from host.format.program import Listening, Plan, Program
from host.operators import Builder, Conv2D, Dense, Gate, GlobalAveragePool, MaxPool, Node, Softmax
from host.reference import specification
from tests.programs import random_program


def streaming_program(seed: int) -> Program:
    """A random program whose listening hop suits its strides."""
    program = random_program(seed)
    c, rng = program.frontend, np.random.default_rng(seed)
    frame_ms = c.hop * 1000 // c.rate
    hops = [hop for hop in range(-(-10 // frame_ms), c.frames + 1) if steps(program, hop)]
    hop = int(rng.choice(hops)) if hops else 10
    return replace(program, listening=Listening(hop=hop * frame_ms))


def native(program: Program, planned: Plan) -> NativeModel:
    c = program.frontend
    return NativeModel(write(program, planned), c.frames, c.width, len(program.labels))


def stream(program: Program, hops: int, seed: int = 0) -> np.ndarray:
    """Random features of a window and so many hops."""
    c, rng = program.frontend, np.random.default_rng(seed)
    return rng.integers(0, 256, (c.frames + hops * program.hop, c.width), dtype=np.uint8)


def specified(program: Program, features: np.ndarray, ends) -> np.ndarray:
    """What each window by itself gives."""
    windows = np.stack([features[end - program.frontend.frames : end] for end in ends])
    return specification.run(program, windows)[-1].reshape(len(windows), -1)


def reason(program: Program, planned: Plan | None = None, hop: int = 0) -> str:
    model = native(program, planned or plan(program))
    try:
        NativeListener(model, hop or program.hop)
    except ModelError as error:
        return error.reason
    return "OK"


@settings(max_examples=150)
@given(st.integers(0, 10**6), st.integers(1, 9))
def test_every_window_of_a_stream_is_what_it_is_by_itself(seed, strip):
    program = streaming_program(seed)
    model = native(program, plan(program, strip))
    try:
        listener = NativeListener(model, program.hop)
    except ModelError as error:
        assert error.reason == "HOP"
        return
    features = stream(program, 12, seed)
    ends = np.arange(program.frontend.frames, len(features) + 1, program.hop)
    assert np.array_equal(listener.run(features, ends), specified(program, features, ends))


def test_most_of_these_programs_stream():
    found = [reason(streaming_program(seed)) for seed in range(60)]
    assert found.count("OK") > 30 and set(found) == {"OK", "HOP"}


@settings(max_examples=60)
@given(st.integers(0, 10**6))
def test_windows_left_out_change_no_other(seed):
    """Whatever windows are asked for, in whatever order; a window by itself in between; a stream begun anew."""
    program = streaming_program(seed)
    if reason(program) != "OK":
        return
    model, rng = native(program, plan(program)), np.random.default_rng(seed)
    listener = NativeListener(model, program.hop)
    frames = program.frontend.frames
    for part in range(4):
        features = stream(program, 40, seed + part)
        gaps = program.hop * rng.choice([1, 1, 1, 2, 3, 9], 12)
        gaps[rng.integers(12)] += int(rng.integers(-1, 2))
        ends = np.minimum(frames + np.cumsum(gaps), len(features))
        ends[-1] = frames  # back in time
        assert np.array_equal(listener.run(features, ends), specified(program, features, ends))
        if part == 1:
            model.run(features[None, :frames])
        elif part == 2:
            NativeListener(model, program.hop).run(features, ends[:1])
        else:
            listener.reset()


def test_a_stream_begun_anew_owes_nothing_to_the_one_before():
    program = streaming_program(0)
    listener = NativeListener(native(program, plan(program)), program.hop)
    frames = program.frontend.frames
    first, second = stream(program, 1, 1), stream(program, 1, 2)
    listener.run(first, [frames])
    listener.reset()
    ends = [frames + program.hop]
    assert np.array_equal(listener.run(second, ends), specified(program, second, ends))


def test_the_count_of_frames_may_wrap():
    program = streaming_program(0)
    listener = NativeListener(native(program, plan(program)), program.hop)
    features = stream(program, 30)
    ends = np.arange(program.frontend.frames, len(features) + 1, program.hop)
    start = 2**32 - len(features) // 2
    assert np.array_equal(listener.run(features, ends, start), specified(program, features, ends))


def chain(frames: int, *layers, classes: int = 2) -> Program:
    """A program of features [frames, 4]: each layer maps the builder to its next operator; then dense and softmax."""
    builder = Builder(shapes=[(frames, 4, 1)])
    for layer in layers:
        builder.append(layer(builder), 0.02)
    x = Node(builder, len(builder.operators), 0.02, 0)
    Softmax.lower(Dense.lower(x, np.ones((classes, x.shape[2])), np.zeros(classes)))
    edges = tuple(range(128, 128 * 6 + 1, 128))
    frontend = replace(log_mel(frames), edges=edges)
    return Program(frontend, builder.operators, ("a", "b"), Listening(hop=40))


def conv(source: int, t: int = 1, stride: int = 1, f: int = 1):
    return lambda _: Conv2D(
        source, np.ones((1, t, f, 1), np.int8), np.zeros(1, np.int16), np.full(1, 9, np.uint8), 5, 0, 0, (stride, 1)
    )


def pool(source: int):
    return lambda _: GlobalAveragePool(source, 1 << 10, 14, 0)


ONE = np.full(1, 64, np.int16)


def gate(source: int, attention: int, t: int, f: int = 1, residual: int | None = None):
    return lambda _: Gate(source, attention, ONE, ONE, 0 * ONE, 6, 0, 0, (t, f), residual)


def halved(source: int):
    return lambda _: MaxPool(source, (2, 1), 0)


REFUSED = {
    "nothing": ("OK", chain(20, conv(0), pool(1))),
    "a pool's pool": ("STREAM", chain(20, conv(0), pool(1), pool(2))),
    "two pools": ("STREAM", chain(20, conv(0), pool(1), pool(1))),
    "frames gated by what was pooled": ("STREAM", chain(20, conv(0), pool(1), gate(1, 2, 20, 4), pool(3))),
    "what was pooled gated by itself": ("OK", chain(20, conv(0), pool(1), gate(2, 2, 1))),
    "cells of other frames": ("STREAM", chain(20, conv(0), conv(1, t=11), gate(1, 2, 2), pool(3))),
    "a residual of other frames": (
        "STREAM",
        chain(20, conv(0), conv(1, t=11), halved(1), gate(2, 2, 1, residual=3), pool(4)),
    ),
    "a residual of the same frames": (
        "OK",
        chain(20, conv(0), conv(1, t=11), halved(1), gate(2, 2, 1, residual=2), pool(4)),
    ),
    "frames that are the window": ("STREAM", chain(20, conv(0, t=20, f=4))),
    "a stride that divides": ("OK", chain(20, conv(0, stride=2), pool(1))),
    "a stride that does not": ("HOP", chain(20, conv(0, stride=3), pool(1))),
    "a window of what a hop needs": ("OK", chain(20, conv(0, t=17), pool(1))),
    "a window of less": ("HOP", chain(20, conv(0, t=18), pool(1))),
}


@pytest.mark.parametrize("name", REFUSED)
def test_networks_that_cannot_stream_are_refused_by_name_and_run_window_by_window(name):
    wanted, program = REFUSED[name]
    assert program.hop == 4 and reason(program) == wanted
    features = stream(program, 2)
    ends = [20, 24, 28]
    expected = specified(program, features, ends)
    model = native(program, plan(program))
    assert np.array_equal(model.run(np.stack([features[end - 20 : end] for end in ends])), expected)
    if wanted == "OK":
        assert np.array_equal(NativeListener(model, 4).run(features, ends), expected)


@pytest.mark.parametrize("strides, hop", [((1,), 40), ((2, 2), 40), ((3,), 30), ((5,), 50), ((2, 4), 80)])
def test_a_network_listens_at_the_nearest_hop_that_it_can_stream(strides, hop):
    program = chain(20, *(conv(i, stride=by) for i, by in enumerate(strides)), pool(len(strides)))
    chosen = listened(program)  # these ask for 40 ms
    assert chosen.listening == replace(program.listening, hop=hop) and reason(chosen) == "OK"


def test_a_network_that_cannot_stream_keeps_its_hop():
    program = REFUSED["two pools"][1]
    assert listened(program) is program


def test_hops_of_nothing_and_longer_than_the_window_are_refused():
    program = REFUSED["nothing"][1]
    assert reason(program, hop=20) == "OK"
    # of 2^16 + 4 the last 16 bits are a hop that it could take
    assert {reason(program, hop=hop) for hop in (21, 2**16 + 4, 70000, 2**32 - 1)} == {"HOP"}
    with pytest.raises(ModelError, match="HOP"):
        NativeListener(native(program, plan(program)), 0)


def windows_only() -> tuple[Program, Plan]:
    """At the end of a window nothing of it is read any more, and the logits lie where its last frames were."""
    program = chain(20, conv(0), conv(1, t=3), pool(2))
    planned = plan(program)
    return program, replace(planned, offsets=(*planned.offsets[:3], planned.offsets[0] + 2 * 4, 0))


def test_a_plan_for_windows_only_is_refused():
    program, shared = windows_only()
    assert reason(program, plan(program)) == "OK" and reason(program, shared) == "PLAN"
    features = stream(program, 0)
    found = native(program, shared).run(features[None])
    assert np.array_equal(found, specified(program, features, [20]))


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.integers(1, 4))
def test_moved_buffers_are_refused_or_harmless(seed, strip):
    """A walk over plans, each a change of an accepted one: whatever a listener opens, it computes what it should."""
    program = streaming_program(seed)
    p = plan(program, strip)
    if reason(program, p) != "OK":
        return
    rng = np.random.default_rng(seed)
    features = stream(program, 6, seed)
    ends = np.arange(program.frontend.frames, len(features) + 1, program.hop)
    expected = specified(program, features, ends)
    for _ in range(40):
        offsets = list(p.offsets)
        offsets[rng.integers(len(offsets) - 1)] = 4 * int(rng.integers(p.arena // 4 + 1))
        moved = replace(p, offsets=tuple(offsets))
        try:
            listener = NativeListener(native(program, moved), program.hop)
        except ModelError as error:
            assert error.reason == "PLAN"
            continue
        assert np.array_equal(listener.run(features, ends), expected)
        p = moved
