# Runs in MicroPython: what a tinkerer types, and what the module says to what does not fit. argv: model.bin
import array
import io
import sys

import tympan

path = sys.argv[1]
with open(path, "rb") as f:
    data = f.read()
with open(path, "rb") as f:
    m = tympan.Model(f)
print(m.labels)
print([m.memory[use] for use in ("file", "tables", "arena", "stream")], m.memory["internal"])
info = m.info()
print(
    info["rate"],
    info["frame"],
    info["hop"],
    info["frames"],
    info["width"],
    info["operators"],
    info["memory"] == m.memory,
)
print(sorted(info["listening"].items()))

p = array.array("H", [0] * len(m.labels))
s = tympan.Stream(m)
quiet = bytes(s.window)
samples = array.array("h", [(i * i * 7) % 6000 - 3000 for i in range(16000)])
print(s.feed(samples), s.frames, len(s.window), s.level(), s.level())
best = m.run(s.window, p)
print(best == list(p).index(max(p)), 65530 < sum(p) < 65541)

# a stream is the same in any blocks, from an array or its bytes
t = tympan.Stream(m)
for i in range(0, 16000, 777):
    t.feed(memoryview(samples)[i : i + 777])
print(t.window == s.window, t.frames)
t.reset()
t.feed(bytes(memoryview(samples)))
print(t.window == s.window)
t.reset()
print(t.window == quiet, t.frames)

# slots: the sample in the upper half, on an offset
t = tympan.Stream(m, gain=2)
print(t.feed_slots(array.array("i", [(x << 14) + (1 << 26) for x in samples])), t.frames, t.window == s.window)

# from a buffer; what was verified does not change with it
copy = bytearray(data)
n = tympan.Model(copy)
for i in range(len(copy)):
    copy[i] = 0
q = array.array("H", p)
n.run(s, q)
print(q == p)


def n_run(window):
    out = array.array("H", p)
    n.run(window, out)
    return out


# windows 20 frames apart: of each only what is new is computed; what runs in between changes nothing
t = tympan.Stream(m, hop=20)
print(t.hop, s.hop, t.feed(samples), m.run(t, q) == best, q == p)
r = array.array("H", p)
same = 0
for i in range(30):
    t.feed(memoryview(samples)[i * 100 : i * 100 + 3200 * (1 + (i % 4 == 3))])
    if i % 5:
        m.run(t, q)
        if i % 7 == 0 or i % 7 == 1:
            m.run(t.window, r)
            same += q == r
        else:
            same += q == n_run(t.window)
t.reset()
t.feed(samples)
print(same, m.run(t, q) == best, q == p)

# a window that was asked for stays as it was, and what trace does to the caller's buffers does not reach the run
before = s.window
s.feed(memoryview(samples)[:800])
print(before == s.window, type(before) is bytes)
s.reset()
s.feed(samples)
print(before == s.window)
resized = array.array("H", p)


def resize(op, frames):
    if op == 0 and len(resized) == len(p):
        resized.extend(bytes(2000))


try:
    m.run(s.window, resized, resize)
except ValueError as error:
    print(error)

ops = []
m.run(s.window, p, lambda op, frames: ops.append((op, len(frames))))
print(len({op for op, _ in ops}) == info["operators"], q == p)


def stop(op, frames):
    raise KeyError(op)


def attempt(what, *args, **kw):
    try:
        print(what(*args, **kw))
    except Exception as error:
        print(type(error).__name__ + ":", error)


attempt(m.run, s.window, p, stop)
m.run(s.window, q)
print(q == p)
attempt(m.run, s.window, p, lambda op, frames: m.run(s.window, p))
attempt(m.run, s.window, p, lambda op, frames: tympan.Stream(m, hop=20))
attempt(m.run, t, p, stop)
attempt(n.run, t, p)
attempt(m.run, b"abc", p)
attempt(m.run, array.array("h", [0] * 564), p)
attempt(m.run, s.window, array.array("H", [0] * 9))
attempt(m.run, s.window, array.array("h", [0] * 10))
attempt(m.run, s.window, bytearray(20))
attempt(m.run, s.window, bytes(20))
attempt(m.run, s.window)
attempt(m.run, 5, p)
attempt(s.feed, array.array("f", [0.0]))
attempt(s.feed, array.array("i", [0]))
attempt(s.feed, b"abc")
attempt(s.feed, "ab")
attempt(s.feed, 3)
attempt(s.feed_slots, b"abc")
attempt(s.feed_slots, array.array("h", [0, 0]))
attempt(s.feed, memoryview(bytearray(9))[1:])
attempt(s.feed, memoryview(bytearray(9))[1:9])
attempt(s.feed_slots, memoryview(bytearray(10))[2:])
attempt(s.feed_slots, array.array("i", [0] * 3), 2)
for channels, channel in ((2, 2), (2, -1), (1, 1), (0, 0), (9, 0)):
    attempt(s.feed_slots, array.array("i", [0] * 72), channels, channel)
attempt(tympan.Stream, 3)
attempt(tympan.Stream, m, gain=9)
attempt(tympan.Stream, m, hop=3)
attempt(tympan.Stream, m, hop=-1)
attempt(tympan.Model, b"")
attempt(tympan.Model, "model.bin")
attempt(tympan.Model, 3)
attempt(tympan.Model, data[:-1])
attempt(tympan.Model, data[:100] + b"x" + data[101:])


class Liar(io.IOBase):
    def __init__(self, count):
        self.count = count

    def readinto(self, buffer):
        return self.count


for count in (513, 1 << 20):
    attempt(tympan.Model, Liar(count))
with open(path) as f:  # as text: the bytes are the same
    print(tympan.Model(f).labels == m.labels)
with open(sys.argv[0]) as f:
    attempt(tympan.Model, f)
