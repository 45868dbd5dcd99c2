"""The C core under the address and undefined-behaviour sanitizers, on sound and on hostile files."""

import struct
import subprocess

import numpy as np
import pytest

from host.compiler.plan import plan
from host.format.file import HEADER, with_checksum, write
from tests.conftest import MODEL, ROOT
from tests.programs import random_program

CHECK = ROOT / "build" / "sanitized"


def outcomes(files: list[bytes], tmp_path) -> list[str]:
    """What the core says of each file; fails where a sanitizer has something to report."""
    if not CHECK.exists():
        pytest.fail("build/sanitized is not built; run 'make test'")
    path = tmp_path / "files"
    path.write_bytes(b"".join(struct.pack("<I", len(f)) + f for f in files))
    done = subprocess.run([CHECK, path], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_sound_files_run_clean(tmp_path):
    files = [MODEL.read_bytes()]
    for seed in range(150):
        program = random_program(seed)
        files.append(write(program, plan(program, 1 + seed % 5, seed % 2 == 0)))
    assert outcomes(files, tmp_path) == ["OK"] * len(files)


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
    found = outcomes(files, tmp_path)
    assert len(found) == len(files)
    assert {"OK", "CHUNK", "FRONTEND", "OPERATOR", "GRAPH", "SHAPE", "RANGE", "PLAN", "LABELS"} <= set(found)


def test_cut_files_are_refused(tmp_path):
    file = MODEL.read_bytes()
    files = [file[:n] for n in range(0, len(file), 7)]
    assert set(outcomes(files, tmp_path)) == {"TRUNCATED"}
    resized = [with_checksum(f) for f in files if len(f) >= HEADER]
    assert "OK" not in outcomes(resized, tmp_path)
