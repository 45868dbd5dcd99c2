"""The C core inside MicroPython's unix port, run as another process (host/engines/worker.py)."""

import subprocess
import tempfile
from pathlib import Path

import numpy as np

from host.base import paths
from host.base.errors import Error

WORKER = Path(__file__).with_name("worker.py")


class MicroPythonError(Error):
    """A script that failed in MicroPython, in its own words."""


def executable(bits: int = 64) -> Path:
    """MicroPython with the module `tympan`; FileNotFoundError where it is not built."""
    path = paths.BUILD / f"micropython{bits}" / "micropython"
    if not path.exists():
        raise FileNotFoundError(f"{path} is not built; run 'make setup'")
    return path


def run_script(script: Path, *arguments: str, bits: int = 64, timeout: float = 600) -> str:
    """What a script prints in MicroPython; MicroPythonError where it fails."""
    command = [str(executable(bits)), str(script), *arguments]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", timeout=timeout)
    if done.returncode:
        *_, last = (done.stderr or done.stdout).splitlines() or [f"exit status {done.returncode}"]
        raise MicroPythonError(f"MicroPython: {last}")
    return done.stdout


def classify(file: bytes, clips: np.ndarray, classes: int, bits: int = 64, trace: bool = False):
    """int16 [n, samples], each a stream of its own -> uint16 [n, classes] of the window at its end.

    trace: also return uint32 [operators + 1], CRC-32s of the features and of what each operator wrote over all clips.
    """
    with tempfile.TemporaryDirectory() as folder:
        model, data, out = (Path(folder) / name for name in ("model.bin", "clips", "out"))
        model.write_bytes(file)
        data.write_bytes(np.ascontiguousarray(clips, "<i2").tobytes())
        mode = "trace" if trace else "plain"
        run_script(WORKER, str(model), str(data), str(clips.shape[1]), str(out), mode, bits=bits)
        raw = out.read_bytes()
    size = 2 * classes * len(clips)
    found = np.frombuffer(raw[:size], "<u2").reshape(len(clips), classes)
    return (found, np.frombuffer(raw[size:], "<u4")) if trace else found
