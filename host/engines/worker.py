# Runs in MicroPython, not in Python: classifies clips for host/engines/micropython.py.
# argv: model, clips (int16, `samples` each), samples per clip, output file, "trace" or ""
# Writes per clip the probabilities (uint16); with "trace" then one CRC-32 per operator over all it wrote, in clip
# order, and before them one over the features.
import array
import binascii
import sys

import tympan

model_path, clips_path, samples, out_path, mode = sys.argv[1:6]
with open(model_path, "rb") as f:
    model = tympan.Model(f)
stream = tympan.Stream(model)
out = array.array("H", [0] * len(model.labels))
clip = array.array("h", [0] * int(samples))
sums = [0] * (model.info()["operators"] + 1)


def trace(operator, frames):
    sums[operator + 1] = binascii.crc32(frames, sums[operator + 1])


with open(clips_path, "rb") as clips, open(out_path, "wb") as results:
    while clips.readinto(clip):
        stream.reset()
        stream.feed(clip)
        if mode == "trace":
            sums[0] = binascii.crc32(stream.window, sums[0])
            model.run(stream.window, out, trace)
        else:
            model.run(stream.window, out)
        results.write(out)
    if mode == "trace":
        results.write(b"".join(s.to_bytes(4, "little") for s in sums))
