"""Recordings, folders and archives: what is read, how it is split, and what is refused."""

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from host.base.errors import DataError
from host.data import archive, audio, speech_commands
from host.data.dataset import (
    NOISE_FOLDER,
    SILENCE,
    TESTING,
    TRAINING,
    UNKNOWN,
    VALIDATION,
    WORDS,
    assemble,
    class_labels,
    random_split,
    word_class,
)
from host.data.folder import recordings as recordings_of
from host.data.folder import word_folders
from host.data.speech import RATE, resampled
from host.evaluation.clips import read_clips
from host.models import MODELS
from host.training.config import make_config
from host.training.recipes import RECIPES
from tests.conftest import load


def wav(path, samples, rate=16000, subtype="PCM_16"):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate, subtype=subtype)
    return path


NOISE = (np.random.default_rng(0).standard_normal(16000) * 3000).astype(np.int16)


def test_sixteen_bits_are_read_as_they_are(tmp_path):
    extremes = np.array([-32768, -1, 0, 1, 32767], np.int16)
    assert np.array_equal(audio.read(wav(tmp_path / "a.wav", extremes)), extremes)


def test_other_depths_are_rounded_and_saturated(tmp_path):
    path = wav(tmp_path / "a.wav", np.array([0.5, -1.5, 1.5, 1.6 / 32768]), subtype="FLOAT")
    assert audio.read(path).tolist() == [16384, -32768, 32767, 2]


@pytest.mark.parametrize(
    "samples, rate, words",
    [
        (NOISE, 44100, "44100 Hz"),
        (np.stack([NOISE, NOISE], 1), 16000, "2 channels"),
        (NOISE[:0], 16000, "empty"),
    ],
    ids=["rate", "stereo", "empty"],
)
def test_recordings_that_do_not_fit_are_refused(samples, rate, words, tmp_path):
    with pytest.raises(DataError, match=words):
        audio.read(wav(tmp_path / "a.wav", samples, rate))


def test_what_is_no_recording_is_refused(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"RIFF nonsense")
    with pytest.raises(DataError, match="text instead of sound"):
        audio.read(tmp_path / "a.wav")
    with pytest.raises(DataError, match=r"b\.wav: missing or not a file"):
        audio.read(tmp_path / "b.wav")


@pytest.mark.parametrize("length", [1, 2, 3, 15359, 15360, 15361, 15999, 16000, 16001, 40000])
def test_the_middle_of_a_second_is_the_middle_of_the_recording(length):
    x = np.arange(1, length + 1).astype(np.int32)
    assert np.array_equal(audio.centred(audio.centred(x, 16000), 15360), audio.centred(x, 15360))
    assert len(audio.centred(x, 15360)) == 15360


def test_words_have_classes():
    twelve, ten = class_labels(12), class_labels(10)
    assert twelve == (*WORDS, UNKNOWN, SILENCE) and ten == WORDS
    assert [word_class(w, twelve) for w in ("yes", "bed", NOISE_FOLDER, SILENCE)] == [0, 10, 11, 11]
    assert [word_class(w, ten) for w in ("go", "bed", NOISE_FOLDER)] == [9, -1, -1]


def test_the_random_split_is_80_10_10_of_every_class():
    target = np.repeat(np.arange(10), 3855)
    split = random_split(target, 0)
    for label in range(10):
        assert [(split[target == label] == s).sum() for s in (TRAINING, VALIDATION, TESTING)] == [3083, 386, 386]
    assert not np.array_equal(split, random_split(target, 1))
    few = random_split(np.repeat(np.arange(10), 3), 0).reshape(10, 3)
    assert (np.sort(few, 1) == [TESTING, TRAINING, VALIDATION]).all()


def test_a_speaker_stays_in_one_split():
    names = [f"yes/{i:08x}_nohash_{k}.wav" for i in range(500) for k in range(3)]
    splits = np.array([speech_commands.hash_split(n) for n in names]).reshape(500, 3)
    assert (splits == splits[:, :1]).all()
    assert 0.05 < (splits == VALIDATION).mean() < 0.15 and 0.05 < (splits == TESTING).mean() < 0.15


def test_the_rule_is_the_data_sets(recordings):
    """Every clip of the canonical test set is a test clip by the rule, and none of the training subset is."""
    for folder, wanted in (("speech_commands_v2_test", True), ("speech_commands_train_subset", False)):
        names = [p.name for p in (recordings / folder).glob("[a-z]*/*_nohash_*.wav")]
        assert len(names) > 4000
        assert all((speech_commands.hash_split(n) == TESTING) is wanted for n in names)


def folder(root, words=WORDS, clips=20):
    """Clips that all differ."""
    for k, word in enumerate(words):
        for i in range(clips):
            wav(root / word / f"{i:08x}_nohash_0.wav", np.roll(NOISE, 1601 * k + 97 * i))
    return root


def test_a_folder_is_read_split_and_cached(tmp_path):
    root = folder(tmp_path / "data")
    wav(root / NOISE_FOLDER / "hum.wav", np.tile(NOISE, 5))
    part = speech_commands.read(root, "auto", tmp_path / "cache", quiet=True)
    levels, words, splits = part.levels, part.words, part.split
    assert levels.shape == (209, 98, 40) and (words == NOISE_FOLDER).sum() == 9
    assert (splits[words == NOISE_FOLDER] == VALIDATION).tolist() == [False] * 8 + [True]
    by_rule = [speech_commands.hash_split(f"{i:08x}_nohash_0.wav") for i in range(20)]
    assert splits[words == "yes"].tolist() == by_rule

    (cached,) = (tmp_path / "cache").iterdir()
    with np.load(cached) as found:
        archive.save(cached, **{**found, "X": levels + 1})
    again = speech_commands.read(root, "auto", tmp_path / "cache", quiet=True)
    assert np.array_equal(again.levels, levels + 1)  # it came from the cache
    assert np.array_equal(again.facts, part.facts) and again.findings == part.findings
    wav(root / "yes" / "new_nohash_0.wav", NOISE)
    assert len(speech_commands.read(root, "auto", tmp_path / "cache", quiet=True).levels) == 210


def test_a_folders_own_lists_come_first(tmp_path):
    root = folder(tmp_path / "data", ("yes",), 3)
    (root / "validation_list.txt").write_text("yes/00000001_nohash_0.wav\n")
    (root / "testing_list.txt").write_text("yes/00000002_nohash_0.wav\n")
    assert speech_commands.read(root, "auto", tmp_path, quiet=True).split.tolist() == [TRAINING, VALIDATION, TESTING]


def test_a_folder_without_a_word_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder(tmp_path / "data", WORDS[:9])
    with pytest.raises(DataError, match="no training clips of go"):
        load([str(tmp_path / "data")], 10, "random", quiet=True)
    with pytest.raises(DataError, match="no such folder"):
        load(["nowhere"], 10)
    with pytest.raises(DataError, match="no <word>"):
        (tmp_path / "empty").mkdir()
        load(["empty"], 10)


def test_archives_are_checked(tmp_path):
    path = tmp_path / "a.npz"
    with pytest.raises(DataError, match="no such file"):
        archive.read(path)
    path.write_bytes(b"PK nonsense")
    with pytest.raises(DataError, match="not a readable"):
        archive.read(path)
    archive.save(path, X=np.zeros((2, 98, 40), np.uint8), word=np.array(["yes", "no"]))
    with pytest.raises(DataError, match="no array named split"):
        archive.read(path)
    archive.save(path, X=np.zeros((2, 98), np.float32), word=np.array(["yes", "no"]), split=np.array(["", ""]))
    with pytest.raises(DataError, match="expected uint8"):
        archive.read(path)


def different(clips: int, frames: int = 98) -> np.ndarray:
    """Levels uint8 [clips, frames, bands] of clips that all differ."""
    return np.random.default_rng(0).integers(0, 256, (clips, frames, 40), dtype=np.uint8)


LEVELS, KNOWN, SPLIT = np.zeros((4, 98, 40), np.uint8), np.array(["yes", "no"] * 2), np.array([TRAINING] * 4)


@pytest.mark.parametrize(
    "arrays, words",
    [
        ({"split": np.array(["train", "train", "val", "test"])}, "split 'train'; expected training"),
        ({"split": np.array(["TRAINING", "VALIDATION"] * 2)}, "split 'TRAINING'"),
        ({"split": np.array(["validation_set"] * 4)}, "split 'validation_set'"),
        ({"split": np.zeros(4, int)}, "split '0'"),
        ({"split": np.array([""] * 4)}, "split ''"),
        ({"X": np.zeros((4, 98, 80), np.uint8)}, "40 bands"),
        ({"X": np.zeros((4, 98, 20), np.uint8)}, "40 bands"),
        ({"word": np.array("yes")}, r"word is \(\)"),
        ({"word": KNOWN[:, None]}, r"word is \(4, 1\)"),
        ({"split": SPLIT[:3]}, r"split \(3,\)"),
        ({"word": np.array([b"\xff"] * 4)}, "not a readable"),
        ({"word": np.array(["yes", None] * 2, object)}, "^[^ ]*: not a readable .npz archive[^(]*$"),
    ],
)
def test_archives_that_do_not_fit_are_refused(arrays, words, tmp_path):
    np.savez(tmp_path / "a.npz", **{"X": LEVELS, "word": KNOWN, "split": SPLIT, **arrays})
    with pytest.raises(DataError, match=words):
        archive.read(tmp_path / "a.npz")


def test_only_noise_may_have_no_split(tmp_path):
    split = np.array([TRAINING, "", "none", VALIDATION])
    np.savez(tmp_path / "a.npz", X=LEVELS, word=np.array(["yes", NOISE_FOLDER, NOISE_FOLDER, "yes"]), split=split)
    assert archive.read(tmp_path / "a.npz")[2].tolist() == [TRAINING, VALIDATION, TRAINING, VALIDATION]


def test_an_archive_without_validation_clips_can_be_split_at_random(tmp_path):
    words = np.repeat(np.array(WORDS), 4)
    np.savez(tmp_path / "a.npz", X=different(40), word=words, split=np.array([TRAINING] * 40))
    assert set(load([str(tmp_path / "a.npz")], 10, "random").counts(VALIDATION).values()) == {1}


@pytest.mark.parametrize("what", ["npy", "nothing", "text", "zip", "half"])
def test_what_is_no_archive_is_refused(what, tmp_path):
    path = tmp_path / "a.NPZ"
    with open(path, "wb") as f:
        np.save(f, LEVELS) if what == "npy" else np.savez(f, X=LEVELS, word=KNOWN, split=SPLIT)
    if what == "zip":
        with zipfile.ZipFile(path, "w") as z:
            for name in ("X", "word", "split"):
                z.writestr(name, "hello")
    changed = {"nothing": b"", "text": b"hello", "half": path.read_bytes()[:-2000]}
    path.write_bytes(changed.get(what, path.read_bytes()))
    with pytest.raises(DataError, match=r"not a readable|X is"):
        load([str(path)], 10)


@pytest.mark.parametrize("source", ["synthetic", "a.npz"])
@pytest.mark.parametrize("split", ["hash", "lists"])
def test_a_split_that_a_source_does_not_have_is_refused(source, split):
    with pytest.raises(DataError, match=f"{source} has a split of its own.*not {split}"):
        load([source], 10, split)


def test_clips_shorter_than_the_window_are_refused():
    levels = np.zeros((20, 93, 40), np.uint8)
    data = assemble(levels, np.repeat(np.array(WORDS), 2), np.tile([TRAINING, VALIDATION], 10), WORDS, ("here",))
    with pytest.raises(DataError, match="93 frames; dsnet-24 takes 94"):
        make_config("dsnet-24", MODELS["dsnet-24"], data, 10, "auto", 0, RECIPES["default"])


def test_suffixes_in_capitals_count_and_hidden_files_do_not(tmp_path):
    for name in ("yes/b.WAV", "yes/a.wav", ".git/a.wav", "__MACOSX/a.wav", "empty/._a.wav"):
        wav(tmp_path / name, NOISE)
    (tmp_path / "yes" / "._0.wav").write_bytes(b"Mac OS X")
    (only,) = word_folders(tmp_path)
    assert [p.name for p in recordings_of(only)] == ["a.wav", "b.WAV"]
    assert len(speech_commands.read(tmp_path, "auto", tmp_path / "cache", quiet=True).levels) == 2


def test_the_cache_knows_whose_recordings_it_has(tmp_path):
    for name, samples in (("one", NOISE), ("two", NOISE // 8)):
        os.utime(wav(tmp_path / name / "yes" / "a.wav", samples), (0, 0))
    one, two = (
        speech_commands.read(tmp_path / n, "auto", tmp_path / "cache", quiet=True).levels for n in ("one", "two")
    )
    assert not np.array_equal(one, two)


@pytest.mark.parametrize("damage", [b"", b"PK nonsense", None], ids=["empty", "nonsense", "half"])
def test_a_damaged_cache_is_made_anew(damage, tmp_path):
    root, cache = folder(tmp_path / "data", ("yes",), 2), tmp_path / "cache"
    levels = speech_commands.read(root, "auto", cache, quiet=True).levels
    (path,) = cache.iterdir()
    good = path.read_bytes()
    path.write_bytes(good[: len(good) // 2] if damage is None else damage)
    assert np.array_equal(speech_commands.read(root, "auto", cache, quiet=True).levels, levels)
    assert path.read_bytes() == good


def test_a_folder_with_the_name_of_a_language_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "synthetic").mkdir()
    for source in ("synthetic", "./synthetic", str(tmp_path / "synthetic")):
        with pytest.raises(DataError, match="rename it"):
            load([source], 12)
        with pytest.raises(DataError, match="rename it"):
            read_clips(Path(source), None, ())


def test_a_damaged_cache_of_synthetic_speech_is_made_anew(home, tmp_path, monkeypatch):
    archive.save(tmp_path / "made.npz", X=different(24), word=np.repeat(class_labels(12), 2),
                 split=np.tile([TRAINING, VALIDATION], 12))  # fmt: skip
    made = archive.read(tmp_path / "made.npz")
    monkeypatch.setattr("host.data.synthetic.make", lambda seed, language, quiet: made)
    (tmp_path / "cache").mkdir()
    assert len(load(["synthetic"], 12).levels) == 24
    (cached,) = (tmp_path / "cache").iterdir()
    cached.write_bytes(b"damaged")
    assert len(load(["synthetic"], 12).levels) == len(load(["synthetic"], 12).levels) == 24
    assert list((tmp_path / "cache").iterdir()) == [cached]
    monkeypatch.setattr("host.data.synthetic.CLIP", 16000)  # which makes other clips
    assert len(load(["synthetic"], 12).levels) == 24 and len(list((tmp_path / "cache").iterdir())) == 2


def test_lists_may_have_backslashes_and_names_that_are_not_utf_8(tmp_path):
    root = folder(tmp_path / "data", ("yes",), 3)
    strange = os.fsencode(root / "yes") + b"/m\xfcll_nohash_0.wav"
    os.rename(root / "yes" / "00000000_nohash_0.wav", strange)
    lines = b"\xef\xbb\xbfyes\\00000001_nohash_0.wav\r\nyes/m\xfcll_nohash_0.wav\r\n"
    (root / "validation_list.txt").write_bytes(lines)
    for split, wanted in (("auto", [VALIDATION, TRAINING, VALIDATION]), ("hash", None)):
        splits = speech_commands.read(root, split, tmp_path / "cache", quiet=True).split.tolist()
        assert wanted is None or splits == wanted


def test_lists_that_name_no_recording_are_refused(tmp_path):
    root = folder(tmp_path / "data", ("yes",), 2)
    (root / "validation_list.txt").write_text("yes/00000001_nohash_0.wav", "utf-16")
    with pytest.raises(DataError, match="name none of its recordings"):
        speech_commands.read(root, "auto", tmp_path, quiet=True)
    assert len(speech_commands.read(root, "random", tmp_path, quiet=True).levels) == 2


def test_short_recordings_of_noise_are_in_both_splits(tmp_path):
    for i in range(12):
        wav(tmp_path / NOISE_FOLDER / f"{i:02}.wav", NOISE)
    splits = speech_commands.read(tmp_path, "auto", tmp_path / "cache", quiet=True).split
    assert np.flatnonzero(splits == VALIDATION).tolist() == [1, 11]


def test_sources_are_joined_and_noise_is_replaced(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    few, noise = folder(tmp_path / "few", WORDS[:2], clips=6), tmp_path / "noise" / NOISE_FOLDER
    wav(few / NOISE_FOLDER / "own.wav", NOISE)
    for name in ("hum.wav", *(f"{held}.wav" for held in speech_commands.HELD_OUT)):
        wav(noise / name, np.tile(NOISE, 5))
    archive.save(
        tmp_path / "a.npz", X=different(22) % 100 + 1, word=np.repeat(np.array([*WORDS, NOISE_FOLDER]), 2),
        split=np.tile([TRAINING, VALIDATION], 11),
    )  # fmt: skip
    data = load(["a.npz", "few"], 10, noise=noise, quiet=True)
    assert len(data.levels) == 32 and data.sources == ("a.npz", "few") and data.noise_source == str(noise)
    assert data.noise.shape == (8, 98, 40) and data.noise.min() > 100  # the first eight half seconds of hum.wav
    assert load(["a.npz"], 10).noise.shape == (1, 98, 40)


def test_noise_is_cut_into_clips_as_long_as_those_of_the_source(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wav(tmp_path / NOISE_FOLDER / "hum.wav", np.tile(NOISE, 5))
    archive.save(
        tmp_path / "long.npz", X=different(20, 158), word=np.repeat(np.array(WORDS), 2),
        split=np.tile([TRAINING, VALIDATION], 10),
    )  # fmt: skip
    noise = load(["long.npz"], 10, noise=tmp_path / NOISE_FOLDER, quiet=True).noise
    assert noise.shape == (6, 158, 40)  # the first six of the seven 1.6 s clips that begin every half second in 5 s
    second = load(["long.npz"], 10, noise=tmp_path / NOISE_FOLDER, quiet=True).noise  # from the cache
    np.testing.assert_array_equal(noise, second)
    both = load(["long.npz", str(folder(tmp_path / "few", WORDS[:2], clips=6))], 10, "auto", 0, tmp_path / NOISE_FOLDER)
    assert both.levels.shape[1:] == both.noise.shape[1:] == (98, 40)


def test_a_folder_of_noise_may_have_any_name_and_holds_more_than_what_is_held_out(tmp_path):
    wav(tmp_path / "kitchen" / "tap.wav", np.tile(NOISE, 5))
    kitchen = speech_commands.read_noise(tmp_path / "kitchen", 98, tmp_path, quiet=True)
    assert len(kitchen.levels) == 9 and set(kitchen.words) == {NOISE_FOLDER} and not kitchen.findings
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(DataError, match=r"no recordings in it|no such folder"):
            speech_commands.read_noise(folder, 98, tmp_path)
    wav(tmp_path / NOISE_FOLDER / f"{speech_commands.HELD_OUT[0]}.wav", NOISE)
    with pytest.raises(DataError, match="which train nothing"):
        speech_commands.read_noise(tmp_path / NOISE_FOLDER, 98, tmp_path)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_samples_that_are_no_numbers_are_refused(wrong, tmp_path):
    with pytest.raises(DataError, match="no numbers"):
        audio.read(wav(tmp_path / "a.wav", np.array([0.5, wrong]), subtype="FLOAT"))


def test_a_missing_class_is_named():
    words = np.array(["yes"] * 4)
    split = np.array([TRAINING, TRAINING, VALIDATION, VALIDATION])
    with pytest.raises(DataError, match="no training clips of no, up"):
        assemble(np.zeros((4, 98, 40), np.uint8), words, split, WORDS, ("here",))
    with pytest.raises(
        DataError, match=f"_silence_ by --split lists; call the folder of noise {NOISE_FOLDER}, or name"
    ):
        assemble(np.zeros((4, 98, 40), np.uint8), words, split, ("yes", SILENCE), ("here",), "lists")


def test_resampling_keeps_a_tone():
    t = np.arange(22050) / 22050
    y = resampled(np.sin(2 * np.pi * 1000 * t), 22050)
    at = int(0.02 * RATE)
    expected = np.sin(2 * np.pi * 1000 * (np.arange(len(y)) - at) / RATE)
    assert np.abs(y - expected)[at + 2000 : at + 14000].max() < 0.01
