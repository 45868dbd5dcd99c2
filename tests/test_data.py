"""Recordings, folders and archives: what is read, how it is split, and what is refused."""

import numpy as np
import pytest
import soundfile

from host.data import archive, audio, speech_commands
from host.data.dataset import (
    NOISE_FOLDER,
    SILENCE,
    TESTING,
    TRAINING,
    UNKNOWN,
    VALIDATION,
    WORDS,
    DataError,
    assemble,
    class_labels,
    random_split,
    word_class,
)
from host.data.load import load
from host.data.speech import RATE, resampled


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
    with pytest.raises(DataError, match="not a readable recording"):
        audio.read(tmp_path / "a.wav")
    with pytest.raises(DataError, match="not a readable recording"):
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


def test_the_articles_split_has_the_articles_sizes():
    split = random_split(38546, 0)
    assert [(split == s).sum() for s in (TRAINING, VALIDATION, TESTING)] == [30836, 3855, 3855]
    assert not np.array_equal(split, random_split(38546, 1))


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
    for word in words:
        for i in range(clips):
            wav(root / word / f"{i:08x}_nohash_0.wav", NOISE)
    return root


def test_a_folder_is_read_split_and_cached(tmp_path):
    root = folder(tmp_path / "data")
    wav(root / NOISE_FOLDER / "hum.wav", np.tile(NOISE, 5))
    levels, words, splits = speech_commands.read(root, "auto", tmp_path / "cache", quiet=True)
    assert levels.shape == (209, 98, 40) and (words == NOISE_FOLDER).sum() == 9
    assert (splits[words == NOISE_FOLDER] == VALIDATION).tolist() == [False] * 8 + [True]
    by_rule = [speech_commands.hash_split(f"{i:08x}_nohash_0.wav") for i in range(20)]
    assert splits[words == "yes"].tolist() == by_rule

    (cached,) = (tmp_path / "cache").iterdir()
    archive.save(cached, X=levels + 1, name=np.load(cached)["name"])
    again, _, _ = speech_commands.read(root, "auto", tmp_path / "cache", quiet=True)
    assert np.array_equal(again, levels + 1)  # it came from the cache
    wav(root / "yes" / "new_nohash_0.wav", NOISE)
    assert len(speech_commands.read(root, "auto", tmp_path / "cache", quiet=True)[0]) == 210


def test_a_folders_own_lists_come_first(tmp_path):
    root = folder(tmp_path / "data", ("yes",), 3)
    (root / "validation_list.txt").write_text("yes/00000001_nohash_0.wav\n")
    (root / "testing_list.txt").write_text("yes/00000002_nohash_0.wav\n")
    assert speech_commands.read(root, "auto", tmp_path, quiet=True)[2].tolist() == [TRAINING, VALIDATION, TESTING]


def test_a_folder_without_a_word_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder(tmp_path / "data", WORDS[:9])
    with pytest.raises(DataError, match="no training clips of go"):
        load(str(tmp_path / "data"), 10, "random", quiet=True)
    with pytest.raises(DataError, match="no such folder"):
        load("nowhere", 10)
    with pytest.raises(DataError, match="no <word>"):
        (tmp_path / "empty").mkdir()
        load("empty", 10)


def test_archives_are_checked(tmp_path):
    path = tmp_path / "a.npz"
    with pytest.raises(DataError, match="not a readable"):
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


def test_a_missing_class_is_named():
    words = np.array(["yes"] * 4)
    split = np.array([TRAINING, TRAINING, VALIDATION, VALIDATION])
    with pytest.raises(DataError, match="no training clips of no, up"):
        assemble(np.zeros((4, 98, 40), np.uint8), words, split, WORDS, "here")


def test_resampling_keeps_a_tone():
    t = np.arange(22050) / 22050
    y = resampled(np.sin(2 * np.pi * 1000 * t), 22050)
    at = int(0.02 * RATE)
    expected = np.sin(2 * np.pi * 1000 * (np.arange(len(y)) - at) / RATE)
    assert np.abs(y - expected)[at + 2000 : at + 14000].max() < 0.01
