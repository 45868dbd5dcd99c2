# Runs in MicroPython: where a model's memory lies, and whether all of it is given back. argv: model.bin,
# an unsound one, one that is planned for windows only
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
with open(sys.argv[3], "rb") as f:
    windows = f.read()


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
    # its error, and how much more is in use
    before = chip.internal(PLENTY)
    try:
        what(*args, **kw)
    except Exception as error:
        text = str(error)
        return f"{type(error).__name__}: {text}; left at once: {chip.internal(PLENTY) - before}"


def run_out():
    # room for the file in the heap, none for the work anywhere
    hog = []
    try:
        while True:
            hog.append(bytearray(1000))
    except MemoryError:
        del hog[10 : 10 + len(data) * 3 // 2000]
    gc.collect()
    chip.internal(work - 1)
    tympan.Model(data)


def measure():
    # bytes of a model's work, of model and stream
    m = tympan.Model(data)
    tympan.Stream(m, hop=HOP)
    return m.memory["tables"] + m.memory["arena"], chip.internal(PLENTY)


work, everything = measure()
used()
results = []
for limit in (everything, everything - 1, work - 1, 0):
    said, p = hear(limit)
    results.append(p)
    print(said)
    used()
print("the same results:", all(p == results[0] for p in results))
inside, (said, _) = 0, hear(everything)
for _ in range(100):
    inside += hear(everything)[0] == said
print(f"of a hundred models one after the other with all memory inside: {inside}, left: {used()}")
for refused in (lambda: attempt(tympan.Model, unsound), lambda: attempt(tympan.Stream, tympan.Model(windows), hop=4)):
    print(refused())
    used()
print(attempt(run_out))
