"""Weights that training can start from, as one small file: NumPy's .npz without pickled objects.

Nothing in it runs when it is read, it is compressed, and NumPy is there anyway.
"""

import dataclasses
import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from host.base.errors import Error
from host.base.files import write_own
from host.format.program import FrontEnd
from host.models.design import Design, build
from host.models.network import Network

ABOUT = "about"  # the text: JSON of `Built`
LARGEST = 64 << 20  # bytes unpacked; the networks here have a thousandth of it
ZIP = b"PK\3\4"


class WeightsError(Error):
    """A file that holds no weights which training could start from."""


@dataclass(frozen=True)
class Built:
    """What a network is but for its weights; model: the name that it goes by."""

    model: str
    design: Design
    frontend: FrontEnd
    labels: tuple[str, ...]

    def network(self) -> Network:
        """A new one, randomly initialised."""
        return build(self.model, self.design, self.frontend, self.labels)


def save_weights(path: Path, design: Design, network: Network) -> None:
    """Write a network's weights; Error where something that is no archive is in the file's place."""
    about = {
        "model": network.name, "design": design.to_dict(), "frontend": dataclasses.asdict(network.frontend),
        "labels": network.labels,
    }  # fmt: skip
    arrays: dict[str, Any] = {name: tensor.cpu().numpy() for name, tensor in network.state_dict().items()}
    arrays[ABOUT] = np.array(json.dumps(about))
    memory = io.BytesIO()
    np.savez_compressed(memory, **arrays)
    write_own(path, memory.getvalue(), ZIP, "file of weights")


def load_weights(path: Path) -> tuple[Built, Network]:
    """The network of a file that `save_weights` wrote. OSError where there is none, WeightsError where it is none."""
    file = path.read_bytes()
    try:
        if sum(member.file_size for member in zipfile.ZipFile(io.BytesIO(file)).infolist()) > LARGEST:
            raise ValueError("it is too large")
        with np.load(io.BytesIO(file), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        d = json.loads(str(arrays.pop(ABOUT)))
        fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in d["frontend"].items()}
        built = Built(str(d["model"]), Design.from_dict(d["design"]), FrontEnd(**fields), tuple(map(str, d["labels"])))
        network = built.network()
        network.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})
    except Exception as error:  # NumPy, zipfile, JSON and PyTorch raise whatever comes first
        raise WeightsError(f"{path} holds no weights to start from; host.card --weights writes such a file") from error
    return built, network
