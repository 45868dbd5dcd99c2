"""What `augmented` draws: of each thing the whole range, both ways, evenly, and nothing beyond it.

Clips are made so that what was done to one can be read off its levels. What is drawn is seeded: a test that passes does
so for ever.
"""

import dataclasses

import numpy as np
import pytest

from host.data.dataset import SILENCE, TRAINING, Dataset, class_labels
from host.training.augment import augmented, crop
from host.training.recipes import Recipe

N, FRAMES, DB = 1200, 94, 2.28  # clips, frames, levels per dB
LABELS = class_labels(12)
PLAIN = Recipe("plain", epochs=1, float_epochs=0, batch=8, rate=0.1, momentum=0.9, decay=0.0)


def drawn(clip: np.ndarray, recorded: np.ndarray | None = None, label: str = "yes", **recipe) -> np.ndarray:
    """What becomes of N copies of a clip [available, bands] by a recipe of nothing else: int16 [N, frames, bands].

    recorded: the clips of noise, [clips, available, bands].
    """
    levels = np.broadcast_to(clip.astype(np.uint8), (N, *clip.shape))
    target = np.full(N, LABELS.index(label))
    noise = np.zeros((0, *clip.shape), np.uint8) if recorded is None else recorded.astype(np.uint8)
    d = Dataset(levels, target, np.full(N, TRAINING), LABELS, ("x",), np.zeros(N, np.uint8), noise)
    got = augmented(d, np.arange(N), FRAMES, dataclasses.replace(PLAIN, **recipe), np.random.default_rng(1))
    assert got.dtype == np.uint8 and got.shape == (N, FRAMES, 40)
    return got.astype(np.int16)


def flat(level: int, frames: int = 98) -> np.ndarray:
    return np.full((frames, 40), level)


def is_uniform(x: np.ndarray, low: float, high: float, blur: float = 0.0) -> bool:
    """Whether x is drawn evenly from low to high (Kolmogorov-Smirnov, p = 0.001); blur: how far off it was read."""
    x, share = np.sort(x), np.arange(1, len(x) + 1) / len(x)
    off = np.abs((x - low) / (high - low) - share).max()
    edge = 7 / len(x) * (high - low) + blur  # one of a thousand draws leaves that much at an end
    inside = low - blur <= x[0] < low + edge and high - edge < x[-1] <= high + blur
    return bool(inside and off < 1.95 / np.sqrt(len(x)) + blur / (high - low))


def is_share(count: int, of: int, share: float) -> bool:
    """Whether as many of them are a share, to four standard deviations."""
    return abs(count - of * share) < 4 * np.sqrt(of * share * (1 - share))


def test_nothing_is_done_where_nothing_is_asked():
    ramp = np.arange(98)[:, None] + np.arange(40)
    assert (drawn(ramp, label=SILENCE) == ramp[2:96]).all()


@pytest.mark.parametrize("other", [{}, {"speed": 1e-9}], ids=["alone", "with voices"])
def test_clips_move_both_ways_by_every_number_of_frames(other):
    start = drawn(np.arange(98)[:, None] + np.zeros(40), shift=3, **other)[:, 50, 7] - 50
    found, counts = np.unique(start, return_counts=True)
    assert found.tolist() == [-1, 0, 1, 2, 3, 4, 5] and all(is_share(c, N, 1 / 7) for c in counts)


def test_beyond_the_ends_the_edge_repeats():
    ramp = np.arange(98)[None, :, None] + np.zeros((2, 98, 40), int)
    early, late = crop(ramp, np.array([-3, 8]), 94)[..., 0]
    assert early.tolist() == [0, 0, 0, *range(91)] and late.tolist() == [*range(8, 98), 97, 97, 97, 97]


def test_gain_is_even_over_its_range_and_the_same_all_through_a_clip():
    got = drawn(flat(100), gain=(-20.0, 10.0))
    assert (got == got[:, :1, :1]).all() and is_uniform((got[:, 0, 0] - 100) / DB, -20, 10, 0.5 / DB)


def test_silence_alone_is_louder_or_softer_by_its_gain():
    got = drawn(flat(100), label=SILENCE, noise_gain=15.0)
    assert (got == got[:, :1, :1]).all() and is_uniform((got[:, 0, 0] - 100) / DB, -15, 15, 0.5 / DB)
    assert (drawn(flat(100), noise_gain=15.0) == 100).all()


def test_levels_are_rounded_and_do_not_wrap():
    assert drawn(flat(250), gain=(20.0, 20.0)).min() == 255 and drawn(flat(5), gain=(-20.0, -20.0)).max() == 0
    assert (drawn(flat(100), gain=(0.21, 0.21)) == 100).all() and (drawn(flat(100), gain=(0.22, 0.22)) == 101).all()
    assert (drawn(flat(100), gain=(-0.21, -0.21)) == 100).all() and (drawn(flat(100), gain=(-0.22, -0.22)) == 99).all()


def test_noise_of_the_levels_has_any_deviation_up_to_its_own():
    off = drawn(flat(128), noise=8.0) - 128
    deviation = np.sqrt(np.maximum(off.var((1, 2)) - 1 / 12, 0))  # without what rounding adds
    assert abs(off.mean()) < 4 * 4.7 / np.sqrt(off.size) and is_uniform(deviation, 0, 8, 0.3)
    whitened = off / off.std((1, 2), keepdims=True).clip(1)
    assert abs(np.mean(whitened[:, 1:] * whitened[:, :-1])) < 0.002  # each level has its own
    assert abs(np.mean(whitened[..., 1:] * whitened[..., :-1])) < 0.002


def halves(low: int, high: int, frames: int = 98) -> np.ndarray:
    """A clip of one level in the lower bands and another in the upper."""
    return np.repeat([low, high], 20)[None] + np.zeros((frames, 1), int)


def test_as_many_clips_as_asked_meet_noise_at_an_snr_of_the_whole_range():
    clip = halves(150, 0)
    upper = drawn(clip, recorded=halves(0, 100)[None], mixed=0.25, snr=(5.0, 30.0))[:, :, 30]
    met = upper[:, 0] > 50
    assert is_share(met.sum(), N, 0.25) and (upper[~met] == 0).all()
    assert is_uniform((150 - upper[met, 0]) / DB, 5, 30, 0.5 / DB)  # of equal bands, so that levels are energies
    assert (
        drawn(clip, recorded=halves(0, 100)[None], mixed=1.0, snr=(5.0, 5.0))[:, :, 30] == round(150 - 5 * DB)
    ).all()


def test_noise_is_any_piece_of_any_clip_of_noise():
    frame = (np.arange(98) ** 2 // 50)[:, None]
    noise = np.stack([np.where(np.arange(40) // 10 == k, frame, 0) for k in (2, 3)])
    got = drawn(halves(150, 0), recorded=noise, mixed=1.0, snr=(0.0, 0.0))
    which = (got[:, 90, 35] > 50).astype(int)
    piece = got[np.arange(N), :, 25 + 10 * which]
    start = np.round(((piece[:, 93] - piece[:, 43]) * 50 / 50 - 136) / 2)  # (s + 93)^2 - (s + 43)^2 = 100 s + 6800
    assert is_share(which.sum(), N, 1 / 2)
    found, counts = np.unique(start, return_counts=True)
    assert found.tolist() == [0, 1, 2, 3, 4] and all(is_share(c, N, 1 / 5) for c in counts)


def test_voices_are_faster_and_slower_evenly():
    got = drawn(np.arange(158)[:, None] + np.zeros(40), speed=0.1)[:, :, 20]
    speed = (got[:, 93] - got[:, 0]) / 93
    assert is_uniform(np.log(speed), -np.log(1.1), np.log(1.1), 1 / 93)
    assert np.abs((got[:, 93] + got[:, 0]) / 2 - 78.5).max() <= 0.5  # about the middle


def test_vocal_tracts_are_shorter_and_longer_evenly():
    got = drawn(5 * np.arange(40)[None] + np.zeros((98, 1)), tract=0.1)[:, 0, 20] / 5
    step = np.log1p(4000 / 700) / 41
    tract = np.expm1(21 * step) / np.expm1((got + 1) * step)
    assert is_uniform(np.log(tract), -np.log(1.1), np.log(1.1), 0.008)


def test_each_clip_has_draws_of_its_own():
    got = drawn(flat(100), gain=(-20.0, 20.0))[:, 0, 0]
    assert abs(np.corrcoef(got[1:], got[:-1])[0, 1]) < 4 / np.sqrt(N)
    moved = drawn(np.arange(98)[:, None] + np.zeros(40), shift=3, gain=(0.0, 20.0))
    start, gain = np.array([np.polyfit(np.arange(94), x, 1) for x in moved[:500, :, 0]]).T
    assert np.abs(start - 1).max() < 0.01 and gain.std() > 5  # moved as well as louder
