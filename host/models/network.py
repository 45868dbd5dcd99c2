"""What every network has: float and quantised training, and evaluation on the robot's own integers."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from host.compiler.lowering import FEATURE_SCALE, lower
from host.compiler.schedule import listened
from host.engines import pytorch
from host.format.program import FrontEnd, Listening, Program
from host.models.quantizer import Quantizer, Signal

NETWORKS: dict[str, type["Network"]] = {}  # by the names of their classes, which designs are written with


class Network(nn.Module):
    """Base of the networks in this folder; a subclass defines `logits`, and `classify`, the layer of its outputs.

    frontend: what makes the uint8 features. labels: class names, in the order of the outputs.
    """

    classify: nn.Module  # the last layer, whose rows are the labels'

    def __init__(self, name: str, frontend: FrontEnd, labels: tuple[str, ...]):
        super().__init__()
        self.name = name
        self.frontend = frontend
        self.labels = tuple(labels)

    def logits(self, x):
        """Features to logits, on `Signal`s or on `Node`s."""
        raise NotImplementedError

    @property
    def quantizers(self) -> list[Quantizer]:
        return [m for m in self.modules() if isinstance(m, Quantizer)]

    @property
    def quantized(self) -> bool:
        return bool(self.quantizers[0].enabled)

    def quantize(self) -> None:
        """Train on the robot's grid from now on; ranges come from the batches seen so far."""
        for q in self.quantizers:
            q.enable()

    @contextmanager
    def unquantized(self) -> Iterator[None]:
        """Within it the network computes in floating point, with the weights it has and nothing rounded or clipped."""
        enabled = [bool(q.enabled) for q in self.quantizers]
        for q in self.quantizers:
            q.enabled.fill_(False)
        try:
            yield
        finally:
            for q, was in zip(self.quantizers, enabled, strict=True):
                q.enabled.fill_(was)

    def start_from(self, other: "Network") -> None:
        """Take over the weights of a network of the same design, which may hear other words.

        The output of a word that only this one hears stays as it is; where the words differ, no mask of the outputs is
        taken over.
        """
        state = other.state_dict()
        if self.labels != other.labels:
            state.pop("classify.mask", None)
        for name, own in self.classify.named_parameters("classify"):
            rows = own.detach().clone()
            for i, label in enumerate(self.labels):
                if label in other.labels:
                    rows[i] = state[name][other.labels.index(label)]
            state[name] = rows
        self.load_state_dict(state)

    def parameter_count(self) -> int:
        """Trainable parameters of the network itself, quantiser steps apart."""
        return sum(p.numel() for n, p in self.named_parameters() if not n.endswith("log_step"))

    def program(self, listening: Listening | None = None) -> Program:
        """The integer operators of the network as it stands."""
        program = lower(self.logits, self.frontend, self.labels, listening, self.name)
        return program if listening else listened(program)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """features uint8 [batch, frames, width] -> float [batch, classes].

        In training, and before quantisation: logits. In evaluation once quantised: the probabilities of the robot,
        integers of 0 to 65535, bit for bit (see host/engines/pytorch.py).
        """
        if self.quantized and not self.training:
            return pytorch.run(self.program(), features)[-1].flatten(1)
        real = (features.float() - self.frontend.zero) * FEATURE_SCALE
        x = real.unsqueeze(1).contiguous(memory_format=torch.channels_last)
        scale = FEATURE_SCALE if self.quantized else None
        return self.logits(Signal(x, scale, self.frontend.zero)).real.flatten(1)


def register(network: type[Network]) -> type[Network]:
    """Enter a network's class in NETWORKS."""
    NETWORKS[network.__name__] = network
    return network
