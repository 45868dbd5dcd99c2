# From samples to commands: stream, model and decision, window after window. Allocates nothing once it listens.
from array import array

import tympan

from .decision import Decision

LARGEST = 800  # samples in a block: 50 ms


def divisor(a, b):
    # the largest block that divides both
    while b:
        a, b = b, a % b
    block = a
    while block > LARGEST or a % block:
        block -= 1
    return block


def open_stream(model, gain, hop):
    # (a stream whose windows share what they have in common, "") or where the network cannot, (one without, why not)
    try:
        return tympan.Stream(model, gain, hop), ""
    except ValueError as refused:
        return tympan.Stream(model, gain), str(refused)


class Listener:
    def __init__(self, model, rule=None, gain=0):
        # rule: what shall differ from the listening defaults of the model's file; gain: steps of 6 dB, for slots
        info = model.info()
        if not info["rate"]:
            raise ValueError("this model does not hear: what it reads is no sound")
        listening = info["listening"]
        if rule:
            listening.update(rule)
            listening["votes"] = min(listening["votes"], listening["history"])
        self.model = model
        self.labels = model.labels
        self.decision = Decision(model.labels, listening)
        self.probabilities = array("H", [0] * len(model.labels))
        self.gate = listening["gate"]
        self.level = 0  # RMS of the last hop
        self.leader = -1  # of the last window, -1 where the gate was closed
        self.on_window = None  # called after each window with the listener, for those who watch
        self.frame_ms = info["hop"] * 1000 // info["rate"]
        self._every = max(1, listening["hop"] // self.frame_ms)  # frames between windows
        self.stream, self.refused = open_stream(model, gain, self._every)
        self._first = info["frames"]
        # samples to take at a time, so that each window ends with a block whatever the hop
        self.block = divisor(self._every * info["hop"], info["frame"] + (self._first - 1) * info["hop"])
        self._wait = self._first  # frames until the next window is complete

    def reset(self):
        # a new stream, after a gap in the sound
        self.stream.reset()
        self.decision.reset()
        self._wait = self._first

    def take_slots(self, slots, channels=1, channel=0):
        # a block of the microphone's 32-bit slots; returns the label's index where it completes a command, else -1
        self._wait -= self.stream.feed_slots(slots, channels, channel)
        if self._wait > 0:
            return -1
        self._wait += self._every
        self.level = self.stream.level()
        if self.level < self.gate:
            self.leader = -1
            command = self.decision.update(-1, 0)
        else:
            self.leader = self.model.run(self.stream, self.probabilities)
            command = self.decision.update(self.leader, self.probabilities[self.leader])
        if self.on_window:
            self.on_window(self)
        return command
