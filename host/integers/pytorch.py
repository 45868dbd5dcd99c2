"""The same arithmetic in PyTorch's float64, which holds every integer of the robot exactly.

Values are float64 [batch, channels, frames, bands].
"""

import torch


def tensor(array, like: torch.Tensor) -> torch.Tensor:
    """An array as float64, on the device of `like`."""
    return torch.as_tensor(array, dtype=torch.float64, device=like.device)


def channels(array, like: torch.Tensor) -> torch.Tensor:
    """An array [channels] as float64 [channels, 1, 1]."""
    return tensor(array, like)[:, None, None]


def requantize(acc, mult, shift: int, zero: int, low: int = 0, high: int = 255):
    """clamp(zero + acc * mult / 2^shift), rounded half up."""
    return torch.floor((acc * mult + (zero << shift) + (1 << shift >> 1)) / (1 << shift)).clamp(low, high)


def expand(x, factor: tuple[int, int]):
    """Nearest-neighbour upsampling of frames and bands."""
    return x.repeat_interleave(factor[0], 2).repeat_interleave(factor[1], 3)


def middle(x, frames: int):
    """The middle `frames` frames."""
    return x.narrow(2, (x.shape[2] - frames) // 2, frames)
