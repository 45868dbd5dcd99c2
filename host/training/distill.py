"""Distillation: to learn from what trained networks answer, not from labels alone (Hinton et al., arXiv 1503.02531)."""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F

from host.models.network import Network
from host.training.augment import to_features


def answers(teachers: Sequence[Network], levels: np.ndarray, temperature: float, device) -> torch.Tensor:
    """The teachers' mean probabilities at a temperature: levels uint8 [batch, frames, bands] -> [batch, classes].

    They compute in floating point, in evaluation mode. Each makes its own features, which need not be the student's.
    """
    probabilities = []
    for teacher in teachers:
        with torch.no_grad(), teacher.unquantized():
            logits = teacher(to_features(levels, teacher.frontend).to(device))
        probabilities.append(torch.softmax(logits / temperature, 1))
    return torch.stack(probabilities).mean(0)


def distance(logits: torch.Tensor, taught: torch.Tensor, temperature: float) -> torch.Tensor:
    """T^2 KL(taught || student), the mean over the batch: T^2 keeps its gradients in proportion to cross-entropy's."""
    student = torch.log_softmax(logits / temperature, 1)
    return temperature**2 * F.kl_div(student, taught, reduction="batchmean")
