"""Write the golden file of the current format version, once per version:  python -m tests.golden.make"""

import json
from pathlib import Path

from host.compiler.plan import plan
from host.evaluation.model import reference_features
from host.format.file import MAJOR, MINOR, write
from host.reference import specification
from tests.programs import golden_windows, random_program

WINDOWS = 12

if __name__ == "__main__":
    program = random_program(196)
    path = Path(__file__).with_name(f"v{MAJOR}.{MINOR}.bin")
    if path.exists():
        raise SystemExit(f"{path} exists: a released version's file never changes")
    c = program.frontend
    windows = golden_windows(WINDOWS, (c.frames - 1) * c.hop + c.frame)
    probabilities = specification.run(program, reference_features(program, windows))[-1].reshape(WINDOWS, -1)
    path.write_bytes(write(program, plan(program)))
    path.with_suffix(".json").write_text(json.dumps({"probabilities": probabilities.tolist()}) + "\n")
    print(path)
