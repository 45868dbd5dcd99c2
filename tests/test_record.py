"""tools.record without a robot: what is a clip, where it goes and what it is called."""

import base64
import contextlib
import errno
import getpass
import io
import os
import unicodedata
import wave
import zlib
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.conftest import sentence
from tests.line import Port
from tools import record
from tools.board_link import BoardError


def sent(data: bytes) -> str:
    lines = [base64.b64encode(data[i : i + 48]).decode() for i in range(0, len(data), 48)]
    return "\n".join([f"@clip {len(data)}", *lines, f"@end {zlib.crc32(data):08x}", ""])


CLIP = np.random.default_rng(1).integers(-3000, 3000, record.RATE).astype("<i2").tobytes()


def test_a_clip_arrives_whole():
    assert record.parse_clip(sent(CLIP)) == CLIP
    assert record.parse_clip("settings.json: gain is a number\n" + sent(CLIP) + "\n> ") == CLIP


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no clip"),
        ("Traceback", "no clip"),
        (sent(CLIP) + sent(CLIP), "two clips"),
        (sent(CLIP)[:-20], "end of the clip"),
        (sent(CLIP).replace("@end ", "@end x"), "garbled"),
        (sent(CLIP).replace("@clip 32000", "@clip many"), "garbled"),
        (sent(CLIP).replace("\n", "\n!", 5), "garbled"),
        (sent(CLIP).replace("@clip 32000", "@clip 31998"), "32000 bytes arrived of 31998"),
        (sent(CLIP[:-2]), "15999 samples"),
        (sent(CLIP).replace(sent(CLIP).splitlines()[7] + "\n", ""), "31952 bytes arrived of 32000"),
        (sent(CLIP)[:-9] + f"{zlib.crc32(CLIP) ^ 1:08x}\n", "checksum"),
    ],
)
def test_a_clip_that_did_not_arrive_whole_is_refused(text, reason):
    with pytest.raises(record.ClipError, match=reason):
        record.parse_clip(text)


def test_clips_are_numbered_on_and_never_overwritten(tmp_path):
    folder = tmp_path / "new" / "go"
    first = record.write_clip(folder, "abc", CLIP)
    assert first == folder / "abc_nohash_0.wav"
    (folder / "abc_nohash_7.wav").write_bytes(b"mine")
    assert record.write_clip(folder, "abc", CLIP).name == "abc_nohash_8.wav"
    assert record.write_clip(folder, "xyz", CLIP).name == "xyz_nohash_0.wav"
    assert (folder / "abc_nohash_7.wav").read_bytes() == b"mine"
    samples, rate = soundfile.read(first, dtype="int16")
    assert rate == 16000 and samples.tobytes() == CLIP
    with wave.open(str(first)) as wav:
        assert (wav.getnchannels(), wav.getsampwidth()) == (1, 2)


def test_what_was_recorded_is_in_speech_commands_layout(tmp_path):
    from host.data.folder import word_folders
    from host.data.speech_commands import hash_split

    names = [record.write_clip(tmp_path / "go", "0c7e1a2b", CLIP).name for _ in range(2)]
    assert word_folders(tmp_path) == [tmp_path / "go"]
    assert hash_split(names[0]) == hash_split(names[1])


def test_a_level_in_words():
    loud = np.full(16000, 32767, "<i2").tobytes()
    assert "clipped" in record.loudness(loud)
    assert "hardly anything" in record.loudness(bytes(32000))
    assert record.loudness(CLIP) == "-26 dBFS"
    for level, said in ((103, "hardly"), (104, "-50 dBFS"), (32766, "-0 dBFS"), (-32768, "clipped")):
        words = record.loudness(np.full(16000, level, "<i2").tobytes())
        assert said in words and (said[0] != "-" or said == words)
    once = np.frombuffer(CLIP, "<i2").copy()
    once[100] = -32768
    assert "clipped" in record.loudness(once.tobytes())


class Robot:
    """Gives these answers to record's questions."""

    setup = ""

    def __init__(self, *answers):
        self.answers = list(answers)

    def exec(self, code):
        if callable(self.answers[0]):
            return self.answers[0](code)
        return self.setup if code == record.SETUP else self.answers.pop(0)


def test_a_bad_clip_is_asked_for_again_and_three_are_enough(tmp_path):
    said = []
    robot = Robot(sent(CLIP)[:99], sent(CLIP), sent(CLIP))
    assert record.record(robot, tmp_path, "go", "a", 2, 0, said.append) == 2
    assert sum("not kept" in line for line in said) == 1 and len(list(tmp_path.glob("*.wav"))) == 2
    with pytest.raises(record.ClipError, match="3 clips failed in a row"):
        record.record(Robot("", "x", sent(CLIP)[:-4]), tmp_path, "go", "a", 1, 0, said.append)
    assert len(list(tmp_path.glob("*.wav"))) == 2


@pytest.mark.parametrize(
    "arguments", [["../go"], ["go", "--speaker", "A b"], ["Go"], ["a b"], ["_go"], ["go", "--speaker", ""]]
)
def test_names_that_would_not_make_a_data_set(arguments, tmp_path, capsys):
    assert record.main([*arguments, "--out", str(tmp_path), "--port", "/dev/nowhere"]) == 1
    assert capsys.readouterr().err.startswith("error: ") and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("word", "said"),
    [
        *(
            (word, "no port /dev/nowhere")
            for word in ("demi-tour", "a_b", "_silence_", "_unknown_", "_background_noise_")
        ),
        ("go-", "no name for a word"),
    ],
)
def test_a_word_may_have_a_hyphen_inside_and_three_names_are_the_data_sets(word, said, tmp_path, capsys):
    assert record.main([word, "--out", str(tmp_path), "--port", "/dev/nowhere"]) == 1
    assert said in capsys.readouterr().err


def nobody():
    raise KeyError("getpwuid(): uid not found: 12345")


def test_the_default_speaker_is_a_number_of_the_user_with_or_without_a_name(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(getpass, "getuser", lambda: "ann")
    assert record.default_speaker() == "49915e0d"
    monkeypatch.setattr(getpass, "getuser", nobody)
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    assert record.default_speaker() == "5994471a"
    assert "no port" in sentence(capsys, record.main, "go", "--out", tmp_path, "--port", "/dev/nowhere")
    with Port(lambda code: "" if code == record.SETUP else sent(CLIP)) as line:
        assert record.main(["go", "--out", str(tmp_path), "--port", line.port, "--count", "2", "--pause", "0"]) == 0
    assert sorted(p.name for p in tmp_path.glob("go/*")) == [f"5994471a_nohash_{i}.wav" for i in range(2)]
    said = capsys.readouterr().out.splitlines()
    assert said[0] == '1 of 2: say "go"' and said[3].endswith("go/5994471a_nohash_1.wav: -26 dBFS")


def test_a_word_is_recorded_into_one_folder_however_it_is_typed(tmp_path, monkeypatch):
    monkeypatch.setattr(record, "Link", contextlib.nullcontext)
    monkeypatch.setattr(record, "find_port", lambda port: Robot(sent(CLIP)))
    for form in ("NFC", "NFD"):
        word = unicodedata.normalize(form, "général")
        assert record.main([word, "--out", str(tmp_path), "--count", "1", "--pause", "0"]) == 0
    assert len(list(tmp_path.glob("général/*.wav"))) == 2


class FullDisk(io.FileIO):
    def write(self, data):
        super().write(bytes(data)[:10])
        raise OSError(errno.ENOSPC, "No space left on device", self.name)


def test_a_full_disk_keeps_no_half_clip(tmp_path, monkeypatch):
    record.write_clip(tmp_path, "a", CLIP)
    monkeypatch.setattr(Path, "open", lambda path, mode: FullDisk(path, mode))
    with pytest.raises(OSError, match="No space left"):
        record.write_clip(tmp_path, "a", CLIP)
    assert [p.name for p in tmp_path.iterdir()] == ["a_nohash_0.wav"]


def test_a_robot_that_cannot_record_is_to_be_brought_up_to_date(tmp_path):
    def old(code):
        raise BoardError("Traceback (most recent call last):\nImportError: no module named 'programs.record'")

    with pytest.raises(record.ClipError, match=r"no module named 'programs.record'\); bring it up to date"):
        record.record(Robot(old), tmp_path, "go", "a", 1, 0)


def test_ten_clips_with_a_pause_before_each_unless_told_otherwise(tmp_path, monkeypatch, capsys):
    pauses = []
    monkeypatch.setattr(record.time, "sleep", pauses.append)
    monkeypatch.setattr(record, "Link", contextlib.nullcontext)
    complains = Robot(*[sent(CLIP)] * 10)
    complains.setup = "settings.json: gain is a number"
    monkeypatch.setattr(record, "find_port", lambda port: complains)
    assert record.main(["go", "--out", str(tmp_path), "--speaker", "ann"]) == 0
    assert pauses == [1.5] * 10 and len(list(tmp_path.glob("go/ann_nohash_*.wav"))) == 10
    assert capsys.readouterr().out.startswith("settings.json: gain is a number\n1 of 10: say")


@pytest.mark.parametrize("options", [["--count", "0"], ["--pause", "-1"], ["--pause", "nan"], ["--pause", "inf"]])
def test_numbers_that_cannot_be(options, tmp_path, capsys):
    with pytest.raises(SystemExit):
        record.main(["go", "--out", str(tmp_path), *options])
    assert f"{options[1]} is no" in capsys.readouterr().err
