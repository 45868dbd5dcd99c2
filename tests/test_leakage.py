"""What is tested on trains nothing and chooses nothing; a clip counts once; a split is what the data set says."""

import dataclasses
import hashlib

import numpy as np
import pytest
import torch

from host.base.errors import DataError
from host.data import archive, findings, speech_commands, survey
from host.data.dataset import NOISE_FOLDER, SILENCE, TESTING, TRAINING, UNKNOWN, VALIDATION, Dataset, Part, assemble
from host.data.load import gather
from host.models import MODELS
from host.training import loop, run
from host.training.config import make_config
from host.training.recipes import Recipe
from tests.conftest import load

SPLITS = (TRAINING, VALIDATION, TESTING)
LABELS = ("go", "stop", UNKNOWN, SILENCE)
RECIPE = Recipe("test", epochs=3, float_epochs=1, batch=8, rate=0.02, momentum=0.9, decay=1e-4, mixed=0.5)


def data(clips: int = 6) -> Dataset:
    """As many clips of each class in each split, which levels tell: 40, 120 or 200 and up to 3, noise 80 or 210."""
    split = np.tile(np.repeat(SPLITS, clips), len(LABELS)).astype("<U10")
    words = np.repeat([*LABELS[:3], NOISE_FOLDER], 3 * clips)
    levels = np.array([40, 120, 200], np.uint8)[[SPLITS.index(s) for s in split]][:, None, None] * np.ones((98, 40))
    levels[words == NOISE_FOLDER] = 80
    levels[(words == NOISE_FOLDER) & (split != TRAINING)] = 210
    levels += np.random.default_rng(0).integers(0, 4, levels.shape)
    return assemble(levels.astype(np.uint8), words, split, LABELS, ("made up",))


def test_a_split_has_its_own_rows_and_noise_is_of_training():
    d = data()
    assert [d.split[d.rows(s)].tolist() for s in SPLITS] == [[s] * 24 for s in SPLITS]
    assert sorted(np.concatenate([d.rows(s) for s in SPLITS])) == list(range(72))
    assert d.counts(VALIDATION) == dict.fromkeys(LABELS, 6)
    assert len(d.noise) == 6 and d.noise.max() == 83


@pytest.mark.parametrize("balanced", [False, True])
def test_training_draws_training_rows_alone(balanced):
    d = data()
    recipe = dataclasses.replace(RECIPE, balanced=balanced, share=20.0)  # more than there are: all are drawn
    rows = loop.epoch_rows(d, recipe, np.random.default_rng(0))
    assert set(d.split[rows]) == {TRAINING} and set(rows) == set(d.rows(TRAINING))


def trained(d: Dataset, folder, monkeypatch, recipe: Recipe = RECIPE):
    """A run on d: the levels that its network learned from, and those that it only heard."""
    seen, features = [], loop.to_features

    def seeing(levels, config):
        seen.append((levels, torch.is_grad_enabled()))
        return features(levels, config)

    monkeypatch.setattr(loop, "to_features", seeing)
    config = make_config("dsnet-24", MODELS["dsnet-24"], d, 12, "auto", 0, recipe)
    run.train(config, d, folder, quiet=True, log=lambda line: None)
    return np.concatenate([x for x, grad in seen if grad]), np.concatenate([x for x, grad in seen if not grad])


def test_batches_hold_training_clips_and_validation_validation_clips(tmp_path, monkeypatch):
    learned, validated = trained(data(), tmp_path / "run", monkeypatch)
    assert len(learned) == 3 * 24 and learned.max() < 100  # 40, 80, or both mixed
    assert len(validated) == 3 * 24 and set(np.unique(validated)) == {*range(120, 124), *range(210, 214)}


def test_quantisers_are_calibrated_on_training_clips(tmp_path, monkeypatch):
    recipe = dataclasses.replace(RECIPE, epochs=1, float_epochs=0)
    _, unlearned = trained(data(), tmp_path / "run", monkeypatch, recipe)
    assert len(unlearned) == 2 * 24 and unlearned[:24].max() < 100 and unlearned[24:].min() >= 120


def test_what_is_tested_on_changes_no_bit_of_a_run(tmp_path, monkeypatch):
    d, rng = data(), np.random.default_rng(0)
    noisy = rng.integers(0, 256, d.levels.shape, dtype=np.uint8)
    tested = (d.split == TESTING)[:, None, None]
    other = dataclasses.replace(
        d, levels=np.where(tested, noisy, d.levels), target=np.where(tested[:, 0, 0], 0, d.target)
    )
    files = []
    for i, one in enumerate((d, other)):
        config = make_config("tinyspeech-z4", MODELS["tinyspeech-z4"], one, 12, "auto", 0, RECIPE)
        files.append(run.train(config, one, tmp_path / str(i), quiet=True, log=lambda line: None).read_bytes())
    assert files[0] == files[1]


@pytest.mark.parametrize(
    "accuracies, best", [((0.5, 0.9, 0.5, 0.6), 2), ((0.9, 0.5, 0.5, 0.6), 4), ((0.9, 0.5, 0.5, 0.5), 2)],
    ids=["best", "not in floating point", "first of equals"],
)  # fmt: skip
def test_the_epoch_is_chosen_by_validation(accuracies, best, tmp_path, monkeypatch):
    d, asked = data(), []

    def measured(model, data, split):
        asked.append(split)
        return accuracies[len(asked) - 1]

    monkeypatch.setattr(loop, "measured", measured)
    config = make_config("dsnet-24", MODELS["dsnet-24"], d, 12, "auto", 0, dataclasses.replace(RECIPE, epochs=4))
    run.train(config, d, tmp_path, quiet=True, log=lambda line: None)
    assert asked == [VALIDATION] * 4 and run.load_best(tmp_path)[0].epoch == best


def test_accuracy_is_the_mean_of_the_classes(monkeypatch):
    target = np.array([0] * 8 + [1] * 2)
    d = Dataset(np.zeros((10, 98, 40), np.uint8), target, np.full(10, VALIDATION), LABELS, ("x",), target, target)
    heard = np.eye(4)[[0] * 6 + [1] * 2 + [0, 1]]
    monkeypatch.setattr(loop, "predict", lambda model, levels: heard)
    assert loop.measured(None, d, VALIDATION) == pytest.approx((6 / 8 + 1 / 2) / 2)


# a few speakers of Speech Commands v0.02, as its own lists split them
KNOWN = {
    TRAINING: ("00176480", "004ae714", "00b01445"),
    VALIDATION: ("067f61e2",),
    TESTING: ("022cd682", "0c40e715", "0c540988"),
}


def published(speaker: str) -> str:
    """The rule as the data set publishes it, in whole numbers."""
    share = int.from_bytes(hashlib.sha1(speaker.encode()).digest()[-4:], "big") & 0x7FFFFFF
    return VALIDATION if 10 * share < 0x7FFFFFF else TESTING if 5 * share < 0x7FFFFFF else TRAINING


def test_the_hash_rule_is_the_published_one():
    for split, speakers in KNOWN.items():
        assert {speech_commands.hash_split(f"go/{s}_nohash_3.wav") for s in speakers} == {split}
    names = [f"{i:08x}" for i in range(0, 3_000_000, 997)]
    for name in names:
        assert speech_commands.hash_split(f"go/{name}_nohash_3.wav") == published(name)
        assert speech_commands.hash_split(f"{name}.flac") == published(name)


def part_of(*clips: tuple[str, str, int]) -> Part:
    """(word, split, which levels) each."""
    kinds = np.random.default_rng(0).integers(0, 256, (9, 98, 40), dtype=np.uint8)
    kinds[8] = kinds[8, :1]  # no sound
    words, splits, which = (np.array(a) for a in zip(*clips, strict=True))
    return Part(kinds[which], words, splits.astype("<U10"), np.array([f"clip {i}" for i in range(len(clips))]))


LEAKED, BOTH = findings.LEAKED, findings.CONTRADICTED
# (word, split, which levels) of each clip; which are kept; what is said, how often, of which
CASES = {
    "alone": ([("go", TRAINING, 0), ("go", TRAINING, 1)], "11", {}),
    "twice": ([("go", TRAINING, 0), ("go", TRAINING, 0)], "11", {findings.STILL_TWICE: (1, "clip 1 (as clip 0)")}),
    "trains, tests": ([("go", TRAINING, 0), ("go", TESTING, 0)], "01", {LEAKED: (1, "clip 0 (as clip 1)")}),
    "trains, chooses": ([("go", TRAINING, 0), ("go", VALIDATION, 0)], "01", {LEAKED: (1, "clip 0 (as clip 1)")}),
    "chooses, tests": ([("go", TESTING, 0), ("go", VALIDATION, 0)], "10", {LEAKED: (1, "clip 1 (as clip 0)")}),
    "in all splits": ([("go", s, 3) for s in SPLITS], "001", {LEAKED: (2, "clip 0 (as clip 2)")}),
    "two words": ([("go", TRAINING, 0), ("stop", TRAINING, 0)], "00", {BOTH: (2, "clip 0 (as clip 1)")}),
    "both unknown": ([("cat", TRAINING, 0), ("dog", TESTING, 0)], "01", {LEAKED: (1, "clip 0 (as clip 1)")}),
    "no sound": ([("go", TRAINING, 8), ("go", TESTING, 8), ("go", TESTING, 1)], "001", {
        findings.SOUNDLESS: (2, "clip 0")
    }),
    "silence": ([(NOISE_FOLDER, TRAINING, 8), (SILENCE, TESTING, 8), (NOISE_FOLDER, TESTING, 8)], "111", {}),
}  # fmt: skip


@pytest.mark.parametrize("clips, keep, said", CASES.values(), ids=CASES)
def test_a_clip_counts_once(clips, keep, said):
    part = part_of(*clips)
    target = np.array([{"go": 0, "stop": 1, "cat": 2, "dog": 2}.get(w, 3) for w in part.words])
    kept, found = survey.kept("x", part, target, np.zeros(len(target)), once=False)
    assert "".join("01"[int(k)] for k in kept) == keep
    assert {f.kind: (f.count, f.example) for f in found} == said


def test_a_clip_of_two_sources_counts_once_and_one_of_no_class_not_at_all():
    part, no = part_of(("go", TRAINING, 0), ("go", TRAINING, 0), ("go", TRAINING, 0)), np.zeros(3)
    for origin, once, wanted in (([0, 0, 1], False, "110"), ([0, 1, 1], False, "100"), ([0, 0, 0], True, "100")):
        assert "".join("01"[int(k)] for k in survey.kept("x", part, no, np.array(origin), once)[0]) == wanted
    assert survey.kept("x", part, no - 1, no, True)[1] == []


def archived(path, **clips) -> str:
    part = part_of(*[c for group in clips.values() for c in group])
    archive.save(path, X=part.levels, word=part.words, split=part.split)
    return str(path)


def test_copies_in_two_sources_neither_train_nor_count_twice(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    one = archived(tmp_path / "one.npz", a=[(w, s, i) for i, w in enumerate(("go", "stop")) for s in (TRAINING,)],
                   b=[("go", VALIDATION, 2), ("stop", VALIDATION, 3)])  # fmt: skip
    two = archived(tmp_path / "two.npz", a=[("go", TESTING, 0), ("go", TRAINING, 4), ("stop", TRAINING, 1)])
    said = []
    d = load([one, two], 10, words=("go", "stop"), say=said.append)
    assert d.split.tolist() == [TRAINING, VALIDATION, VALIDATION, TESTING, TRAINING]
    assert d.origin.tolist() == [0, 0, 0, 1, 1] and [f.kind for f in said] == [findings.TWICE, findings.LEAKED]
    assert said[1].example == f"{one}/clip 0 (as {two}/clip 0)"
    for other in (one, f"{tmp_path}/../{tmp_path.name}/one.npz"):
        with pytest.raises(DataError, match="named twice"):
            load([one, other], 10, words=("go", "stop"))
    with pytest.raises(DataError, match="named twice"):
        load(["synthetic", "synthetic"], 10)


def test_copies_are_not_split_at_random(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kinds = np.random.default_rng(0).integers(0, 256, (40, 98, 40), dtype=np.uint8)
    words = np.repeat(["go", "stop"], 60)
    levels = np.concatenate([kinds[:20], kinds[:20], kinds[:20], kinds[20:], kinds[20:], kinds[20:]])
    archive.save(tmp_path / "a.npz", X=levels, word=words, split=np.resize(SPLITS, 120))
    said = []
    d = load(["a.npz"], 10, "random", words=("go", "stop"), say=said.append)
    assert [(f.kind, f.count) for f in said] == [(findings.TWICE, 80)]  # of no split before it is drawn
    assert len({x.tobytes() for x in d.levels}) == len(d.levels) == 40
    assert [len(d.rows(s)) for s in SPLITS] == [32, 4, 4]


def test_overlapping_noise_is_not_split_at_random(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kinds = np.random.default_rng(0).integers(0, 256, (60, 98, 40), dtype=np.uint8)
    words, split = np.repeat(["go", NOISE_FOLDER], 30), np.repeat([TRAINING, VALIDATION], [55, 5])
    archive.save(tmp_path / "a.npz", X=kinds, word=words, split=split)
    found = gather(["a.npz"], 12, "random", words=("go",))
    assert found.part.split[30:].tolist() == split[30:].tolist() and set(found.part.split[:30]) == set(SPLITS)


def test_a_clip_in_both_lists_is_tested_on(tmp_path):
    import soundfile

    (tmp_path / "go").mkdir()
    for i in range(3):
        soundfile.write(tmp_path / "go" / f"{i}.wav", np.random.default_rng(i).standard_normal(16000) / 9, 16000)
    (tmp_path / "validation_list.txt").write_text("go/0.wav\ngo/1.wav\n")
    (tmp_path / "testing_list.txt").write_text("go/1.wav\n")
    assert speech_commands.read(tmp_path, "lists", tmp_path / "cache", quiet=True).split.tolist() == [
        VALIDATION, TESTING, TRAINING
    ]  # fmt: skip
