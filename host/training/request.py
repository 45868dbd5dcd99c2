"""What a training is asked for: from names and paths to data, a configuration and a place."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import torch

from host.base import paths
from host.data.dataset import TESTING, TRAINING, VALIDATION, Dataset, command_words
from host.data.load import Gathered, gather
from host.models.design import Design
from host.training.config import RunConfig, continued, make_config, origin, with_teachers
from host.training.loop import measured
from host.training.recipes import Recipe
from host.training.run import load_network, train
from host.training.workers import count, rank


@dataclass(frozen=True)
class Request:
    """sources, classes, split, seed, noise, words, resample: as of `host.data.load.gather`.

    network: its name and design; start: a run, or a file of weights, to go on from instead, which brings its network
    and, unless some are given, its words. teachers: runs to learn from. threads, device: see RunConfig.
    """

    sources: tuple[str, ...]
    recipe: Recipe
    network: tuple[str, Design] | None = None
    start: Path | None = None
    teachers: tuple[Path, ...] = ()
    words: tuple[str, ...] = ()
    classes: int = 12
    split: str = "auto"
    seed: int = 0
    noise: Path | None = None
    resample: bool = False
    threads: int = 1
    device: str = "cpu"

    @property
    def name(self) -> str:
        """The network's. RunError where the run to start from cannot be read."""
        return origin(self.start).model if self.start else self._designed[0]

    @property
    def _designed(self) -> tuple[str, Design]:
        assert self.network, "a request names a network or what it starts from"
        return self.network

    def folder(self) -> Path:
        """Where the run goes unless a place is named."""
        return paths.RUNS / f"{self.name}-{source_names(self.sources)}-{self.classes}-{self.recipe.name}-{self.seed}"

    def gather(self, quiet: bool = False) -> Gathered:
        """All that the sources hold. DataError where they cannot be used, RunError where `start` cannot be read."""
        words = self.words
        if self.start and not words:
            words = command_words(origin(self.start).labels)
        return gather(self.sources, self.classes, self.split, self.seed, self.noise, quiet, words, self.resample)

    def config(self, data: Dataset) -> RunConfig:
        """The run's configuration. DataError or RunError where the data do not fit the network or another run."""
        given = data, self.classes, self.split, self.seed, self.recipe
        if self.start:
            config = continued(self.start, *given)
        else:
            name, design = self._designed
            config = make_config(name, design, *given)
        return dataclasses.replace(
            with_teachers(config, list(self.teachers)), workers=count(), threads=self.threads, device=self.device,
            resample=self.resample,
        )  # fmt: skip


def fulfil(
    request: Request, found: Gathered, folder: Path, resume: bool = False, quiet: bool = False, say=print, device="cpu"
) -> Path:
    """Train what was requested on what was gathered for it; the path of model.bin. Of several workers the first says.

    device: PyTorch's, of the request's kind. DataError or RunError where the data or the folder do not fit.
    """
    torch.set_num_threads(request.threads)
    torch.set_flush_denormal(True)
    if rank():
        say, quiet = lambda line: None, True
    data = found.dataset()
    config = request.config(data)
    say(f"{len(data.rows(TRAINING))} training and {len(data.rows(VALIDATION))} validation clips; run in {folder}")
    for line in found.others:
        say(line)
    path = train(config, data, folder, resume, quiet, say, device)
    if not rank():
        say(f"{path}: {path.stat().st_size} bytes")
        if left_out := len(data.rows(TESTING)):
            share = measured(load_network(folder)[1], data, TESTING)
            say(f"{100 * share:.1f} % of {left_out} testing clips, mean of the classes; nothing was chosen on them")
    return path


def source_names(sources: tuple[str, ...]) -> str:
    """What a folder of results is called after."""
    return "-".join(Path(d).absolute().name.removesuffix(".npz") for d in sources)
