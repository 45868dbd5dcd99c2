"""What people bring: odd files, odd folders. Each is read, or named with what to do; nothing goes by without a word."""

import io
import json
import os
import struct
import subprocess

import numpy as np
import pytest
import soundfile

from host.base.errors import DataError
from host.cards.text import command
from host.data import audio, findings, speech_commands
from host.data.dataset import NOISE_FOLDER, SILENCE, UNKNOWN, word_class
from host.data.folder import layout, others, passed_over, word_folders
from host.data.names import near
from host.evaluate import main as evaluate
from host.evaluation.clips import read_clips
from host.evaluation.model import Model
from host.simulate import main as simulate
from host.train import main as train
from host.training.config import RunConfig, RunError, differences
from tests.conftest import MODEL, load

RNG = np.random.default_rng(0)
SOUND = (RNG.standard_normal(16000) * 3000).astype(np.int16)


def clip(path, samples=SOUND, rate=16000, **how):
    """A recording, by default one that is like no other."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if samples is SOUND:
        samples = np.roll(SOUND, hash(path.name) % 16000)
    soundfile.write(path, samples, rate, **how)
    return path


def words(root, *names, clips=10):
    for k, name in enumerate(names):
        for i in range(clips):
            clip(root / name / f"{i:08x}_nohash_0.wav", np.roll(SOUND, 1601 * k + 97 * i))
    return root


def found(root, kind, **options) -> findings.Finding | None:
    """What loading a folder of go and stop says of a kind."""
    said = []
    load([str(root)], 10, "random", quiet=True, words=("go", "stop"), say=said.append, **options)
    return next((f for f in said if f.kind is kind), None)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        "Go", "GO", "go ", " go", "go - Copy", "go - Copy (2)", "go copy", "go copy 3", "go (copy)",
        "go (another copy)",
        "go (1)", "go - Kopie", "Kopie von go", "Copy of go",
    ],
)  # fmt: skip
def test_a_folder_spelled_unlike_its_word_is_the_word(name):
    assert near(name, ("stop", "go")) == "go" and word_class(name, ("stop", "go", UNKNOWN)) == 1


def test_other_words_are_other_words():
    for name in ("going", "go2", "ago", "copy", "(1)", "gogo", "g o", "g-o"):
        assert near(name, ("go", "stop")) is None
    assert near("copy", ("copy", "go")) == "copy" and near("ON", ("off", "on")) == "on"
    assert near("größe", ("GRÖSSE",)) == "GRÖSSE" and near("Straße", ("strasse",)) == "strasse"
    assert near("cafe\u0301", ("caf\u00e9",)) == "caf\u00e9" and near("CAF\u00c9", ("cafe\u0301",)) == "cafe\u0301"
    assert near("Turn left", ("turn-left",)) == "turn-left"
    assert (
        word_class("silence", ("go", UNKNOWN, SILENCE)) == word_class("Background Noise", ("go", UNKNOWN, SILENCE)) == 2
    )
    assert word_class("Background Noise", ("go", UNKNOWN)) == word_class("_Silence_", ("go",)) == -1


def test_spelling_is_said_and_both_commands_count_alike(tmp_path, capsys):
    words(tmp_path / "set", "Go", "stop - Copy")
    finding = found(tmp_path / "set", findings.SPELLING)
    assert finding.count == 2 and finding.example == "'Go' is go, 'stop - Copy' is stop"
    clips = read_clips(tmp_path / "set", Model.open(MODEL).program, ("go", "stop"), quiet=True)
    assert np.bincount(clips.target).tolist() == [10, 10] and clips.findings == [finding]
    assert evaluate([str(MODEL), "--data", str(tmp_path / "set"), "--json"]) == 0
    said = capsys.readouterr()
    assert f"warning: {finding}\n" in said.err and json.loads(said.out)["warnings"] == [str(finding)]


def test_lists_mean_names_in_any_form_of_unicode_and_lines_of_nothing_are_counted(tmp_path):
    root = words(tmp_path / "set", "go", "stop", "caf\u00e9", clips=2)
    (root / "testing_list.txt").write_text("cafe\u0301/00000000_nohash_0.wav\ngo/lost.wav\nstop/lost.wav\n")
    part = speech_commands.read(root, "lists", tmp_path / "cache", quiet=True)
    assert part.split.tolist() == ["testing", *["training"] * 5]
    (finding,) = part.findings
    assert finding.kind is findings.UNLISTED and (finding.count, finding.example) == (2, "go/lost.wav")


@pytest.mark.parametrize("end, subtype", [("flac", None), ("ogg", None), ("mp3", None), ("aiff", None), ("W64", None)])
def test_formats_that_libsndfile_reads_are_read(end, subtype, tmp_path):
    if end.upper() not in soundfile.available_formats():
        pytest.skip(f"the libsndfile here reads no {end}")
    root = words(tmp_path / "set", "go", "stop")
    clip(root / "go" / f"x_nohash_0.{end}")
    lossy = found(root, findings.LOST)
    assert (lossy and lossy.count) == (1 if end in ("mp3", "ogg") else None)
    assert len(read_clips(root, Model.open(MODEL).program, ("go", "stop"), quiet=True).target) == 21


def test_what_is_not_read_is_counted(tmp_path):
    root = words(tmp_path / "set", "go", "stop")
    for name in ("go/a.m4a", "go/b.webm", "stop/c.M4A", "go/labels.txt", "go/deep/a.json", "samples.zip", "README.md"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(b"x")
    for name in (".DS_Store", "go/Thumbs.db", "go/._a.wav", "desktop.ini"):
        (root / name).write_bytes(b"x")
    clip(root / "a.wav"), clip(root / "go" / "ann" / "b.wav"), clip(root / "go" / "ann" / "c.wav")
    said = {f.kind: (f.count, f.example) for f in passed_over(root)}
    assert said == {
        findings.UNREAD: (3, "2 .m4a, 1 .webm, go/a.m4a"),
        findings.NO_RECORDING: (3, "1 .zip, 1 .txt, 1 .json, samples.zip"),
        findings.LOOSE: (1, "a.wav"),
        findings.DEEPER: (2, "go/ann/b.wav"),
    }
    assert "3 files of formats that are not read, passed over: 2 .m4a, 1 .webm, go/a.m4a for one; ffmpeg" in str(
        found(root, findings.UNREAD)
    )


def test_folders_that_are_no_set_say_what_to_name(tmp_path):
    nested = words(tmp_path / "nested" / "train", "go", "stop").parent
    words(nested / "test", "go")
    with pytest.raises(
        DataError, match=r"no <word>/\*.wav in it; its words lie a folder deeper: name .*test, likewise tr"
    ):
        word_folders(nested)
    clip(nested / NOISE_FOLDER / "hum.wav")
    assert {f.kind: f.example for f in passed_over(nested)} == {
        findings.DEEPER: "test/go/00000000_nohash_0.wav", findings.SPLITS: "test, train"
    }  # fmt: skip
    edge = tmp_path / "my edge"
    for name in ("training/go.1a2b.wav", "training/stop.3c.wav", "testing/go.4d.wav"):
        clip(edge / name)
    with pytest.raises(DataError, match="no training clips of go"):
        found(edge, None)
    assert [f.kind for f in passed_over(edge)] == [findings.SPLITS]
    told, _, line = layout(edge).partition("; sort by it:  ")
    assert told.endswith("begins with its word, as Edge Impulse exports it")
    subprocess.run(["bash", "-c", line], check=True)
    sorted_now = sorted(p.relative_to(edge).as_posix() for p in edge.glob("*/*/*"))
    assert sorted_now in (["testing/go/go.4d.wav"], ["training/go/go.1a2b.wav", "training/stop/stop.3c.wav"])
    clip(tmp_path / "flat" / "go-01.wav")
    with pytest.raises(DataError, match=r"1 recordings lie in it, go-01.wav for one: put each in a folder"):
        word_folders(tmp_path / "flat")
    (tmp_path / "set.zip").write_bytes(b"PK\3\4")
    with pytest.raises(DataError, match="a file, not a folder; unpack it"):
        word_folders(tmp_path / "set.zip")
    (tmp_path / "phone" / "go").mkdir(parents=True)
    (tmp_path / "phone" / "go" / "a.m4a").write_bytes(b"x")
    with pytest.raises(DataError, match=r"1 file of formats that are not read, passed over: 1 .m4a, go/a.m4a; ffmpeg"):
        word_folders(tmp_path / "phone")


def test_a_folder_that_may_be_noise_is_named(tmp_path):
    root = words(tmp_path / "set", "go", "stop", "noise", "quiet")
    assert found(root, findings.NOISE).example == "noise, quiet"
    said = []
    load([str(root)], 10, "random", quiet=True, words=("go", "noise", "quiet"), say=said.append)
    assert not said  # they are words then


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 32044\n"


@pytest.mark.parametrize(
    "content, said",
    [
        (LFS, "git lfs pull"),
        (b"\0\0\0\x18ftypM4A " + bytes(99), r"\(MP4 or M4A\); ffmpeg"),
        (b"ID3\3" + bytes(99), r"\(MP3\); ffmpeg"),
        (b"OggS" + bytes(99), r"\(Ogg\)"),
        (b"  <!DOCTYPE html><html>", "a web page"),
        (b"", "of 0 bytes; copy it again"),
        (bytes(32044), "of zeros, without a header"),
        (b"PK\3\4" + bytes(99), "packed archive instead of sound; unpack"),
        (b"hello, world\n", "text instead of sound"),
        (b"RIFF\x10\0\0\0WAVEjunk\x80\0\0\0", "not readable"),
        (b"\x80\x81\x82" * 40, r"not readable \(Format not recognised\)"),
    ],
    ids=["lfs", "m4a", "mp3", "ogg", "html", "empty", "zeros", "zip", "text", "riff", "bytes"],
)
def test_what_is_not_sound_says_what_it_is(content, said, tmp_path):
    for name in ("a.wav", "a.raw"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=rf"a\.(wav|raw): .*({said}|no header)") as error:
            audio.read(tmp_path / name)
        assert "does not exist" not in str(error.value)


def riff(data: bytes, size: int | None = None) -> bytes:
    """A 16-bit mono WAV whose header says that `size` bytes of sound follow."""
    size = len(data) if size is None else size
    form = struct.pack("<HHIIHH", 1, 1, 16000, 32000, 2, 16)
    return (
        b"RIFF"
        + struct.pack("<I", (36 + size) % 2**32)
        + b"WAVEfmt \x10\0\0\0"
        + form
        + b"data"
        + struct.pack("<I", size)
        + data
    )


@pytest.mark.parametrize(
    "size, short",
    [(32000, True), (16000, False), (15998, False), (0xFFFFFFFF, False), (0x7FFFF000, False), (0x7FFFEFFF, True)],
)
def test_a_recording_that_ends_before_its_header_says_is_said_to_be_cut_short(size, short, tmp_path):
    (tmp_path / "a.wav").write_bytes(riff(SOUND[:8000].tobytes(), size))
    samples, facts = audio.listen(tmp_path / "a.wav")
    assert np.array_equal(samples, SOUND[: min(size, 16000) // 2]) and bool(facts.cut_short) is short
    if size == 32000:
        assert facts.cut_short == "its header announces 1.00 s of sound, 0.50 s are there"


@pytest.mark.parametrize("form", ["AIFF", "FLAC", "RF64", "WAV"])
def test_other_formats_are_cut_short_too(form, tmp_path):
    memory = io.BytesIO()
    soundfile.write(memory, SOUND, 16000, format=form, subtype="PCM_16")
    for part, share in ((memory.getvalue(), 1), (memory.getvalue()[:-8000], 0)):
        (tmp_path / "a").write_bytes(part)
        try:
            facts = audio.listen(tmp_path / "a")[1]
            assert not facts.cut_short if share else facts.cut_short or form == "RF64"
        except DataError:
            assert not share and form == "FLAC"  # libsndfile gives up where a frame ends early


def test_a_recording_that_was_never_finished_says_so(tmp_path, capsys):
    (tmp_path / "a.wav").write_bytes(riff(SOUND.tobytes(), 0))
    with pytest.raises(DataError, match=r"never finished.*--ignore-length"):
        audio.read(tmp_path / "a.wav")
    (tmp_path / "b.wav").write_bytes(riff(SOUND.tobytes(), 64000))
    simulate([str(MODEL), str(tmp_path / "b.wav")])
    assert "b.wav: cut short: its header announces 2.00 s" in capsys.readouterr().err


def test_samples_that_were_never_scaled_to_one_are_refused(tmp_path):
    loud = clip(tmp_path / "a.wav", SOUND.astype(float), subtype="FLOAT")
    with pytest.raises(DataError, match=rf"far beyond full scale, which is 1 \(up to {np.abs(SOUND).max()}\)"):
        audio.read(loud)
    assert audio.read(clip(tmp_path / "b.wav", np.array([7.9, -0.5]), subtype="FLOAT")).tolist() == [32767, -16384]


def test_all_that_cannot_be_used_is_said_at_once(tmp_path):
    root = words(tmp_path / "set", "go", "stop")
    for i in range(3):
        clip(root / "go" / f"phone{i}.wav", np.stack([SOUND, SOUND], 1), 48000)
    clip(root / "stop" / "none.wav", SOUND[:0])
    (root / "stop" / "page.wav").write_bytes(b"<html>")
    wanted = (
        "set: 3 recordings not mono at 16 kHz: go/phone0.wav (48000 Hz, 2 channels) for one; ffmpeg -i IN -ar 16000 "
        "-ac 1 OUT.wav converts one; host.train, host.search and host.evaluate do it with --resample; 1 recording "
        "without a sample: empty: "
        "stop/none.wav; copy or record again; 1 recording a web page instead of sound: stop/page.wav; fetch again"
    )
    for use in (
        lambda: found(root, None),
        lambda: read_clips(root, Model.open(MODEL).program, ("go", "stop"), quiet=True),
    ):
        with pytest.raises(DataError) as error:
            use()
        assert wanted in str(error.value)


def test_names_without_a_file_behind_them_are_said_at_once(tmp_path):
    root = words(tmp_path / "set", "go", "stop")
    (root / "go" / "annexed0.wav").symlink_to("nowhere")
    (root / "go" / "annexed1.wav").mkdir()
    os.mkfifo(root / "stop" / "pipe.wav")
    for use in (
        lambda: found(root, None),
        lambda: read_clips(root, Model.open(MODEL).program, ("go", "stop"), quiet=True),
    ):
        with pytest.raises(DataError, match=r"set: 3 recordings missing or not a file: go/annexed0.wav for one; copy"):
            use()


@pytest.mark.filterwarnings("error")
def test_rates_that_leave_nothing_or_hours_of_a_recording_are_refused(tmp_path):
    path = clip(tmp_path / "a.wav", SOUND[:100], 2**31 - 1)
    with pytest.raises(DataError, match="without a sample"):
        audio.listen(path, resample=True)
    path = clip(tmp_path / "b.wav", SOUND[:100], audio.LOWEST_RATE - 1)
    with pytest.raises(DataError, match=r"at a rate too low for speech \(1999 Hz\)"):
        audio.listen(path, resample=True)
    assert len(audio.listen(clip(tmp_path / "c.wav", SOUND[:100], audio.LOWEST_RATE), resample=True)[0]) == 800


@pytest.mark.parametrize("rate", [8000, 11025, 44100, 48000, 96000])
@pytest.mark.parametrize("channels", [1, 2])
def test_resampling_keeps_a_tone_and_its_level(rate, channels, tmp_path):
    tone = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(rate) / rate)
    path = clip(tmp_path / "a.wav", np.repeat(tone[:, None], channels, 1), rate, subtype="FLOAT")
    samples, facts = audio.listen(path, resample=True)
    wanted = 16384 * np.sin(2 * np.pi * 1000 * np.arange(16000) / 16000)
    assert len(samples) == 16000 and np.abs(samples - wanted)[2000:14000].max() < 2
    assert (facts.rate, facts.channels, facts.seconds) == (rate, channels, 1.0)


def test_what_lies_above_8_khz_does_not_fold(tmp_path):
    path = clip(tmp_path / "a.wav", 0.5 * np.sin(2 * np.pi * 10000 * np.arange(48000) / 48000), 48000, subtype="FLOAT")
    assert np.abs(audio.listen(path, resample=True)[0][2000:14000]).max() <= 1


def test_a_folder_is_converted_when_asked_and_the_cache_knows(tmp_path):
    root = words(tmp_path / "set", "go", "stop")
    for i in range(3):
        clip(root / "go" / f"phone{i}_nohash_0.wav", np.repeat(np.stack([SOUND, SOUND], 1), 3, 0)[i:], 48000)
    with pytest.raises(DataError, match="--resample"):
        found(root, findings.CONVERTED)
    finding = found(root, findings.CONVERTED, resample=True)
    assert (finding.count, finding.example) == (3, "go/phone0_nohash_0.wav (48000 Hz, 2 channels)")
    with pytest.raises(DataError, match="--resample"):
        found(root, findings.CONVERTED)
    clips = read_clips(root, Model.open(MODEL).program, ("go", "stop"), quiet=True, resample=True)
    assert len(clips.target) == 23 and finding in clips.findings


FACTS = (
    (findings.LONG, np.tile(SOUND, 3), "3.0 s"),
    (findings.SHORT, SOUND[:3000], "0.188 s"),
    (findings.CLIPPED, np.clip(SOUND * 12.0, -32768, 32767).astype(np.int16), "36 %"),
    (findings.OFFSET, SOUND // 10 + 3000, "9 % of full scale"),
    (findings.SOFT, SOUND // 1000, "-81 dBFS"),
)


@pytest.mark.parametrize("kind, samples, detail", FACTS, ids=["long", "short", "clipped", "offset", "soft"])
def test_recordings_that_cannot_be_right_are_named(kind, samples, detail, tmp_path):
    root = words(tmp_path / "set", "go", "stop")
    assert found(root, kind) is None
    clip(root / "go" / "odd_nohash_0.wav", samples)
    clip(root / NOISE_FOLDER / "hum.wav", samples)
    finding = found(root, kind)
    assert finding.count == (2 if kind in (findings.CLIPPED, findings.OFFSET) else 1) and detail in finding.example
    assert kind in [f.kind for f in read_clips(root, Model.open(MODEL).program, ("go",), quiet=True).findings]


def test_recordings_at_the_edge_of_what_is_right_are_not_named(tmp_path):
    root = words(tmp_path / "set", "go", "stop")
    clipped = SOUND.copy()
    clipped[:160] = 32767
    for name, samples in (("a", np.tile(SOUND, 2)[:24000]), ("b", SOUND[:3200]), ("c", clipped), ("d", SOUND // 250)):
        clip(root / "go" / f"{name}_nohash_0.wav", samples)
    said = []
    load([str(root)], 10, "random", quiet=True, words=("go", "stop"), say=said.append)
    assert not said


def test_names_that_do_not_say_who_speaks_are_told(tmp_path):
    root = words(tmp_path / "set", "go", "stop")
    for i in range(3):
        clip(root / "go" / f"Recording ({i}).wav")
    said = {f.kind: f for f in speech_commands.read(root, "auto", tmp_path / "cache", quiet=True).findings}
    assert said[findings.NO_SPEAKER].count == 3
    assert findings.NO_SPEAKER not in {
        f.kind for f in speech_commands.read(root, "random", tmp_path, quiet=True).findings
    }


def test_a_run_and_its_card_know_that_recordings_were_converted(tmp_path, monkeypatch):
    seen = []

    def trained(config, *_):
        seen.append(config)
        raise RunError("enough")

    monkeypatch.setattr("host.training.request.train", trained)
    line = ["--data", str(words(tmp_path / "set", "go", "stop")), "--words", "go", "stop", "--classes", "10", "--quiet"]
    line += ["--model", "dsnet-24", "--split", "random"]
    assert train(line) == train([*line, "--resample"]) == 1
    plain, converted = seen
    assert differences(plain, converted) == ["resample (False, now True)"]
    assert " --resample " in command(converted) and "--resample" not in command(plain)
    assert RunConfig.from_json(converted.to_json()) == converted


def test_a_folders_name_cannot_write_to_the_terminal(tmp_path, capsys):
    root = words(tmp_path / "set", "go", "stop", "x\x1b[31m\nred")
    line = ["--data", str(root), "--words", "go", "stop", "--split", "random", "--quiet", "--check"]
    assert train([*line, "--classes", "10"]) == 0
    table = capsys.readouterr().out
    assert "\x1b" not in table and len(table.splitlines()) == 4 and "x\ufffd[31m\ufffdred  -" in table
    assert others(["x\x1b[31m"], ("go", UNKNOWN)) == ["counted as unknown: x\ufffd[31m"]


@pytest.mark.parametrize("word", ["silence", "background_noise"])
def test_a_word_that_means_noise_is_refused(word, tmp_path, capsys):
    with pytest.raises(SystemExit):
        train(["--data", str(tmp_path), "--words", "go", word])
    assert f"'{word}' is what a folder of noise may be called, as _{word}_" in capsys.readouterr().err


def test_checking_trains_nothing_and_says_all(tmp_path, capsys):
    root = words(tmp_path / "set", "go", "stop", "cat")
    clip(root / "go" / "zero_nohash_0.wav", np.zeros(16000, np.int16))
    clip(root / NOISE_FOLDER / "hum.wav", np.tile(SOUND, 3)[:32000])
    line = ["--data", str(root), "--words", "go", "stop", "--split", "random", "--quiet", "--check"]
    assert train(line) == 0
    said = capsys.readouterr()
    table = {row.split()[0]: row.split() for row in said.out.splitlines()}
    assert " ".join(table["go"]) == "go go 8 1 1 1 1.00 1.00 1.00 -21 -21 -21 11"
    assert " ".join(table["cat"]) == "cat _unknown_ 8 1 1 0 1.00 1.00 1.00 -21 -21 -21 10"
    assert " ".join(table[NOISE_FOLDER]) == f"{NOISE_FOLDER} _silence_ 2 1 0 0 2.00 2.00 2.00 -21 -21 -21 -"
    assert "1 clip without any sound, left out: go/zero_nohash_0.wav" in said.err
    assert not (tmp_path / "runs").exists()
    assert train([*line, "--words", "go", "stop", "left"]) == 1  # the table comes first even so
    said = capsys.readouterr()
    assert "cat" in said.out and "error: " in said.err and "no training clips of left" in said.err
    assert train(["--data", "a.npz", *line[2:]]) == 1
