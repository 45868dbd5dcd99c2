"""The networks by name."""

from dataclasses import dataclass, field

import numpy as np

from host.data.dataset import DataError
from host.format.program import FrontEnd
from host.models import frontends
from host.models.dscnn import DSCNN
from host.models.dsnet import DSNet
from host.models.network import Network
from host.models.tinyspeech import TinySpeech, TinySpeechWide


@dataclass(frozen=True)
class Design:
    """A network, what it is built with, and the features it takes: `coefficients` MFCCs (0: log-mels) by `frames`."""

    network: type[Network]
    coefficients: int
    frames: int
    options: dict = field(default_factory=dict)


MODELS = {
    "tinyspeech-z4": Design(TinySpeech, 12, 94),
    "tinyspeech-z4-text": Design(TinySpeech, 12, 94, {"form": "text"}),
    "tinyspeech-wide": Design(TinySpeechWide, 12, 98),
    "dsnet-24": Design(DSNet, 0, 94),
    "dsnet-32": Design(DSNet, 0, 94, {"width": 32}),
    "dsnet-64": Design(DSNet, 0, 94, {"width": 64}),
    "small": Design(DSCNN, 0, 94),
    "medium": Design(DSCNN, 0, 94, {"planes": (16, 16), "width": 32, "blocks": ((32, 9, 2), (44, 9, 1))}),
    "large": Design(DSCNN, 0, 94, {"stem": 12, "planes": (24, 24), "width": 48, "blocks": ((48, 9, 2), (64, 9, 1))}),
}


def design_frontend(name: str, levels: np.ndarray) -> FrontEnd:
    """The front end of a network, its MFCCs scaled on training levels uint8 [clips, frames, bands].

    DataError where these are all alike.
    """
    design = MODELS[name]
    if not design.coefficients:
        return frontends.log_mel(design.frames)
    some = levels[:: max(1, len(levels) // 4000)].reshape(-1, levels.shape[-1]).astype(np.float64)
    c = frontends.coefficients(some, design.coefficients)
    if c.std(0).min() < 0.001:
        raise DataError("the training clips all sound alike, perhaps silent; record them again")
    return frontends.mfcc(c.mean(0), c.std(0), design.frames)


def build(name: str, frontend: FrontEnd, labels) -> Network:
    """A new network, randomly initialised from PyTorch's generator."""
    design = MODELS[name]
    return design.network(name, frontend, labels, **design.options)
