"""The design space: for each network the choices of its options. A new network, or a new option, is one entry here.

A choice draws its value from a trial of Optuna (or anything with its `suggest_int` and `suggest_categorical`), in which
the value, or each part of it, goes by the name of its option.
"""

from dataclasses import dataclass
from typing import Protocol

from host.models import NETWORKS
from host.models.design import Design


class Choice(Protocol):
    def draw(self, trial, name: str): ...


@dataclass(frozen=True)
class OneOf:
    """Any of the values, which have no order."""

    values: tuple

    def draw(self, trial, name: str):
        texts = {repr(v): v for v in self.values}  # what a study can keep: Optuna takes no tuples
        return texts[trial.suggest_categorical(name, list(texts))]


@dataclass(frozen=True)
class Whole:
    """A whole number of low to high; neighbours are taken to be alike."""

    low: int
    high: int
    step: int = 1

    def draw(self, trial, name: str) -> int:
        return trial.suggest_int(name, self.low, self.high, step=self.step)


@dataclass(frozen=True)
class Several:
    """A tuple of `low` to `high` values, each a choice of its own."""

    choice: Choice
    low: int
    high: int

    def draw(self, trial, name: str) -> tuple:
        count = trial.suggest_int(f"{name}.count", self.low, self.high)
        return tuple(self.choice.draw(trial, f"{name}.{i}") for i in range(count))


@dataclass(frozen=True)
class Each:
    """A tuple with one value of each choice."""

    choices: tuple[Choice, ...]

    def draw(self, trial, name: str) -> tuple:
        return tuple(choice.draw(trial, f"{name}.{i}") for i, choice in enumerate(self.choices))


@dataclass(frozen=True)
class Space:
    """The choices of one network: MFCCs (0: log-mels), frames in a window, and what it is built with."""

    coefficients: Choice
    frames: Choice
    options: dict[str, Choice]


MFCCS = OneOf((0, 10, 12, 16, 20))
CONDENSER = Each((Whole(4, 28, 2), Whole(2, 14)))  # (mid, out) channels

SPACES = {
    "BCResNet": Space(
        coefficients=OneOf((0,)),
        frames=OneOf((98,)),  # a pool of 4 frames leaves none over
        options={
            "stem": Whole(4, 24, 4),
            "stages": Several(Each((Whole(8, 40, 4), Whole(1, 3), Whole(3, 9, 2))), 1, 3),
            "width": Whole(16, 80, 4),
            "fan_in": OneOf((1, 2, 4)),
            "blocks": Several(Whole(12, 64, 4), 0, 2),
            "out": Whole(1, 6),
            "stride": OneOf((1, 2)),
        },
    ),
    "DSCNN": Space(
        coefficients=OneOf((0,)),  # it moves over bands, and neighbouring MFCCs are not alike
        frames=OneOf((94,)),
        options={
            "stem": Whole(4, 16, 4),
            "planes": Several(Whole(4, 24, 4), 1, 3),
            "width": Whole(12, 48, 4),
            "fan_in": OneOf((1, 2, 4)),
            "blocks": Several(Each((Whole(16, 48, 4), Whole(3, 13, 2), Whole(1, 2))), 1, 4),
        },
    ),
    "DSNet": Space(
        coefficients=MFCCS,
        frames=OneOf((94,)),
        options={"width": Whole(8, 64, 4), "kernels": Several(Whole(3, 13, 2), 1, 6)},
    ),
    "TinySpeech": Space(
        coefficients=MFCCS,
        frames=OneOf((94,)),
        options={
            "blocks": Several(Each((CONDENSER, CONDENSER)), 1, 6),
            "width": Whole(8, 40),
            "form": OneOf(("code", "text")),
        },
    ),
    "TinySpeechWide": Space(
        coefficients=OneOf((0,)),
        frames=OneOf((98,)),  # pools of 2 and 4 frames leave none over
        options={
            "stem": Whole(4, 24, 4),
            "planes": Several(Whole(8, 40, 4), 1, 2),
            "width": Whole(16, 80, 8),
            "fan_in": OneOf((1, 2, 4)),
            "blocks": Several(Whole(12, 64, 4), 1, 3),
            "out": Whole(1, 6),
            "stride": OneOf((1, 2)),
        },
    ),
}


def propose(trial, networks: tuple[str, ...]) -> Design:
    """The design that a trial draws from the spaces of the networks."""
    name = trial.suggest_categorical("network", list(networks)) if len(networks) > 1 else networks[0]
    space = SPACES[name]
    options = {key: choice.draw(trial, f"{name}.{key}") for key, choice in space.options.items()}
    coefficients = space.coefficients.draw(trial, f"{name}.coefficients")
    return Design(NETWORKS[name], coefficients, space.frames.draw(trial, f"{name}.frames"), options)
