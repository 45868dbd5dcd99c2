"""Processes that train one network together, as torchrun starts them; in a process that is alone all this does nothing.

Each takes its share of every batch, and gradients are averaged (arXiv 2006.15704). Batch norms and quantisers see a
worker's share only; what they have seen is averaged after each epoch, so that all have one network again. The first
worker alone validates, prints and writes.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
import torch.distributed as dist


@contextmanager
def together() -> Iterator[None]:
    """Within it the workers that torchrun started, where it did, know of each other."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield
        return
    dist.init_process_group("gloo")
    try:
        yield
    finally:
        dist.destroy_process_group()


def count() -> int:
    return dist.get_world_size() if dist.is_initialized() else 1


def rank() -> int:
    """Which of them this one is, from 0."""
    return dist.get_rank() if dist.is_initialized() else 0


@contextmanager
def first_before_others() -> Iterator[None]:
    """The first worker runs the block, then the others: what it keeps in a file they find."""
    if rank():
        dist.barrier()
    yield
    if count() > 1 and not rank():
        dist.barrier()


def average(tensors: Iterable[torch.Tensor]) -> None:
    """Each tensor becomes its mean over the workers."""
    tensors = list(tensors)
    if count() == 1:
        return
    flat = torch.cat([t.detach().reshape(-1).float() for t in tensors]).cpu()
    dist.all_reduce(flat)
    for tensor, mean in zip(tensors, (flat / count()).split([t.numel() for t in tensors]), strict=True):
        tensor.copy_(mean.view_as(tensor))
