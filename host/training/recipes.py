"""How to train, by name. A recipe is complete: with network, data and seed it determines a run on one thread."""

import dataclasses
from dataclasses import dataclass

from host.training.losses import LOSSES


@dataclass(frozen=True)
class Recipe:
    """float_epochs: trained in floating point first; the rest is quantisation-aware.

    shift: frames a clip is moved at most, either way. speed: share that it is spoken faster or slower at most, tract:
    that the voice is of a shorter or longer vocal tract (0.1: 10 %). gain: the range of dB added. noise: standard
    deviation of noise added to the log-mel levels. mixed: share of the clips that recorded noise is added to, at an SNR
    in dB drawn from the range `snr`; such noise alone, the silence class, is made louder or softer by up to
    `noise_gain` dB first. share: clips of unknown and silence per epoch, in mean clips per word. balanced: every word
    of a source is drawn as often as its words are on average, however few clips of it there are. taught: where there
    are teachers, the share of the loss that is the distance to their answers, both at this temperature. loss: the rest
    of it, a name in LOSSES.
    """

    name: str
    epochs: int
    float_epochs: int
    batch: int
    rate: float
    momentum: float
    decay: float
    nesterov: bool = False
    cosine: bool = False
    warmup: int = 0
    shift: int = 0
    speed: float = 0.0
    tract: float = 0.0
    gain: tuple[float, float] = (0.0, 0.0)
    noise: float = 0.0
    mixed: float = 0.0
    snr: tuple[float, float] = (0.0, 0.0)
    noise_gain: float = 0.0
    share: float = 1.0
    balanced: bool = False
    taught: float = 0.7
    temperature: float = 2.0
    loss: str = "cross-entropy"

    def __post_init__(self):
        if self.loss not in LOSSES:
            raise ValueError(f"no loss {self.loss!r}; there are {', '.join(LOSSES)}")


def shortened(recipe: Recipe, epochs: int) -> Recipe:
    """The recipe over another number of epochs, its float part in proportion and no longer warmed up than that."""
    float_epochs = recipe.float_epochs * epochs // recipe.epochs
    return dataclasses.replace(recipe, epochs=epochs, float_epochs=float_epochs, warmup=min(recipe.warmup, epochs - 1))


# for rooms: softer and louder than the recordings, with recorded noise in every fourth clip
ROOM = Recipe(
    "room", epochs=70, float_epochs=55, batch=64, rate=0.1, momentum=0.9, decay=1e-4, nesterov=True, cosine=True,
    warmup=2, shift=8, gain=(-20.0, 10.0), noise=2.0, mixed=0.25, snr=(5.0, 30.0), noise_gain=15.0,
)  # fmt: skip

RECIPES = {
    "article": Recipe("article", epochs=20, float_epochs=0, batch=64, rate=0.01, momentum=0.9, decay=1e-4),
    "default": Recipe(
        "default", epochs=80, float_epochs=50, batch=64, rate=0.1, momentum=0.9, decay=1e-4, nesterov=True,
        cosine=True, warmup=2, shift=8, gain=(-6.0, 6.0), noise=2.0,
    ),
    # for windows that move over a stream: words lie anywhere in them
    "stream": Recipe(
        "stream", epochs=100, float_epochs=70, batch=64, rate=0.1, momentum=0.9, decay=1e-4, nesterov=True,
        cosine=True, warmup=2, shift=32, gain=(-10.0, 10.0), noise=3.0,
    ),
    "room": ROOM,
    # without batch norm a rate of 0.1 kills ReLUs, the attentions' first
    "room-plain": dataclasses.replace(ROOM, name="room-plain", rate=0.02),
    # for windows that move over a stream, for more noise, and for voices that are not in the recordings, children's say
    "room-stream": dataclasses.replace(
        ROOM, name="room-stream", shift=40, speed=0.1, tract=0.1, mixed=0.5, snr=(0.0, 30.0)
    ),
    # a trained network goes on with other recordings, words in balance
    "tune": dataclasses.replace(ROOM, name="tune", epochs=8, float_epochs=0, rate=0.01, warmup=0, balanced=True),
    "demo": Recipe(
        "demo", epochs=80, float_epochs=56, batch=32, rate=0.05, momentum=0.9, decay=1e-4, nesterov=True,
        cosine=True, warmup=1, shift=32, gain=(-6.0, 6.0), noise=2.0,
    ),
}  # fmt: skip
