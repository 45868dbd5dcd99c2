# What the owner sees and hears of the robot: one light, one buzzer. Nothing here waits.
import time

from machine import PWM, Pin
from neopixel import NeoPixel

# state: (percent of red, green, blue; tone in Hz, or 0; ms after which the last lasting state returns, 0: it lasts)
STATES = {
    "off": ((0, 0, 0), 0, 0),
    "starting": ((30, 30, 30), 0, 0),
    "listening": ((0, 0, 40), 0, 0),
    "heard": ((0, 100, 0), 1760, 150),
    "refused": ((100, 40, 0), 330, 150),  # a word without an action, or an obstacle
    "low battery": ((60, 60, 0), 220, 300),
    "deaf": ((100, 0, 60), 0, 0),  # no sound comes from the microphone
    "error": ((100, 0, 0), 160, 600),
    "light": ((100, 100, 100), 0, 0),
}


class Feedback:
    def __init__(self, pins, settings):
        self._pixel = NeoPixel(Pin(pins["light"], Pin.OUT), 1)
        self._buzzer = PWM(Pin(pins["buzzer"]), freq=1000, duty_u16=0)
        self._sounds = settings["sounds"]
        scale = settings["brightness"]
        self._colours = {name: tuple(c * scale * 255 // 10000 for c in STATES[name][0]) for name in STATES}
        self._state = "off"  # the lasting one
        self._left_ms = 0
        self._last = time.ticks_ms()
        self.show("off")

    def show(self, state):
        _, tone, ms = STATES[state]
        if not ms:
            self._state = state
        self._left_ms = ms
        self._pixel[0] = self._colours[state]
        self._pixel.write()
        if tone and self._sounds:
            self._buzzer.freq(tone)
            self._buzzer.duty_u16(32768)
        else:
            self._buzzer.duty_u16(0)

    def finish(self):
        # wait for the end of a tone where nothing will call update() any more; the light stays
        try:
            time.sleep_ms(max(0, self._left_ms))
        finally:
            self._left_ms = 0
            self._buzzer.duty_u16(0)

    def update(self):
        now = time.ticks_ms()
        ms = time.ticks_diff(now, self._last)
        self._last = now
        if self._left_ms:
            self._left_ms -= ms
            if self._left_ms <= 0:
                self.show(self._state)
