"""The fast kernels and the plain ones beside them compute the specification, for any constants the loader accepts."""

import subprocess
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host.compiler.plan import plan
from host.engines.native import PLAIN, FrontEndEngine, ModelError, NativeModel
from host.format.file import write
from host.format.program import Program
from host.operators import Add, AveragePool, Conv2D, Dense, DilatedConv2D, Gate, GlobalAveragePool, MaxPool, Softmax
from host.reference import specification
from tests import refusals
from tests.conftest import ROOT
from tests.programs import hard_signals, kinds, random_frontend


def some(rng, low: int, high: int, shape) -> np.ndarray:
    """Integers from low to high, the ends more often than others."""
    x = rng.integers(low, high + 1, shape)
    return np.where(rng.random(shape) < 0.1, rng.choice([low, high], shape), x)


def conv(
    rng, source: int, channels_in: int, channels: int, kernel, stride=(1, 1), pad=0, groups=1, dilation=1
) -> Conv2D:
    weight = some(rng, -128, 127, (channels, *kernel, channels_in // groups)).astype(np.int8)
    bias = some(rng, -32768, 32767, channels).astype(np.int16)
    # what sums reach is spread over the byte, and some beyond its ends
    shift = int(rng.integers(8, 23))
    reach = 20 * 128 * np.sqrt(weight[0].size)
    mult = np.clip(rng.uniform(0.3, 3, channels) * 128 * 2**shift / reach, 1, 255).astype(np.uint8)
    constants = source, weight, bias, mult, shift, int(some(rng, 0, 255, ())), 0, stride, pad, groups
    return Conv2D(*constants) if dilation == 1 else DilatedConv2D(*constants, dilation)


def factors(rng, channels: int, most: int) -> np.ndarray:
    return some(rng, -min(32767, most), min(32767, most), channels).astype(np.int16)


def affine(rng, channels: int, shift: int, most: int) -> dict:
    return {
        "bias": some(rng, -32768, 32767, channels).astype(np.int16),
        "bias_shift": int(rng.integers(0, max(1, shift - 8))),
        "shift": shift,
        "zero": int(some(rng, 0, 255, ())),
        "mult": factors(rng, channels, most),
    }


def network(seed: int) -> Program:
    """A convolution that makes channels, then one operator with any constants, then pool, dense, softmax."""
    rng = np.random.default_rng(seed)
    frames, width, channels, shift = (int(n) for n in rng.integers([6, 2, 1, 4], [24, 14, 20, 12]))
    # those of which there are more kernels than one are more frequent
    wanted = "conv square square square pointwise spanning grouped depthwise pool average gate cells cells add"
    kind = rng.choice(wanted.split())
    late = kind in ("gate", "cells") and rng.random() < 0.4  # what is gated comes a frame behind its attention
    if kind == "cells" or late:  # of 2 x 2
        frames, width = frames // 2 * 2 + late, width // 2 * 2
    frontend = random_frontend(rng, frames, width)
    ops = [conv(rng, 0, 1, channels, (1, 1))]
    if kind == "pointwise":
        ops.append(conv(rng, 1, channels, int(rng.integers(1, 24)), (1, 1)))
    elif (
        kind == "square"
    ):  # in tiles where all fits; some kernels or values are just too small for it, or strides too wide
        kernel = (3, int(rng.choice([3, 3, 3, 3, 2])))
        stride = tuple(rng.choice([1, 1, 1, 1, 1, 1, 1, 2], 2).tolist())
        pad = int(rng.integers(max(0, kernel[1] - width), kernel[1]))
        dilation = 2 if rng.random() < 0.1 else 1
        ops.append(conv(rng, 1, channels, int(rng.integers(1, 20)), kernel, stride, pad, dilation=dilation))
    elif kind == "pool":
        size = (int(rng.integers(1, 4)), int(rng.integers(1, min(3, width) + 1)))
        ops.append(MaxPool(1, size, ops[0].zero))
    elif kind == "average":  # of cells as large as there can be, and constants that make some means lie beyond a byte
        size = (int(rng.integers(1, frames + 1)), int(rng.integers(1, width + 1)))
        most, zero = 22 if size[0] * size[1] < 8 else 12, int(some(rng, 0, 255, ()))
        ops.append(AveragePool(1, size, int(some(rng, 0, 65535, ())), int(rng.integers(1, most + 1)), zero))
    elif kind in ("conv", "spanning", "grouped", "depthwise"):
        kernel = (int(rng.integers(1, 5)), width if kind == "spanning" else int(rng.integers(1, min(4, width) + 1)))
        stride, pad = tuple(int(n) for n in rng.integers(1, 4, 2)), int(rng.integers(0, kernel[1]))
        groups = {"grouped": int(rng.choice([g for g in range(1, channels + 1) if channels % g == 0])),
                  "depthwise": channels}.get(kind, 1)  # fmt: skip
        each = 1 if kind == "depthwise" else int(rng.integers(1, 8))
        pad = 0 if kind == "spanning" else pad
        dilation = int(rng.choice([1, 1, 2, 3, 4, 8]))
        ops.append(conv(rng, 1, channels, groups * each, kernel, stride, pad, groups, dilation))
    else:
        t = int(rng.choice([n for n in (1, 2, 3, 4) if frames % n == 0]))
        f = int(rng.choice([n for n in (1, 2, 3, width) if width % n == 0]))
        t, f = (2, 2) if kind == "cells" or late else (t, f)
        ops += [MaxPool(1, (t, f), ops[0].zero), conv(rng, 2, channels, channels, (1, 1))]
        most = int(rng.choice([2, 2, 2, 120])) << shift  # few shifts may be made longer where factors are so large
        constants, other = affine(rng, channels, shift, most), factors(rng, channels, most)
        if kind == "add" and rng.random() < 0.5:  # to the middle of what the cells cover
            ops.append(conv(rng, 1, channels, channels, (1 + 2 * int(rng.integers(0, 1 + (frames - 1) // 2)), 1)))
            ops.append(Add(4, 3, other_mult=other, factor=(t, f), **constants))
        elif kind == "add":
            ops.append(Add(1, 3, other_mult=other, factor=(t, f), **constants))
        else:
            ops.append(conv(rng, 1, channels, channels, (1 + late, 1)))
            first = 4 if late else 1
            # a second gate that reads what the first one reads keeps it from writing in place
            for source in (first, 5)[: int(rng.integers(1, 3))]:
                constants = affine(rng, channels, shift, most) | {"slope": other, "factor": (t, f)}
                residual = int(rng.choice([first, 4])) if rng.random() < 0.6 else None
                mult = 0 if residual is None else int(rng.integers(-1 << shift, 1 << shift))
                ops.append(Gate(source, 3, residual=residual, residual_mult=mult, **constants))
    last = ops[-1].weight.shape[0] if isinstance(ops[-1], Conv2D) else channels
    ops.append(GlobalAveragePool(len(ops), 1 << 10, 16, 7))
    # many logits lie beyond 16 bits
    ops.append(
        Dense(
            len(ops),
            some(rng, -128, 127, (3, last)).astype(np.int8),
            some(rng, -32768, 32767, 3).astype(np.int16),
            some(rng, 0, 255, 3).astype(np.uint8),
            int(rng.integers(1, 12)),
            int(rng.integers(0, 4)),
        )
    )
    return Program(frontend, [*ops, Softmax(len(ops))], ("a", "b", "c"))


@settings(max_examples=300)
@given(st.integers(0, 10**6), st.integers(1, 9), st.booleans())
def test_fast_and_plain_kernels_compute_the_specification(seed, strip, ahead):
    program = network(seed)
    c, shapes = program.frontend, program.shapes()
    if min(min(s) for s in shapes) < 1:
        return
    file = write(program, plan(program, strip, ahead))
    try:
        fast = NativeModel(file, c.frames, c.width, 3)
    except ModelError as error:
        assert error.reason == "RANGE"
        return
    plain = NativeModel(file, c.frames, c.width, 3, PLAIN)
    features = some(np.random.default_rng(seed), 0, 255, (c.frames, c.width)).astype(np.uint8)
    found = [model.trace(features, shapes[1:], kinds(program)) for model in (fast, plain)]
    for a, b, expected in zip(*found, specification.run(program, features[None])[1:], strict=True):
        assert np.array_equal(a, expected[0]) and np.array_equal(b, expected[0])


def tiled(weight: int, mult: int, shift: int) -> tuple[Program, np.ndarray]:
    """A convolution whose sums reach all that its weights allow, both ways; and features, among them patches of 255.

    A sum has 142 weights of 102 and two of `weight`.
    """
    rng = np.random.default_rng(0)
    frontend = replace(random_frontend(rng, 14, 9), zero=128)
    no_bias = np.zeros(16, np.int16)
    ends = Conv2D(0, np.full((16, 1, 1, 1), 127, np.int8), no_bias, np.full(16, 255, np.uint8), 8, 0)
    taps = np.full((2, 3, 3, 16), 102, np.int8)
    taps[:, 1, 1, -2:] = weight
    taps[1] *= -1
    conv = Conv2D(1, taps, no_bias[:2], np.full(2, mult, np.uint8), shift, 128, pad=1)
    dense = Dense(3, np.ones((2, 2), np.int8), no_bias[:2], np.ones(2, np.uint8), 8)
    program = Program(frontend, [ends, conv, GlobalAveragePool(2, 600, 16, 0), dense, Softmax(4)], ("a", "b"))
    features = np.where(rng.random((14, 9)) < 0.5, 0, 255).astype(np.uint8)
    features[3:9, 2:7] = 255
    return program, features


@pytest.mark.parametrize("weight, mult, shift, fits", [(68, 2, 16, True), (69, 2, 16, False), (68, 200, 22, True)])
def test_tiles_are_exact_up_to_the_bound_that_the_loader_proves(weight, mult, shift, fits):
    """24 * 24 * 255 times the weights of one sign must fit 32 bits: else the convolution is computed directly."""
    program, features = tiled(weight, mult, shift)
    shapes = program.shapes()
    model = NativeModel(write(program, plan(program, 14, True)), 14, 9, 2)
    direct = NativeModel(write(program, plan(program, 3, True)), 14, 9, 2)  # too few frames at a time for tiles
    assert (model.memory["tables"] > direct.memory["tables"]) == fits
    expected = specification.run(program, features[None])[2][0]
    for tried in (model, direct):
        assert np.array_equal(tried.trace(features, shapes[1:], kinds(program))[1], expected)


@pytest.mark.parametrize("residual, by", [(None, 0), (1, 32767), (1, -32768)])
@pytest.mark.parametrize("bias", [0, 32767, -32768])
@pytest.mark.parametrize("mult, slope", [(20000, 0), (32767, 127), (32767, 32767), (-32768, -32768), (0, 0)])
def test_sums_of_cells_are_scaled_only_where_they_stay_within_32_bits(mult, slope, bias, residual, by):
    """A shift by 8 is made one by 16 where 256 times the largest sum fits: else results would change their sign."""
    ends = refusals.conv(weight=np.full((1, 1, 1, 1), 127, np.int8), mult=np.full(1, 255, np.uint8))
    factors = {name: np.array([n], np.int16) for name, n in {"mult": mult, "slope": slope, "bias": bias}.items()}
    op = refusals.gate(1, 2, factor=(2, 2), residual=residual, residual_mult=by, bias_shift=8, **factors)
    program = refusals.network(ends, MaxPool(1, (2, 2), 0), op)
    features = np.full((1, 8, 4), 255, np.uint8)
    found = NativeModel(refusals.file_of(program), 8, 4, 2).trace(features[0], program.shapes()[1:], kinds(program))
    assert np.array_equal(found[2], specification.run(program, features)[3][0])


def test_most_of_these_networks_run():
    """Few are refused for their sums, and what they compute does not all lie at the ends of a byte."""
    ran, inside = 0, []
    for seed in range(60):
        program = network(seed)
        c = program.frontend
        try:
            model = NativeModel(write(program, plan(program)), c.frames, c.width, 3)
        except (ModelError, ValueError, ZeroDivisionError):
            continue
        ran += 1
        features = some(np.random.default_rng(seed), 0, 255, (c.frames, c.width)).astype(np.uint8)
        value = model.trace(features, program.shapes()[1:], kinds(program))[-4]
        inside.append(np.mean((value > 0) & (value < 255)))
    assert ran >= 40 and np.mean(inside) > 0.3


@given(st.integers(0, 10**6))
def test_fast_and_plain_transforms_agree(seed):
    rng = np.random.default_rng(seed)
    config = random_frontend(rng, frames=10, width=int(rng.integers(2, 30)))
    signals = hard_signals(10, 2000, seed)
    assert np.array_equal(FrontEndEngine(config).clips(signals), FrontEndEngine(config, PLAIN).clips(signals))


HALVES = """
#include <stdio.h>
#include "integers/multiply.h"

static int64_t pick(uint32_t *state, int64_t low, int64_t high) {
    *state = *state * 1664525u + 1013904223u;
    const uint32_t r = *state ^ *state >> 15;
    const int64_t near = (int64_t)(r >> 4 & 3);
    return r % 8 == 0 ? low + near : r % 8 == 1 ? high - near : low + (int64_t)(((uint64_t)r << 20 ^ r) % (uint64_t)(high - low + 1));
}

int main(void) {
    const int64_t q30 = 1 << 30;
    uint32_t state = 1;
    for (long i = 0; i < 20000000; i++) {
        const int64_t a = pick(&state, INT32_MIN, INT32_MAX), b = pick(&state, -q30, q30), c = pick(&state, 0, 65535);
        const int64_t s = a == INT32_MIN ? 0 : a;
        const uint32_t u = (uint32_t)a;
        if (tympan_mulh((int32_t)a, tympan_as_factor((int32_t)b)) != a * b >> 32 || tympan_square((int32_t)s) != s * s >> 32
            || tympan_scale(u, (uint32_t)c) != (uint32_t)((uint64_t)u * (uint64_t)c >> 16)) {
            printf("%lld %lld %lld", (long long)a, (long long)b, (long long)c);
            return 1;
        }
    }
    return 0;
}
"""  # noqa: E501


def test_products_by_halves_are_exact(tmp_path):
    """For chips without a multiplication that gives the high half; bench/xtensa.py runs the whole core with it."""
    (tmp_path / "halves.c").write_text(HALVES)
    flags = ["-std=c99", "-O2", "-fsanitize=undefined", "-fno-sanitize-recover=all", "-DTYMPAN_MULTIPLY_BY_HALVES"]
    core = ROOT / "native" / "core"
    subprocess.run(["cc", *flags, f"-I{core}", tmp_path / "halves.c", "-o", tmp_path / "halves"], check=True)
    done = subprocess.run([tmp_path / "halves"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_the_front_end_by_halves_is_the_same(tmp_path):
    library = tmp_path / "libhalves.so"
    sources = [*(ROOT / "native" / "core").rglob("*.c"), ROOT / "native" / "host" / "host.c"]
    sources = [s for s in sources if s.parent.name != "plain"]
    subprocess.run(
        ["cc", "-std=c99", "-O1", "-fPIC", "-shared", "-DTYMPAN_MULTIPLY_BY_HALVES", *sources, "-o", library],
        check=True,
    )
    for seed in range(20):
        config = random_frontend(np.random.default_rng(seed), frames=10, width=12)
        signals = hard_signals(20, 3000, seed)
        assert np.array_equal(FrontEndEngine(config).clips(signals), FrontEndEngine(config, library).clips(signals))
