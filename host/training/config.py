"""What determines a run (model, data, split, seed, recipe, front end), as the config.json of its folder keeps it."""

import dataclasses
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from host.base.errors import DataError, Error
from host.data.dataset import TRAINING, Dataset
from host.format.program import FrontEnd
from host.models.design import Design, build, design_frontend
from host.training.recipes import Recipe
from host.training.weights import Built, load_weights


class RunError(Error):
    """A run folder that cannot be used as asked."""


@dataclasses.dataclass(frozen=True)
class RunConfig:
    """Everything that determines a run.

    model: the name that the network goes by. start: the run, or the file of weights, that it went on from.
    teachers: the runs it learned from.
    workers: how many processes shared its batches, each on so many threads; device: PyTorch's kind of it, "cpu" say.
    These three change in what order numbers are added, and so the last bits. resample: whether recordings of any rate
    and number of channels were converted.
    """

    model: str
    start: str | None
    design: Design
    data: tuple[str, ...]
    noise: str | None
    clips: dict[str, int]
    classes: int
    split: str
    seed: int
    recipe: Recipe
    frontend: FrontEnd
    labels: tuple[str, ...]
    teachers: tuple[str, ...] = ()
    workers: int = 1
    threads: int = 1
    device: str = "cpu"
    resample: bool = False

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self) | {"design": self.design.to_dict()}, indent=1)

    @staticmethod
    def from_json(text: str) -> "RunConfig":
        d = json.loads(text)
        frontend: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in d["frontend"].items()}
        recipe: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in d["recipe"].items()}
        d |= {
            "design": Design.from_dict(d["design"]),
            "data": tuple(str(Path(source)) for source in d["data"]),
            "labels": tuple(d["labels"]),
            "teachers": tuple(d.get("teachers", ())),
            "recipe": Recipe(**recipe),
            "frontend": FrontEnd(**frontend),
        }
        return RunConfig(**d)


def check_fit(model: str, design: Design, data: Dataset, recipe: Recipe) -> None:
    """DataError where the clips do not fit the network, or lack what the recipe needs."""
    frames = data.levels.shape[1]
    if recipe.mixed and not len(data.noise):
        raise DataError(f"{data.source}: no noise for the recipe {recipe.name} to mix with; add --noise FOLDER")
    if frames < design.frames:
        raise DataError(f"{data.source}: its clips have {frames} frames; {model} takes {design.frames} or more")


def make_config(
    model: str, design: Design, data: Dataset, classes: int, split: str, seed: int, recipe: Recipe
) -> RunConfig:
    """The configuration of a run on this data; the front end is designed on its training clips.

    DataError where the clips do not fit the network.
    """
    check_fit(model, design, data, recipe)
    frontend = design_frontend(design, data.levels[data.rows(TRAINING)])
    return RunConfig(
        model,
        None,
        design,
        data.sources,
        data.noise_source,
        data.counts(TRAINING),
        classes,
        split,
        seed,
        recipe,
        frontend,
        data.labels,
    )


def continued(start: Path, data: Dataset, classes: int, split: str, seed: int, recipe: Recipe) -> RunConfig:
    """The configuration of a run that goes on from the weights in `start`, on this data; for `start` see `origin`.

    DataError where the clips do not fit its network; RunError where it hears other words or cannot be read.
    """
    before = origin(start)
    if before.labels != data.labels:
        raise RunError(f"{start} hears {', '.join(before.labels)}; the data has {', '.join(data.labels)}")
    check_fit(before.model, before.design, data, recipe)
    return RunConfig(
        before.model, str(start), before.design, data.sources, data.noise_source, data.counts(TRAINING), classes, split,
        seed, recipe, before.frontend, before.labels,
    )  # fmt: skip


def origin(start: Path) -> "RunConfig | Built":
    """What network lies in `start`: a run's folder, where it is that of the best epoch, or a file of weights."""
    return load_weights(start)[0] if start.is_file() else load_config(start)


def with_teachers(config: RunConfig, teachers: list[Path]) -> RunConfig:
    """The configuration with runs to learn from. RunError where one hears other words, or windows of other lengths."""
    for folder in teachers:
        other = load_config(folder)
        if (other.labels, other.frontend.frames) != (config.labels, config.frontend.frames):
            raise RunError(
                f"{folder} hears {', '.join(other.labels)} in {other.frontend.frames} frames; "
                f"a teacher has to hear {', '.join(config.labels)} in {config.frontend.frames}"
            )
    return dataclasses.replace(config, teachers=tuple(map(str, teachers)))


PATHS = ("start", "data", "noise", "teachers")  # of a run's sources; the same folder may be written in several ways


def same_places(before, now) -> bool:
    """Whether two values of one of PATHS name the same files or folders."""
    if isinstance(before, str) and isinstance(now, str):
        return Path(before).resolve() == Path(now).resolve()
    if isinstance(before, tuple):
        return len(before) == len(now) and all(map(same_places, before, now))
    return before == now


def differences(old, new, whose: str = "") -> list[str]:
    """What two configurations differ in, for a message."""
    changed = []
    for name in (f.name for f in dataclasses.fields(new)):
        before, now = getattr(old, name), getattr(new, name)
        if same_places(before, now) if name in PATHS else before == now:
            continue
        if name == "recipe":
            changed += differences(before, now, "recipe's ")
        elif name in ("design", "clips", "frontend", "labels"):
            changed.append(name)
        else:
            changed.append(f"{whose}{name} ({before!r}, now {now!r})")
    return changed


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """A RunError that names a run's file, whatever is wrong with it: PyTorch has no exceptions of its own for that."""
    if not path.exists():
        raise RunError(f"{path.parent}: no {path.name}; it is written by 'python -m host.train'")
    try:
        yield
    except Exception as error:
        if isinstance(error, OSError) and error.filename:
            raise
        raise RunError(f"{path} is damaged or of another run; restore it, or train in another --out") from error


def load_config(folder: Path) -> RunConfig:
    """The configuration of a run folder."""
    path = folder / "config.json"
    with reading(path):
        config = RunConfig.from_json(path.read_text("utf-8"))
        build(config.model, config.design, config.frontend, config.labels)  # which fails where they make no network
    return config
