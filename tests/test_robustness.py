"""Levels and noise: what is done to the clips, whose noise it is, and that training does not hear it."""

import json

import numpy as np
import pytest
import soundfile

from host.base.errors import DataError
from host.data import audio, speech_commands
from host.data.dataset import NOISE_FOLDER, class_labels
from host.data.speech_commands import HELD_OUT
from host.evaluate import main
from host.evaluation import robustness
from host.evaluation.result import Result
from tests.conftest import MODEL

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def noise_folder(tmp_path_factory):
    """The two held-out recordings and another, two seconds of noise each."""
    folder = tmp_path_factory.mktemp("data") / NOISE_FOLDER
    folder.mkdir()
    for name in (*HELD_OUT, "pink_noise"):
        soundfile.write(folder / f"{name}.wav", (RNG.standard_normal(32000) * 1000).astype(np.int16), 16000)
    return folder


def test_a_level_is_rounded_and_saturates():
    x = np.array([[-32768, -3, -1, 0, 1, 5, 11, 20000, 32767]], np.int16)
    assert robustness.at_level(x, -20).tolist() == [[-3277, 0, 0, 0, 0, 1, 1, 2000, 3277]]
    assert robustness.at_level(x, 10).tolist() == [[-32768, -9, -3, 0, 3, 16, 35, 32767, 32767]]
    assert np.array_equal(robustness.at_level(x, 0), x)


@pytest.mark.parametrize("snr", robustness.SNRS)
def test_noise_lies_by_the_snr_below_the_clip(snr):
    clip, noise = (RNG.standard_normal((2, 4, 16000)) * [[[2000]], [[30]]]).astype(np.int16)
    added = robustness.with_noise(clip, noise, snr) - clip.astype(float)
    ratio = 10 * np.log10((clip.astype(float) ** 2).mean(1) / (added**2).mean(1))
    assert np.abs(ratio - snr).max() < 0.01


def test_noise_saturates_and_silence_stays_silence():
    loud = np.full((1, 100), 32767, np.int16)
    assert robustness.with_noise(loud, loud, 0).tolist() == loud.tolist()
    zeros = np.zeros((1, 100), np.int16)
    assert not robustness.with_noise(zeros, loud, 0).any()
    assert robustness.with_noise(loud, zeros, 0).tolist() == loud.tolist()


def test_a_clip_meets_the_same_noise_in_any_company(noise_folder):
    recordings = robustness.held_out_noise(noise_folder.parent)
    names = [f"yes/{i}.wav" for i in range(50)]
    found = robustness.pieces(names, recordings, 15360)
    assert np.array_equal(robustness.pieces(names[7:9], recordings, 15360), found[7:9])
    assert len(np.unique(found, axis=0)) == 50
    of = [any(bytes(row) in bytes(r) for row in found[:, :100]) for r in recordings]
    assert all(of) and len(recordings) == 2
    with pytest.raises(DataError, match="shorter than a window"):
        robustness.pieces(names, [recordings[0][:15359]], 15360)


def test_noise_is_found_inside_beside_or_where_it_is_said_to_be(noise_folder, tmp_path):
    first = audio.read(noise_folder / f"{HELD_OUT[0]}.wav")
    for root, given in ((noise_folder.parent, None), (noise_folder.parent / "words", None), (tmp_path, noise_folder)):
        assert np.array_equal(robustness.held_out_noise(root, given)[0], first)
    with pytest.raises(DataError, match=r"no exercise_bike.wav and running_tap.wav in .*--noise"):
        robustness.held_out_noise(tmp_path)


def test_training_does_not_hear_it(noise_folder, tmp_path):
    root = tmp_path / "data"
    (root / "yes").mkdir(parents=True)
    soundfile.write(root / "yes" / "a.wav", np.zeros(16000), 16000)
    (root / NOISE_FOLDER).symlink_to(noise_folder)
    part = speech_commands.read(root, "auto", tmp_path / "cache", quiet=True)
    # one recording of two seconds, every half second
    assert (part.words == NOISE_FOLDER).sum() == 3 and len(part.levels) == 4


def test_a_folder_of_held_out_noise_alone_is_refused(tmp_path):
    folder = tmp_path / NOISE_FOLDER
    folder.mkdir()
    soundfile.write(folder / f"{HELD_OUT[0]}.wav", np.zeros(32000), 16000)
    with pytest.raises(DataError, match="nothing but _background_noise_"):
        speech_commands.read(tmp_path, "auto", tmp_path / "cache", quiet=True)


def test_the_command_prints_both_tables(spoken, noise_folder, capsys, tmp_path):
    arguments = [str(MODEL), "--data", str(spoken), "--picture", str(tmp_path / "c.png"), "--robustness"]
    assert main([*arguments, "--json", "--noise", str(noise_folder)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found["robustness"]["level"]) == ["-40", "-30", "-20", "-10", "0", "10"]
    assert list(found["robustness"]["snr"]) == ["20", "10", "5", "0"]
    figures = {k: found[k] for k in ("accuracy", "without_silence", "words_alone")}
    assert found["robustness"]["level"]["0"] == figures
    assert main([*arguments, "--noise", str(noise_folder)]) == 0
    assert "gain -40 dB" in (printed := capsys.readouterr().out) and "SNR 20 dB" in printed
    assert main([*arguments, "--noise", str(tmp_path)]) == 1
    assert "--noise" in capsys.readouterr().err


def test_the_three_figures():
    labels = class_labels(12)
    target = np.array([0, 0, 1, 10, 11, 11])
    heard = np.zeros((6, 12), np.uint16)
    #             right  taken for silence  for no   right   for yes  right
    for row, (best, second) in enumerate([(0, 1), (11, 0), (2, 1), (10, 0), (0, 1), (11, 0)]):
        heard[row, best], heard[row, second] = 60000, 5000
    figures = Result(labels, target, heard, 1.0, []).figures()
    assert figures == {"accuracy": 3 / 6, "without_silence": 2 / 4, "words_alone": 2 / 3}
    ten = Result(labels[:10], target[:3], heard[:3, :10], 1.0, []).figures()
    assert ten == {"accuracy": 2 / 3, "without_silence": 2 / 3, "words_alone": 2 / 3}
    silence = Result(labels, target[4:], heard[4:], 1.0, []).figures()
    assert silence == {"accuracy": 0.5, "without_silence": None, "words_alone": None}
