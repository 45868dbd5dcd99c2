"""The C core under the address and undefined-behaviour sanitizers, on sound and on hostile files."""

import struct
import subprocess

import numpy as np
import pytest

from host.compiler.plan import plan
from host.format.file import HEADER, read, with_checksum, write
from tests.conftest import MODEL, ROOT
from tests.programs import random_program
from tests.refusals import conv, network
from tests.refused_networks import SHAPES
from tests.refused_sums import PAIRS, PLANS, SUMS

CHECK = ROOT / "build" / "sanitized"


def outcomes(files: list[bytes], tmp_path) -> list[str]:
    """What the core says of each file, and the hops at which it streams; fails where a sanitizer reports something."""
    if not CHECK.exists():
        pytest.fail("build/sanitized is not built; run 'make test'")
    path = tmp_path / "files"
    path.write_bytes(b"".join(struct.pack("<I", len(f)) + f for f in files))
    done = subprocess.run([CHECK, path], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def statuses(files: list[bytes], tmp_path) -> list[str]:
    return [outcome.split()[0] for outcome in outcomes(files, tmp_path)]


def test_sound_files_run_clean(tmp_path):
    files = [MODEL.read_bytes()]
    for seed in range(150):
        program = random_program(seed)
        files.append(write(program, plan(program, 1 + seed % 5, seed % 2 == 0)))
    assert statuses(files, tmp_path) == ["OK"] * len(files)


def test_nothing_is_read_behind_the_weights(tmp_path):
    """Of a channel's, more than all that follows them in the file."""
    program = network(conv(channels=64), conv(1, 64, t=3, f=3, pad=1))
    assert statuses([write(program, plan(program, 8, True))], tmp_path) == ["OK"]


@pytest.mark.parametrize("path", sorted(MODEL.parent.glob("*.bin")), ids=lambda p: p.stem)
def test_shipped_models_run_clean_at_the_hop_they_are_for(path, tmp_path):
    file = path.read_bytes()
    (outcome,) = outcomes([file], tmp_path)
    status, *hops = outcome.split()
    assert status == "OK" and str(read(file)[0].hop) == hops[-1]


def test_each_file_of_one_fault_is_refused_clean(tmp_path):
    """Where a check is what keeps the core from reading behind the file, only this notices that it is missing."""
    expected = [status for status, _, _ in PAIRS.values()]
    assert statuses([refused for _, refused, _ in PAIRS.values()], tmp_path) == expected


def test_their_twins_run_clean(tmp_path):
    """Those that take no time: small networks with the largest sums and the tightest plans there can be."""
    files = [accepted for _, accepted in (*SUMS.values(), *PLANS.values(), *SHAPES.values())]
    assert set(statuses(files, tmp_path)) == {"OK"}


def mutated(file: bytes, rng: np.random.Generator) -> bytes:
    """A few bytes changed, often to extremes, sometimes cut or grown; size and checksum made right again."""
    data = bytearray(file)
    for _ in range(int(rng.integers(1, 4))):
        at = int(rng.integers(HEADER, len(data)))
        data[at] = int(rng.choice([0, 1, 127, 128, 254, 255, data[at] ^ 1, rng.integers(256)]))
    if rng.random() < 0.1:
        data = data[: int(rng.integers(HEADER, len(data)))]
    if rng.random() < 0.1:
        data += bytes(rng.integers(0, 256, int(rng.integers(1, 40)), dtype=np.uint8))
    return with_checksum(bytes(data))


def test_hostile_files_are_refused_or_run_clean(tmp_path):
    rng = np.random.default_rng(0)
    files = []
    for seed in range(60):
        program = random_program(seed)
        file = write(program, plan(program, 1 + seed % 5, seed % 2 == 0))
        files += [mutated(file, rng) for _ in range(60)]
    found = statuses(files, tmp_path)
    assert len(found) == len(files)
    assert {"OK", "CHUNK", "FRONTEND", "OPERATOR", "GRAPH", "SHAPE", "RANGE", "PLAN", "LABELS"} <= set(found)


def test_cut_files_are_refused(tmp_path):
    file = MODEL.read_bytes()
    files = [file[:n] for n in range(0, len(file), 7)]
    assert set(statuses(files, tmp_path)) == {"TRUNCATED"}
    resized = [with_checksum(f) for f in files if len(f) >= HEADER]
    assert "OK" not in statuses(resized, tmp_path)
