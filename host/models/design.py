"""A design: which network, what it is built with, and the features it takes; plain data, which a run keeps."""

import inspect
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from host.base.errors import DataError, Error
from host.compiler.build import build as build_file
from host.engines.native import NativeModel
from host.features import frontends
from host.format.program import FrontEnd
from host.models.network import NETWORKS, Network


class DesignError(Error):
    """A design that makes no network."""


@dataclass(frozen=True)
class Design:
    """A network, what it is built with, and the features it takes: `coefficients` MFCCs (0: log-mels) by `frames`.

    Options that are not given are filled in, so that a design that was kept outlives a change of defaults.
    """

    network: type[Network]
    coefficients: int
    frames: int
    options: dict = field(default_factory=dict)

    def __post_init__(self):
        object.__setattr__(self, "options", _defaults(self.network) | self.options)

    def to_dict(self) -> dict:
        """As JSON has it: the network by its name."""
        return {
            "network": self.network.__name__, "coefficients": self.coefficients, "frames": self.frames,
            "options": self.options,
        }  # fmt: skip

    @staticmethod
    def from_dict(d: dict) -> "Design":
        """What `to_dict` gave, also after a way through JSON. DesignError where it is no design."""
        if not isinstance(d, dict) or d.keys() != {"network", "coefficients", "frames", "options"}:
            raise DesignError("a design has the keys network, coefficients, frames and options")
        if d["network"] not in NETWORKS:
            raise DesignError(f"no network {d['network']!r}; there are {', '.join(sorted(NETWORKS))}")
        network, options = NETWORKS[d["network"]], d["options"]
        known = _defaults(network)
        if not isinstance(options, dict) or not known.keys() >= options.keys():
            raise DesignError(f"{network.__name__} takes the options {', '.join(known)}; not {options}")
        for name, most in (("coefficients", frontends.BANDS), ("frames", 1000)):
            if type(d[name]) is not int or not 0 <= d[name] <= most:
                raise DesignError(f"{name} is {d[name]!r}; expected a whole number of 0 to {most}")
        return Design(network, d["coefficients"], d["frames"], {k: _tuples(v) for k, v in options.items()})


def _defaults(network: type[Network]) -> dict:
    """The options of a network, with the values that they have where none are given."""
    return {name: p.default for name, p in inspect.signature(network).parameters.items() if p.default is not p.empty}


def _tuples(value):
    """JSON's lists as the tuples that options are."""
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def read_design(path: Path) -> Design:
    """The design in a JSON file; DesignError, with the file's name, where it makes no network."""
    try:
        design = Design.from_dict(json.loads(path.read_text("utf-8")))
        count = design.coefficients  # the features' scale does not matter to what can be built
        features = (
            frontends.mfcc([0] * count, [1] * count, design.frames) if count else frontends.log_mel(design.frames)
        )
        program = build(path.stem, design, features, ("yes", "no")).program()
        NativeModel(build_file(program))  # which refuses what a robot could not take
    except OSError:
        raise
    except Exception as error:  # a network built with whatever a file says raises whatever comes first
        raise DesignError(f"{path}: makes no network: {error}") from error
    return design


def design_frontend(design: Design, levels: np.ndarray) -> FrontEnd:
    """The front end of a design, its MFCCs scaled on training levels uint8 [clips, frames, bands].

    DataError where these are all alike.
    """
    if not design.coefficients:
        return frontends.log_mel(design.frames)
    some = levels[:: max(1, len(levels) // 4000)].reshape(-1, levels.shape[-1]).astype(np.float64)
    c = frontends.coefficients(some, design.coefficients)
    if c.std(0).min() < 0.001:
        raise DataError("the training clips all sound alike, perhaps silent; record them again")
    return frontends.mfcc(c.mean(0), c.std(0), design.frames)


def build(name: str, design: Design, frontend: FrontEnd, labels) -> Network:
    """A new network, randomly initialised from PyTorch's generator."""
    return design.network(name, frontend, labels, **design.options)
