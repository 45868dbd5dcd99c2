# From samples to commands: stream, model and decision, window after window.
from array import array

import tympan
from decision import Decision


class Listener:
    def __init__(self, model, gain=0):
        info = model.info()
        listening = info["listening"]
        self.model = model
        self.labels = model.labels
        self.stream = tympan.Stream(model, gain)
        self.decision = Decision(model.labels, listening)
        self.probabilities = array("H", [0] * len(model.labels))
        self.gate = listening["gate"]
        self.frame_ms = info["hop"] * 1000 // info["rate"]
        self._every = max(1, listening["hop"] // self.frame_ms)  # frames between windows
        self._due = info["frames"]  # the frame whose end completes the next window
        self.block = self._every * info["hop"]  # samples to take at a time

    def take(self, samples):
        # int16 samples, at most `block` of them; returns the label's index where they complete a command, else -1
        self.stream.feed(samples)
        return self._window()

    def take_slots(self, slots):
        # the same for a microphone's 32-bit slots
        self.stream.feed_slots(slots)
        return self._window()

    def _window(self):
        frames = self.stream.frames
        if frames < self._due:
            return -1
        self._due += self._every
        now = frames * self.frame_ms
        if self.stream.level() < self.gate:
            return self.decision.update(-1, 0, now)
        label = self.model.run(self.stream.window, self.probabilities)
        return self.decision.update(label, self.probabilities[label], now)
