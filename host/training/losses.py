"""What a training makes small, by name, as a recipe names it: logits [batch, classes], classes int64 [batch] -> [].

Where there are teachers, the distance to their answers is added to it (host/training/distill.py).
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F

LOSSES: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {"cross-entropy": F.cross_entropy}
