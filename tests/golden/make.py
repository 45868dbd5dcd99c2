"""Write the golden files of the current format version, once per version:  python -m tests.golden.make"""

import json
from pathlib import Path

import numpy as np

from host.compiler.plan import plan
from host.evaluation.model import reference_features
from host.format.file import MAJOR, MINOR, write
from host.format.program import Program
from host.reference import specification
from tests.programs import golden_windows, random_program

WINDOWS = 12
# of each file of this version, what its name ends in: a program that has what is new in it
NEW = {"": random_program(1004), "-input": random_program(123, hears=False)}


def golden_input(program: Program, count: int) -> np.ndarray:
    """uint8 [count, *input shape], the same for ever."""
    if not program.hears:
        size = int(np.prod(program.input.shape))
        return (golden_windows(count, size) & 255).astype(np.uint8).reshape(count, *program.input.shape)
    c = program.frontend
    return reference_features(program, golden_windows(count, (c.frames - 1) * c.hop + c.frame))


if __name__ == "__main__":
    for name, program in NEW.items():
        path = Path(__file__).with_name(f"v{MAJOR}.{MINOR}{name}.bin")
        if path.exists():
            raise SystemExit(f"{path} exists: a released version's file never changes")
        probabilities = specification.run(program, golden_input(program, WINDOWS))[-1].reshape(WINDOWS, -1)
        path.write_bytes(write(program, plan(program)))
        path.with_suffix(".json").write_text(json.dumps({"probabilities": probabilities.tolist()}) + "\n")
        print(path)
