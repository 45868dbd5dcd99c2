# Runs in MicroPython: a stream heard as the robot hears it. argv: model.bin, sound (int16), hop in frames, gate, output
# Writes for each window behind which the level was not below the gate: frames so far (u32), probabilities (u16).
import array
import sys

import tympan

model_path, sound_path, hop, gate, results_path = sys.argv[1:6]
with open(model_path, "rb") as f:
    model = tympan.Model(f)
info = model.info()
hop = int(hop)
stream = tympan.Stream(model, hop=hop)
out = array.array("H", [0] * len(model.labels))
# the first block completes a window, each one after it a hop
block = bytearray(2 * (info["frame"] + (info["frames"] - 1) * info["hop"]))
with open(sound_path, "rb") as sound, open(results_path, "wb") as results:
    while sound.readinto(block) == len(block):
        stream.feed(block)
        if stream.level() >= int(gate):
            model.run(stream, out)
            results.write(stream.frames.to_bytes(4, "little"))
            results.write(out)
        if stream.frames == info["frames"]:
            block = bytearray(2 * hop * info["hop"])
