# A light that says what it shows.

import machine
import scene


class NeoPixel:
    def __init__(self, pin, count):
        self._pin = pin
        self._pixels = [(0, 0, 0)] * count
        self._shown = None

    def __setitem__(self, index, colour):
        self._pixels[index] = colour

    def __getitem__(self, index):
        return self._pixels[index]

    def write(self):
        if scene.log and self._pixels[0] != self._shown:
            self._shown = self._pixels[0]
            machine.tell("@light", machine.stamp(), *self._shown)
