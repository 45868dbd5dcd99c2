"""The PC's microphone in place of a recording."""

import queue
from collections.abc import Iterator

import numpy as np

from host.base.errors import DataError
from host.features.frontends import RATE

BLOCK = 768  # samples that the PC's microphone hands over at a time: whole DMA buffers of the robot's


def microphone() -> Iterator[np.ndarray]:
    """Blocks of int16 samples from the PC's microphone, without end."""
    try:
        import sounddevice
    except ImportError as error:
        raise DataError("--live needs python-sounddevice: pip install sounddevice") from error
    except OSError as error:
        raise DataError("--live needs the library PortAudio (Debian: apt install libportaudio2)") from error
    blocks: queue.SimpleQueue[np.ndarray] = queue.SimpleQueue()
    try:
        stream = sounddevice.RawInputStream(
            samplerate=RATE, channels=1, dtype="int16", blocksize=BLOCK,
            callback=lambda data, frames, time, status: blocks.put(np.frombuffer(bytes(data), np.int16)),
        )  # fmt: skip
        stream.start()
    except sounddevice.PortAudioError as error:
        raise DataError(f"the microphone cannot be opened at {RATE} Hz ({error})") from error
    return _blocks(stream, blocks)


def _blocks(stream, blocks: queue.SimpleQueue) -> Iterator[np.ndarray]:
    with stream:
        while True:
            yield blocks.get()
