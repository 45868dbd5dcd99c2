"""The level of a stream's sound, in the C core inside MicroPython, against exact integers."""

import math
import subprocess

import numpy as np

from host.engines.micropython import executable
from tests.conftest import MODEL

LEVELS = """
import array, sys, tympan
with open(sys.argv[1], "rb") as f:
    stream = tympan.Stream(tympan.Model(f))
for line in sys.stdin:
    for part in line.split("|"):
        stream.feed(array.array("h", [int(x) for x in part.split()]))
    print(stream.level(), stream.level())
"""


def test_the_level_is_the_whole_root_of_the_mean_square(tmp_path):
    """Of any count, fed in whatever parts; a square's root is its own, and what is a little less has the one below."""
    rng = np.random.default_rng(0)
    parts = [[[]], [[0]], [[-32768]], [[32767, -32768]], [[-32768] * 131]]
    parts += [[[v] * n] for v in (1, 2, 3, 181, 255, 256, -4096, 32767) for n in (1, 2, 3, 64, 65)]
    parts += [[[v] * n + [v - 1]] for v in (1, 2, 3, 181, 256, 32767) for n in (1, 2, 64, 999)]  # just below a square
    parts += [[[0] * n + [v]] for v in (1, 3, -7, 32767) for n in (0, 1, 2, 3, 8, 63, 64, 65)]  # the odd one counts
    for scale in (2, 30, 3000, 32767):
        for _ in range(20):
            sizes = rng.choice([0, 1, 3, 5, 63, 64, 65, 127, 129, 500], rng.integers(1, 5))
            parts.append([rng.integers(-scale, scale, n).tolist() for n in sizes])
    script = tmp_path / "levels.py"
    script.write_text(LEVELS)
    given = "\n".join("|".join(" ".join(map(str, part)) for part in line) for line in parts) + "\n"
    command = [str(executable()), str(script), str(MODEL)]
    out = subprocess.run(command, input=given, capture_output=True, text=True, check=True).stdout
    for line, found in zip(parts, out.splitlines(), strict=True):
        samples = [x for part in line for x in part]
        mean = sum(x * x for x in samples) // max(1, len(samples))
        assert found.split() == [str(math.isqrt(mean)), "0"], line  # the second: nothing was fed since
