# Hear a recording:  micropython hear.py MODEL.bin RECORDING.wav   (16 kHz, mono, 16 bits)
# Prints a line per command: seconds, word, confidence.
import struct
import sys

import tympan
from listener import Listener


def seek_samples(f):
    # move a wav file to its first sample, or say why that cannot be
    head = f.read(12)
    if head[:4] != b"RIFF" or head[8:] != b"WAVE":
        raise ValueError("not a wav file")
    while True:
        head = f.read(8)
        if len(head) < 8:
            raise ValueError("a wav file without samples")
        tag, size = head[:4], struct.unpack("<I", head[4:])[0]
        if tag == b"data":
            return
        body = f.read(size + size % 2)
        if tag == b"fmt ":
            if len(body) < 16:
                raise ValueError("a wav file with a broken head")
            kind, channels, rate, _, _, bits = struct.unpack("<HHIIHH", body[:16])
            if (kind, channels, rate, bits) != (1, 1, 16000, 16):
                raise ValueError(f"{rate} Hz, {channels} channels, {bits} bits; expected 16000, 1 and 16")


def hear(listener, f):
    samples = bytearray(2 * listener.block)
    view = memoryview(samples)
    heard = 0
    while True:
        count = f.readinto(samples) // 2
        if not count:
            break
        heard += count
        label = listener.take(view[: 2 * count])
        if label >= 0:
            confidence = listener.decision.confidence * 100 // 65535
            print(f"{heard / 16000:6.2f} s  {listener.labels[label]:6s} {confidence:3d} %")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        print("micropython hear.py MODEL.bin RECORDING.wav")
        sys.exit(2)
    path = sys.argv[1]
    try:
        with open(path, "rb") as f:
            listener = Listener(tympan.Model(f))
        path = sys.argv[2]
        with open(path, "rb") as f:
            seek_samples(f)
            hear(listener, f)
    except (OSError, ValueError) as error:
        print(f"{path}: {error}")
        sys.exit(1)
