"""The specification of a whole network (docs/semantics.md, section 5), each operator as host/operators has it."""

import numpy as np

from host.format.program import Program


def run(program: Program, features) -> list[np.ndarray]:
    """Every value of the network: uint8 [batch, *input shape] -> int64 arrays, probabilities last.

    Values are [batch, frames, bands, channels] and hold uint8 (logits int16, probabilities uint16).
    """
    zeros = program.zeros()
    values = [np.asarray(features, np.int64).reshape(-1, *program.input.shape)]
    for op in program.operators:
        values.append(op.reference(values, zeros))
    return values
