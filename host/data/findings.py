"""What is found in data, as values: a kind, where, how often, and one example. The sentences are made here alone."""

import os
from dataclasses import dataclass

from host.base.errors import DataError


@dataclass(frozen=True)
class Kind:
    """what: the sentence goes on with it after "3 recordings"; advice: what to do; noun: what is counted."""

    what: str
    advice: str = ""
    noun: str = "recording"


CONVERT = "ffmpeg -i IN -ar 16000 -ac 1 OUT.wav converts one"
AGAIN = "copy or record again"

# of one file: it cannot be used
NOT_THERE = Kind("missing or not a file", "copy the recording itself; a link there may lead nowhere")
RATE = Kind("not mono at 16 kHz", f"{CONVERT}; host.train, host.search and host.evaluate do it with --resample")
EMPTY = Kind("without a sample: empty", AGAIN)
UNFINISHED = Kind("never finished: the header says there is no sound", "sox --ignore-length IN.wav OUT.wav mends one")
SLOW = Kind("at a rate too low for speech", "its header may be damaged: copy it again")
NO_NUMBERS = Kind("with samples that are no numbers", "record again")
SCALED = Kind("in floating point far beyond full scale, which is 1", "divide by 32768 perhaps, and write again")

# of one file: it is used all the same
CUT_SHORT = Kind("cut short", AGAIN)
LONG = Kind("longer than 1.5 s, of which only the middle second is heard", "cut a long recording into one word each")
SHORT = Kind("shorter than 0.2 s", "a word takes longer: look whether they were cut")
CLIPPED = Kind("clipped: more than 1 % of the samples are at full scale", "record with less gain, or further away")
OFFSET = Kind(
    "with a constant offset, louder than the sound itself",
    "the robot removes it, training does not: sox IN.wav OUT.wav highpass 20",
)
SOFT = Kind("below -70 dBFS", "hardly anything is to be heard in one: look at the microphone's gain")
LOST = Kind("of a format that loses some of the sound", "record as .wav or .flac if you can")
CONVERTED = Kind("converted to mono at 16 kHz")

# of a folder
UNREAD = Kind("of formats that are not read, passed over", CONVERT, "file")
NO_RECORDING = Kind("without sound passed over", "", "file")
LOOSE = Kind("in no word's folder, passed over", "put each in a folder of its word")
DEEPER = Kind("deeper than <word>/<file>, passed over", "name the folder that the words' folders lie in")
UNLISTED = Kind("of its lists without a recording", "are they the lists of this folder?", "line")
SPLITS = Kind("called like splits, not like words", "name one of them after --data if words lie in it", "folder")
SPELLING = Kind("spelled unlike a word, taken for it", "", "folder")
NOISE = Kind(
    "with a name like noise, taken for a word",
    "call a folder of noise _background_noise_, or name it after --noise", "folder",
)  # fmt: skip
NO_SPEAKER = Kind(
    "of speakers unknown",
    "called SPEAKER_nohash_0.wav they would not be split between training and testing, as now they may be",
)

# of clips, whatever they come from
SOUNDLESS = Kind("without any sound, left out", "", "clip")
STILL_SOUNDLESS = Kind("without any sound, counted all the same", "", "clip")
TWICE = Kind("there twice, counted once", "", "clip")
STILL_TWICE = Kind("there twice, counted twice", "", "clip")
LEAKED = Kind("there in two splits, left out of the one that trains or chooses", "", "clip")
CONTRADICTED = Kind("there as two classes, left out", "remove the wrong one", "clip")


@dataclass(frozen=True)
class Finding:
    """`count` things of a kind in a source, and one of them for an example; of folders, which are few, all."""

    kind: Kind
    source: str
    count: int
    example: str

    def __str__(self) -> str:
        plural = "s" if self.count > 1 else ""
        example = f"{self.example} for one" if self.count > 1 and self.kind.noun != "folder" else self.example
        advice = f"; {self.kind.advice}" if self.kind.advice else ""
        return f"{self.source}: {self.count} {self.kind.noun}{plural} {self.kind.what}: {example}{advice}"


class RecordingError(DataError):
    """A recording that cannot be used: of what kind that is, and what more is to be said of this one."""

    def __init__(self, path: os.PathLike, kind: Kind, detail: str = ""):
        self.kind, self.detail = kind, detail
        advice = f"; {kind.advice}" if kind.advice else ""
        super().__init__(f"{path}: {kind.what}{f' ({detail})' if detail else ''}{advice}")


def refused(source: str, errors: list[tuple[str, RecordingError]]) -> DataError:
    """One error of all recordings of a source that cannot be used, each with its name in it."""
    found: dict[Kind, list[str]] = {}
    for name, error in errors:
        found.setdefault(error.kind, []).append(f"{name} ({error.detail})" if error.detail else name)
    sentences = [str(Finding(kind, source, len(names), names[0])) for kind, names in found.items()]
    return DataError("; ".join([sentences[0], *(s.removeprefix(f"{source}: ") for s in sentences[1:])]))
