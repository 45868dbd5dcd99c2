"""A program run by PyTorch in float64, which holds every one of its integers exactly.

It exists so that a network in evaluation mode computes, in batches and where the network is, what the robot computes.
"""

import torch

from host.format.program import Program


def run(program: Program, features: torch.Tensor) -> list[torch.Tensor]:
    """Every value: features uint8 [batch, frames, width] -> float64 [batch, channels, frames, bands]."""
    zeros = program.zeros()
    values = [features.double().unsqueeze(1)]
    for op in program.operators:
        values.append(op.pytorch(values, zeros))
    return values
