"""Training: runs that resume bit for bit, refuse what does not fit, and end in a model.bin."""

import dataclasses
import json

import numpy as np
import pytest
import torch

from host import train as command
from host.base.errors import DataError
from host.compile import main as compile_command
from host.data.dataset import SILENCE, TESTING, TRAINING, UNKNOWN, VALIDATION, WORDS, Dataset, assemble, class_labels
from host.engines.native import NativeModel
from host.format.file import read
from host.models import MODELS
from host.training import loop
from host.training.augment import augmented, centred, crop, loudness, mixed, to_features, voiced
from host.training.config import RunConfig, RunError, continued, make_config, with_teachers
from host.training.distill import answers, distance
from host.training.loop import epoch_rows, learning_rate
from host.training.recipes import RECIPES, Recipe, shortened
from host.training.run import load_network, new_network, time_left, train
from tests.conftest import load

RECIPE = Recipe(
    "test", epochs=3, float_epochs=1, batch=8, rate=0.02, momentum=0.9, decay=1e-4, cosine=True, shift=3, noise=2.0
)  # fmt: skip


def data(classes: int = 10, clips: int = 4) -> Dataset:
    """Clips that are easy to tell apart: each word is loud in bands of its own."""
    rng = np.random.default_rng(0)
    labels = class_labels(classes)
    words = np.repeat(np.array(labels), 2 * clips)
    levels = rng.integers(60, 80, (len(words), 98, 40))
    for i, w in enumerate(words):
        k = labels.index(w)
        levels[i, 30:60, 3 * k : 3 * k + 6] += 120
    split = np.tile([TRAINING] * clips + [VALIDATION] * clips, len(labels))
    return assemble(levels.astype(np.uint8), words, split, labels, ("made up",))


def config(d: Dataset, recipe: Recipe = RECIPE, seed: int = 0) -> RunConfig:
    return make_config("tinyspeech-z4", MODELS["tinyspeech-z4"], d, len(d.labels), "auto", seed, recipe)


def silent(*_):
    pass


def interrupted(line):
    """A `log` that ends a run after its first epoch."""
    raise KeyboardInterrupt


def test_a_resumed_run_is_bit_equal_to_an_uninterrupted_one(tmp_path):
    d = data()
    whole = train(config(d), d, tmp_path / "whole", quiet=True, log=silent).read_bytes()

    class Interrupted(Exception):
        pass

    def interrupt(line):
        if "2/3" in line:
            raise Interrupted

    with pytest.raises(Interrupted):
        train(config(d), d, tmp_path / "parts", quiet=True, log=interrupt)
    resumed = train(config(d), d, tmp_path / "parts", resume=True, quiet=True, log=silent).read_bytes()
    assert resumed == whole
    metrics = [json.loads(line) for line in (tmp_path / "parts" / "metrics.jsonl").read_text().splitlines()]
    assert [m["epoch"] for m in metrics] == [1, 2, 3]
    assert [m["quantized"] for m in metrics] == [False, True, True]
    names = {p.name for p in (tmp_path / "parts").iterdir()}
    assert names == {"config.json", "metrics.jsonl", "curves.png", "last.pt", "best.pt", "model.bin"}
    NativeModel(resumed)


def test_a_run_is_not_resumed_with_another_configuration(tmp_path):
    d = data()
    short = dataclasses.replace(RECIPE, epochs=1, float_epochs=0)
    train(config(d, short), d, tmp_path, quiet=True, log=silent)
    with pytest.raises(RunError, match=r"another configuration: seed \(0, now 1\)"):
        train(config(d, short, seed=1), d, tmp_path, resume=True, quiet=True)
    with pytest.raises(RunError, match=r"threads \(1, now 2\)"):
        train(dataclasses.replace(config(d, short), threads=2), d, tmp_path, resume=True, quiet=True)
    with pytest.raises(RunError, match="recipe"):
        train(config(d, RECIPE), d, tmp_path, resume=True, quiet=True)
    with pytest.raises(RunError, match="holds a run already"):
        train(config(d, short), d, tmp_path, quiet=True)
    with pytest.raises(RunError, match="nothing to resume"):
        train(config(d, short), d, tmp_path / "new", resume=True, quiet=True)
    assert RunConfig.from_json((tmp_path / "config.json").read_text()) == config(d, short)


def test_training_learns_and_the_file_knows_it(tmp_path):
    d = data(clips=16)
    recipe = dataclasses.replace(RECIPE, epochs=14, float_epochs=10, rate=0.05, shift=2)
    path = train(config(d, recipe), d, tmp_path, quiet=True, log=silent)
    last = json.loads((tmp_path / "metrics.jsonl").read_text().splitlines()[-1])
    assert last["validation_accuracy"] > 0.8
    program, _ = read(path.read_bytes())
    assert program.labels == WORDS and program.name == "tinyspeech-z4"
    assert compile_command([str(tmp_path), "-o", str(tmp_path / "again.bin")]) == 0
    assert (tmp_path / "again.bin").read_bytes() == path.read_bytes()


def test_clips_that_nothing_was_chosen_on_are_heard_at_the_end(tmp_path, capsys):
    d = data(clips=10)
    np.savez(tmp_path / "a.npz", X=d.levels, word=np.array(WORDS)[d.target], split=np.full(len(d.target), TRAINING))
    arguments = ["--model", "tinyspeech-z4", "--data", str(tmp_path / "a.npz"), "--recipe", "article", "--epochs", "1"]
    assert (
        command.main([*arguments, "--classes", "10", "--split", "random", "--out", str(tmp_path / "run"), "--quiet"])
        == 0
    )
    split = load([str(tmp_path / "a.npz")], 10, "random", quiet=True)
    rows, (config, network) = split.rows(TESTING), load_network(tmp_path / "run")
    features = to_features(centred(split.levels[rows], config.frontend.frames), config.frontend)
    right = 100 * (network.eval()(features).argmax(1).numpy() == split.target[rows]).mean()  # two clips of each word
    assert f"{right:.1f} % of 20 testing clips" in capsys.readouterr().out


def test_the_articles_recipe_is_the_articles():
    r = RECIPES["article"]
    assert (r.epochs, r.batch, r.rate, r.momentum, r.decay) == (20, 64, 0.01, 0.9, 1e-4)
    assert r.float_epochs == 0 and not r.cosine and not (r.shift or any(r.gain) or r.noise or r.mixed)
    assert learning_rate(r, 0.5) == learning_rate(r, 19.5) == 0.01


@pytest.mark.parametrize("epochs", [1, 2, 3])
def test_a_shortened_recipe_warms_up_and_cools_down(epochs):
    r = shortened(RECIPES["default"], epochs)
    rates = [learning_rate(r, e / 10) for e in range(10 * epochs)]
    assert min(rates) > 0 and max(rates) <= r.rate and r.float_epochs < epochs
    assert learning_rate(r, epochs) == pytest.approx(0, abs=1e-12)


def test_unknown_and_silence_are_drawn_as_often_as_a_word():
    d = data(12, clips=6)
    rows = epoch_rows(d, RECIPE, np.random.default_rng(0))
    assert np.bincount(d.target[rows]).tolist() == [6] * 12
    assert {d.labels[10], d.labels[11]} == {UNKNOWN, SILENCE}


def test_words_are_balanced_in_each_source():
    d = data(12, clips=6)
    rare = (d.target == 0) & (d.split == TRAINING)
    few = np.flatnonzero(rare)[1:]  # one clip of the first word is left
    keep = np.setdiff1d(np.arange(len(d.target)), few)
    both = dataclasses.replace(
        d, levels=np.concatenate([d.levels, d.levels[keep]]), target=np.concatenate([d.target, d.target[keep]]),
        split=np.concatenate([d.split, d.split[keep]]),
        origin=np.repeat(np.array([0, 1], np.uint8), [len(d.target), len(keep)]),
    )  # fmt: skip
    rows = epoch_rows(both, dataclasses.replace(RECIPE, balanced=True), np.random.default_rng(0))
    for source, each in ((0, 6), (1, round(5.5))):
        part = both.target[rows[both.origin[rows] == source]]
        assert np.bincount(part).tolist() == [each] * 12


def test_noise_beside_balanced_words_is_drawn_like_a_word():
    d = data(12, clips=6)
    silence = (d.target == d.labels.index(SILENCE)).astype(np.uint8)  # a source of its own, as --noise makes it
    rows = epoch_rows(dataclasses.replace(d, origin=silence), RECIPES["tune"], np.random.default_rng(0))
    assert np.bincount(d.target[rows]).tolist() == [6] * 12


def test_a_run_goes_on_from_another(tmp_path):
    d, first = data(), tmp_path / "first"
    train(make_config("dsnet-24", MODELS["dsnet-24"], d, 10, "auto", 0, RECIPE), d, first, quiet=True, log=silent)
    tune = dataclasses.replace(RECIPE, epochs=1, float_epochs=0, rate=1e-30)
    on = continued(first, d, 10, "auto", 1, tune)
    path = train(on, d, tmp_path / "second", quiet=True, log=silent)
    assert path.read_bytes() == (first / "model.bin").read_bytes()  # at no rate to speak of nothing changes
    assert RunConfig.from_json((tmp_path / "second" / "config.json").read_text()) == on
    with pytest.raises(RunError, match=r"hears yes.*the data has.*_silence_"):
        continued(first, data(12), 12, "auto", 1, tune)


def test_a_run_learns_from_a_teacher_and_resumes_bit_equal(tmp_path):
    d, first, recipe = data(), tmp_path / "teacher", dataclasses.replace(RECIPE, epochs=2, taught=1.0)
    train(make_config("dsnet-24", MODELS["dsnet-24"], d, 10, "auto", 0, RECIPE), d, first, quiet=True, log=silent)
    learning = with_teachers(config(d, recipe), [first])  # MFCCs, and its teacher has log-mels
    whole = train(learning, d, tmp_path / "whole", quiet=True, log=silent).read_bytes()
    assert whole != train(config(d, recipe), d, tmp_path / "alone", quiet=True, log=silent).read_bytes()
    with pytest.raises(KeyboardInterrupt):
        train(learning, d, tmp_path / "parts", quiet=True, log=interrupted)
    assert train(learning, d, tmp_path / "parts", resume=True, quiet=True, log=silent).read_bytes() == whole
    assert RunConfig.from_json((tmp_path / "whole" / "config.json").read_text()) == learning
    with pytest.raises(RunError, match=r"a teacher has to hear yes.*_silence_"):
        with_teachers(config(data(12)), [first])


def test_distance_to_a_teacher_is_zero_where_both_answer_alike():
    d = data()
    torch.manual_seed(0)
    network = new_network(config(d)).eval()
    levels = centred(d.levels[:6], 94)
    taught = answers([network, network], levels, 2.0, "cpu")
    logits = network(to_features(levels, network.frontend))
    assert taught.sum(1).numpy() == pytest.approx(np.ones(6))
    assert distance(logits, taught, 2.0).item() == pytest.approx(0, abs=1e-6)
    other = torch.zeros_like(logits)
    expected = 4 * (taught * (taught.log() - torch.log_softmax(other, 1))).sum(1).mean().item()
    assert distance(other, taught, 2.0).item() == pytest.approx(expected, rel=1e-5) and expected > 0


def test_noise_is_added_at_the_snr_that_was_asked_for():
    rng = np.random.default_rng(0)
    clips, noise = rng.integers(40, 220, (2, 3, 94, 40))
    clips[:, 5:] = 0  # speech is short, noise is not
    for snr in (-10.0, 0.0, 20.0):
        both = mixed(clips.astype(np.float32), noise.astype(np.uint8), np.full(3, snr))
        energy = [10 ** (loudness(x) / 22.8) for x in (both.astype(np.float32), clips)]
        assert 10 * np.log10(energy[1] / (energy[0] - energy[1])) == pytest.approx(snr, abs=0.1)


def test_a_voice_is_faster_and_of_a_shorter_tract():
    rng = np.random.default_rng(0)
    clips, start, one = rng.integers(0, 256, (3, 98, 40), dtype=np.uint8), np.array([0, 2, 4]), np.ones(3)
    assert np.allclose(voiced(clips, start, 94, one, one), crop(clips, start, 94), atol=0.01)
    clip = np.zeros((1, 98, 40), np.uint8)
    clip[0, 82, 20] = 200  # in a window from frame 2 on: frame 80, 33.5 frames behind the middle
    faster = voiced(clip, start[1:2], 94, np.array([1.1]), one[:1])[0]
    assert faster.sum(1).argmax() == round(46.5 + 33.5 / 1.1) and faster.sum(0).argmax() == 20
    step = np.log1p(4000 / 700) / 41
    hertz = 700 * np.expm1(21 * step)
    higher = voiced(clip, start[1:2], 94, one[:1], np.array([1.15]))[0]
    assert higher.sum(1).argmax() == 80
    assert higher.sum(0) @ np.arange(40) / higher.sum() == pytest.approx(
        np.log1p(1.15 * hertz / 700) / step - 1, abs=0.1
    )


def test_silence_alone_is_made_louder_by_its_own_gain():
    d, rng = data(12), np.random.default_rng(0)
    recipe = dataclasses.replace(RECIPE, shift=0, noise=0.0, noise_gain=15.0)
    rows = d.rows(TRAINING)
    changed = (augmented(d, rows, 94, recipe, rng) != centred(d.levels[rows], 94)).any((1, 2))
    assert np.array_equal(changed, d.target[rows] == d.labels.index(SILENCE))


def test_a_recipe_with_noise_needs_noise():
    with pytest.raises(DataError, match="no noise for the recipe room to mix with"):
        config(data(10), RECIPES["room"])


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--data", "nowhere"], "no such folder"),
        (["--data", "nothing.npz"], "no such file"),
        (["--data", ".", "--split", "lists"], "no <word>|no validation_list"),
    ],
)
def test_the_command_says_what_is_wrong(arguments, words, capsys, tmp_path, monkeypatch):
    import re

    monkeypatch.chdir(tmp_path)
    assert command.main([*arguments, "--quiet"]) == 1
    message = capsys.readouterr().err
    assert message.startswith("error: ") and re.search(words, message)


@pytest.mark.parametrize("device", ["gpu", "cuda:99"])
def test_a_device_that_is_not_there_is_refused(device, capsys):
    with pytest.raises(SystemExit):
        command.main(["--data", "nowhere", "--device", device])
    assert f"PyTorch cannot use '{device}' here" in capsys.readouterr().err


@pytest.mark.parametrize(
    "seconds, epochs, left", [([50, 9, 10, 11], 10, "1 min"), ([60] * 5, 5, "0 min"), ([900], 81, "20.0 h")]
)
def test_time_left_is_what_the_last_epochs_took(seconds, epochs, left):
    assert time_left(seconds, epochs) == f"{left} left"


def test_compiling_an_empty_folder_is_an_error(tmp_path, capsys):
    assert compile_command([str(tmp_path)]) == 1
    assert "no config.json" in capsys.readouterr().err


def test_the_rate_warms_up_and_falls_as_half_a_cosine():
    r = Recipe("r", epochs=12, float_epochs=6, batch=8, rate=0.4, momentum=0.9, decay=0.0, cosine=True, warmup=2)
    rates = [learning_rate(r, e) for e in (0, 0.01, 0.5, 1, 2, 7, 12)]
    assert rates == pytest.approx([0.004, 0.004, 0.1, 0.2, 0.4, 0.2, 0.0])
    constant = dataclasses.replace(r, cosine=False)
    assert [learning_rate(constant, e) for e in (1, 2, 11)] == pytest.approx([0.2, 0.4, 0.4])


def test_weights_alone_decay():
    recipe = dataclasses.replace(RECIPE, nesterov=True, momentum=0.7)
    network = new_network(config(data()))
    decayed, rest = loop.make_optimizer(network, recipe).param_groups
    assert decayed["weight_decay"] == recipe.decay and rest["weight_decay"] == 0
    assert {len(p.shape) > 1 for p in decayed["params"]} == {True} and {p.ndim > 1 for p in rest["params"]} == {False}
    assert len(decayed["params"]) + len(rest["params"]) == len(list(network.parameters()))
    assert {(g["lr"], g["momentum"], g["nesterov"]) for g in (decayed, rest)} == {(recipe.rate, 0.7, True)}


def test_each_step_has_its_own_rate_and_its_own_clips(monkeypatch):
    d, recipe = data(clips=8), dataclasses.replace(RECIPE, epochs=2, float_epochs=2, warmup=1)
    network, rates, batches = new_network(config(d)), [], []
    optimizer = loop.make_optimizer(network, recipe)
    monkeypatch.setattr(optimizer, "step", lambda: rates.append({g["lr"] for g in optimizer.param_groups}))
    monkeypatch.setattr(
        loop, "augmented", lambda data, rows, *rest: batches.append(rows) or augmented(data, rows, *rest)
    )
    epochs = list(loop.train_epochs(network, optimizer, d, recipe, 0, 0, quiet=True))
    assert [len(b) for b in batches] == [8] * 20  # 80 clips a time
    assert rates == [{learning_rate(recipe, e + k / 10)} for e in (0, 1) for k in range(10)]
    first, second = np.concatenate(batches[:10]), np.concatenate(batches[10:])
    assert sorted(first) == sorted(second) == d.rows(TRAINING).tolist()
    assert first.tolist() != second.tolist() and first.tolist() != sorted(first)
    assert [e.epoch for e in epochs] == [1, 2] and [e.rate for e in epochs] == [
        learning_rate(recipe, e) for e in (1, 2)
    ]


def test_unknown_and_silence_are_drawn_to_their_share_and_none_twice_where_they_abound():
    d = data(12, clips=40)
    rows = epoch_rows(d, dataclasses.replace(RECIPE, share=0.6), np.random.default_rng(0))
    assert np.bincount(d.target[rows]).tolist() == [40] * 10 + [24] * 2 and len(set(rows)) == len(rows)
    many = epoch_rows(d, dataclasses.replace(RECIPE, share=2.0), np.random.default_rng(0))
    assert np.bincount(d.target[many]).tolist() == [40] * 10 + [80] * 2


def test_calibration_sees_the_plain_mean_of_eight_batches_and_restores_the_momenta():
    d = data(clips=16)
    network = new_network(make_config("dsnet-24", MODELS["dsnet-24"], d, 10, "auto", 0, RECIPE))
    norms = [m for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    for i, m in enumerate(norms):
        m.momentum = 0.1 + i / 100
    loop.calibrate(network, d, RECIPE, np.random.default_rng(0))
    assert norms and [m.momentum for m in norms] == [0.1 + i / 100 for i in range(len(norms))]
    assert {int(m.num_batches_tracked) for m in norms} == {8}


def test_predictions_do_not_depend_on_the_batch():
    d = data()
    network = new_network(config(d))
    network.train()  # in which norms would see the batch
    parts = loop.predict(network, d.levels[:7], batch=3)
    assert len(parts) == 7 and np.allclose(parts, loop.predict(network, d.levels[:7]), atol=1e-4)


@pytest.mark.parametrize("taught", [0.0, 1.0])
def test_the_share_of_the_loss_that_is_a_teachers(taught):
    d, recipe = data(clips=1), dataclasses.replace(RECIPE, epochs=1, taught=taught)
    wrong = dataclasses.replace(d, target=(d.target + 1) % 10)
    weights = []
    for labels, teachers in ((d, []), (d, [1]), (wrong, [1])):
        torch.manual_seed(0)
        network = new_network(make_config("dsnet-24", MODELS["dsnet-24"], d, 10, "auto", 0, recipe))
        torch.manual_seed(1)
        teachers = [
            new_network(make_config("dsnet-24", MODELS["dsnet-24"], d, 10, "auto", 0, recipe)) for _ in teachers
        ]
        optimizer = loop.make_optimizer(network, recipe)
        list(loop.train_epochs(network, optimizer, labels, recipe, 0, 0, True, [t.eval() for t in teachers]))
        weights.append(torch.cat([p.detach().flatten() for p in network.parameters()]))
    alone, with_teacher, mislabelled = weights
    assert torch.equal(alone, with_teacher) is (taught == 0) and torch.equal(with_teacher, mislabelled) is (taught == 1)


def test_a_split_that_lacks_a_class_is_refused():
    words, split = np.array(["yes", "no", "yes"]), np.array([TRAINING, TRAINING, VALIDATION])
    with pytest.raises(DataError, match="no validation clips of no by"):
        assemble(np.zeros((3, 98, 40), np.uint8), words, split, ("yes", "no"), ("here",))
