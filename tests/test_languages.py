"""Synthesized languages: their words and voices, and that what tests hear is the same every time."""

import ctypes
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from host.base.errors import DataError
from host.data import archive, synthetic
from host.data.dataset import SILENCE, TRAINING, UNKNOWN, VALIDATION, class_labels, command_words
from host.data.languages import ENGLISH, FRENCH, LANGUAGES
from host.data.speech import TESTING_VOICES, TRAINING_VOICES, VALIDATION_VOICES, Speaker, synthesizer
from host.evaluation.clips import read_clips
from host.evaluation.model import Model
from host.features.frontends import RATE
from tests.conftest import MODEL, ROOT, load

LANGUAGE = pytest.mark.parametrize("language", LANGUAGES.values(), ids=lambda x: x.name)


def phonemes(text: str, accent: str) -> str:
    """What eSpeak NG would say, without stress."""
    library = synthesizer()._lib
    assert library.espeak_SetVoiceByName(accent.encode()) == 0
    library.espeak_TextToPhonemes.restype = ctypes.c_char_p
    at = ctypes.c_char_p(text.encode())
    utf8, ascii_names = 1, 0
    return re.sub(r"[^\w@~]", "", library.espeak_TextToPhonemes(ctypes.byref(at), utf8, ascii_names).decode())


@LANGUAGE
def test_no_other_word_sounds_like_a_word(language):
    assert len(language.words) == 10
    for accent in language.accents:
        words, others, unheard = (
            {phonemes(w, accent) for w in group} for group in (language.words, language.others, language.unheard)
        )
        assert len(words) == 10 and "" not in words | others | unheard
        assert not words & (others | unheard) and not others & unheard


def test_a_voice_belongs_to_one_split():
    voices = [*TRAINING_VOICES, *VALIDATION_VOICES, *TESTING_VOICES]
    assert len(set(voices)) == len(voices)


def test_the_guide_gives_every_french_word_an_action():
    (example,) = re.findall(r'"words": (\{[^}]*\})', (ROOT / "docs" / "robot.md").read_text())
    assert set(json.loads(example)) == set(FRENCH.words)


def said() -> str:
    samples, words = synthetic.testing_clips(FRENCH, 1, workers=1, quiet=True)
    return hashlib.sha256(samples.tobytes()).hexdigest() + " ".join(words)


def test_what_tests_hear_is_the_same_in_any_process():
    synthesizer().say("avance", Speaker("fr+m7"))  # so that this process said something before
    script = "from tests.test_languages import said\nif __name__ == '__main__':\n    print(said())"
    other = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True)
    assert other.stdout.strip() == said()


@pytest.fixture
def made(monkeypatch, tmp_path):
    """A synthesis that takes no time: each clip holds its own number."""
    monkeypatch.chdir(tmp_path)

    def make(what, jobs, workers, quiet):
        if what is not synthetic._levels:
            return np.stack([np.full(synthetic.CLIP, i, np.int16) for i in range(len(jobs))])
        levels = np.zeros((len(jobs), 158, 40), np.uint8)
        levels[:, 79, :3] = [(len(jobs[0].language), i % 256, i // 256) for i in range(len(jobs))]
        return levels

    monkeypatch.setattr(synthetic, "_spoken", make)


def test_a_language_trains_its_own_words(made):
    data = load(["synthetic-fr"], 12, quiet=True)
    assert data.labels == (*FRENCH.words, UNKNOWN, SILENCE) and data.source == "synthetic-fr"
    assert data.counts(TRAINING) == dict.fromkeys((*FRENCH.words, SILENCE), 1000) | {UNKNOWN: 3000}
    assert data.counts(VALIDATION) == dict.fromkeys((*FRENCH.words, SILENCE), 200) | {UNKNOWN: 600}
    assert load(["synthetic-fr"], 10, quiet=True).labels == command_words(data.labels) == FRENCH.words
    assert load(["synthetic"], 12, quiet=True).counts(TRAINING)["yes"] == ENGLISH.per_word
    with pytest.raises(DataError, match="two languages"):
        load(["synthetic", "synthetic-fr"], 12)
    both = load(["synthetic", "synthetic-fr"], 12, quiet=True, words=("stop", "danse"))
    assert both.labels == ("stop", "danse", UNKNOWN, SILENCE)


def test_recordings_of_a_languages_words_join_its_synthesized_ones(made, tmp_path):
    levels = np.random.default_rng(0).integers(0, 256, (2, 98, 40), dtype=np.uint8)
    archive.save(tmp_path / "mine.npz", X=levels, word=["danse"] * 2, split=[TRAINING, VALIDATION])
    data = load(["synthetic-fr", str(tmp_path / "mine.npz")], 12, quiet=True)
    assert data.levels.shape[1] == 98 and data.counts(TRAINING)["danse"] == 1001


def test_a_language_tests_with_clips_of_every_class(made):
    program = Model.open(MODEL).program
    clips = read_clips(Path("synthetic"), program, class_labels(12), quiet=True)
    assert clips.windows.shape == (1200, 15360) and (clips.windows[:, 0] == np.arange(1200)).all()
    assert np.bincount(clips.target).tolist() == [100] * 12 and clips.missing == []
    assert clips.names[0] == "yes/0" and clips.names[-1] == "_silence_/1199"
    assert len(read_clips(Path("synthetic"), program, program.labels, quiet=True).target) == 1000
    with pytest.raises(DataError, match="none of its folders"):
        read_clips(Path("synthetic-fr"), program, ("yes", "no"), quiet=True)


def test_testing_says_words_and_by_voices_that_training_does_not(monkeypatch):
    heard = []

    class Recorder:
        def say(self, text, speaker):
            heard.append((text, *speaker.voice.split("+")))
            return np.ones(100)

    monkeypatch.setattr(synthetic, "synthesizer", Recorder)
    jobs = [synthetic._Job("synthetic-fr", UNKNOWN, split, i) for split in (TRAINING, "testing") for i in range(300)]
    synthetic._samples(jobs)
    for part, words, voices in (
        (heard[:300], FRENCH.others, TRAINING_VOICES),
        (heard[300:], FRENCH.unheard, TESTING_VOICES),
    ):
        assert {t for t, _, _ in part} <= set(words) and {v for _, _, v in part} <= set(voices)
        assert {a for _, a, _ in part} == set(FRENCH.accents)


def test_a_conversation_says_its_words_when_it_says_so():
    samples, said = synthetic.conversation(0, commands=3, others=2)
    assert len({s.word for s in said}) == 5 and sum(s.word in ENGLISH.words for s in said) == 3
    bounds = [round(t * RATE) for s in said for t in (s.start, s.end)]
    pauses = [0, *bounds, len(samples)]
    for start, end in zip(pauses[::2], pauses[1::2], strict=True):
        assert end - start >= 1.3 * RATE - 1 and np.abs(samples[start:end]).max() < 600
    for start, end in zip(bounds[::2], bounds[1::2], strict=True):
        assert np.abs(samples[start:end]).max() > 1000
