# What is the microphone doing? mic_check() at the REPL listens for half a second and says it in one sentence.
import math
from array import array

from .microphone import RATE, open_i2s

VALID_BITS = 18  # of the SPH0645; the rest of the 24 is zero


class Slot:
    # statistics of one side's 24-bit words
    def __init__(self):
        self.count = self.sum = self.squares = self.ones = self.first = 0
        self.low, self.high = 1 << 23, -(1 << 23)
        self.clipped = 0

    def add(self, word):
        x = word >> 8  # without the lowest byte, during which nothing drives the wire
        if not self.count:
            self.first = x
        self.count += 1
        self.sum += x - self.first
        self.squares += (x - self.first) * (x - self.first)
        self.ones |= x
        self.low = min(self.low, x)
        self.high = max(self.high, x)
        self.clipped += not -8388000 < x < 8388000

    def mean(self):
        return self.first + self.sum / self.count

    def stuck(self):
        return self.low == self.high

    def level(self):
        # dBFS, the mean subtracted
        power = self.squares / self.count - (self.sum / self.count) ** 2
        return 10 * math.log10(max(power, 1) / (1 << 46))


def shift_of(slot):
    # how many bits late (early: negative) the words come, by the place of their lowest bit
    lowest = 24 - VALID_BITS
    if slot.count < 1000 or slot.high - slot.low < 1 << (lowest + 4):
        return 0
    for late in (1, -1):
        place = lowest - late
        if slot.ones & ((1 << place) - 1) == 0 and slot.ones >> place & 1:
            return late
    return 0


def describe(left, right, wanted="left", data_pin=41):
    # one sentence about what both slots hold
    slot, other = (left, right) if wanted == "left" else (right, left)
    elsewhere = "right" if wanted == "left" else "left"
    if slot.stuck() and not other.stuck():
        return f'wrong slot: the sound is in the {elsewhere} one. Set "slot": "{elsewhere}" in settings.json.'
    if slot.ones == 0:
        return f"silence: every bit is 0. Check 3V, GND and the data wire, DOUT to GPIO {data_pin}."
    if slot.stuck():
        return f"stuck: every word is 0x{slot.low & 0xFFFFFF:06X}. Check BCLK and LRCL; DOUT must touch nothing else."
    late = shift_of(slot)
    if late:
        how = "late" if late > 0 else "early"
        hint = ' An SPH0645 may need "data_delay": true in settings.json (ESP32-S2; untried).' if late > 0 else ""
        wires = "Keep the wires short; check that LRCL and BCLK are not swapped."
        return f"shifted: the words come one bit {how}. {wires}{hint}"
    dc = 100 * slot.mean() / (1 << 23)
    text = f"level {slot.level():.0f} dBFS, DC {dc:.1f} % of full scale"
    if slot.clipped * 1000 > slot.count:
        share = 100 * slot.clipped / slot.count
        return f"clipping: {share:.1f} % of the words are at full scale; {text}. Speak from further away."
    if slot.level() < -93:
        return f"almost silent: {text}. Is the hole of the microphone open?"
    return f"good: sound in the {wanted} slot, {text}."


def mic_check(pins, microphone, ms=500):
    # listens to both slots; pins, microphone: of the settings. Nobody else may use I2S meanwhile.
    i2s = open_i2s(pins, 2, 20000, microphone["data_delay"])
    block = array("i", [0] * 1024)
    left, right = Slot(), Slot()
    try:
        for _ in range(4):  # the microphone wakes up and its offset settles
            i2s.readinto(block)
        for _ in range(max(1, ms * RATE // 512000)):
            i2s.readinto(block)
            for i in range(0, 1024, 2):
                left.add(block[i])
                right.add(block[i + 1])
    finally:
        i2s.deinit()
    return describe(left, right, microphone["slot"], pins["microphone_data"])
