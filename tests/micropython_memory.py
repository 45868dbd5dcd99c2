# Runs in MicroPython: where a model's memory lies, and whether all of it is given back. argv: model.bin, an unsound one
import array
import gc
import sys

import tympan
import tympan_simulated as chip

HOP = 16
PLENTY = 200000
samples = array.array("h", [(i * i * 7) % 6000 - 3000 for i in range(16000)])
with open(sys.argv[1], "rb") as f:
    data = f.read()
with open(sys.argv[2], "rb") as f:
    unsound = f.read()


def scrub(n):
    # the collector takes what an ended call has left on the stack for pointers
    return n and scrub(n - 1)


def used():
    # bytes, by what is still referred to
    scrub(20)
    gc.collect()
    return chip.internal(PLENTY)


def hear(limit):
    # (what is said of the memory, probabilities) with so much of it
    chip.internal(limit)
    m = tympan.Model(data)
    s = tympan.Stream(m, hop=HOP)
    said = "{} bytes: {} {} {}".format(limit, m.memory["internal"], s.internal, chip.internal(limit))
    p = array.array("H", [0] * len(m.labels))
    for i in range(0, 16000, 160 * HOP):
        s.feed(memoryview(samples)[i : i + 160 * HOP])
        m.run(s, p)
    return said, p


def attempt(what, *args, **kw):
    try:
        what(*args, **kw)
    except Exception as error:
        return type(error).__name__ + ": " + str(error)


def refuse_a_hop():
    return attempt(tympan.Stream, tympan.Model(data), hop=3)


def run_out():
    # room for the work in internal RAM and for one copy of the file in the heap, not for two
    chip.internal(work)
    hog = []
    while attempt(lambda: hog.append(bytearray(1000))) is None:
        pass
    del hog[10 : 10 + len(data) * 3 // 2000]
    gc.collect()
    return f"{attempt(tympan.Model, data)} with {chip.internal(PLENTY)} in use"


def measure():
    # bytes of a model's work, of model and stream
    m = tympan.Model(data)
    tympan.Stream(m, hop=HOP)
    return m.memory["tables"] + m.memory["arena"], chip.internal(PLENTY)


work, everything = measure()
used()
results = []
for limit in (everything, everything - 1, work + len(data) - 1, work - 1, 0):
    said, p = hear(limit)
    results.append(p)
    print(said)
    used()
print("the same results:", all(p == results[0] for p in results))
for _ in range(100):
    hear(everything)
print("left by a hundred models:", used())
for failure in (lambda: attempt(tympan.Model, unsound), refuse_a_hop, run_out):
    print(failure(), used())
