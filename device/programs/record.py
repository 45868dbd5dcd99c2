# Microphone to PC over USB, for clips of one's own voice: python -m tools.record asks clip() for them.
# Runs on stock firmware too.
import binascii
import time
from array import array

from tympan_robot.microphone import RATE, open_i2s

WARM_UP = 4  # blocks until the microphone's offset has settled


def record(settings, samples=RATE):
    # one second of int16 samples as bytes: offset removed, gain applied, as the listener hears it
    microphone = settings["microphone"]
    channels = 1 if microphone["slot"] == "left" else 2
    i2s = open_i2s(settings["pins"], channels, 20000, microphone["data_delay"])
    slots = array("i", [0] * (samples * channels))
    try:
        warm = memoryview(slots)[: 512 * channels]
        for _ in range(WARM_UP):
            i2s.readinto(warm)
        i2s.readinto(slots)
    finally:
        i2s.deinit()
    return convert(slots, channels, microphone["gain"])


def convert(slots, channels, gain):
    # 24-bit words to samples, as native/core/sound/capture.c but with one mean for the whole clip
    count = len(slots) // channels
    mean = 0
    for i in range(channels - 1, len(slots), channels):
        mean += slots[i] >> 8
    mean //= count
    down = 8 - gain
    half = (1 << down) >> 1
    samples = array("h", [0] * count)
    for i in range(count):
        y = ((slots[i * channels + channels - 1] >> 8) - mean + half) >> down
        samples[i] = max(-32768, min(32767, y))
    return bytes(samples)


def clip(settings):
    data = record(settings)
    print("@clip", len(data))
    for i in range(0, len(data), 48):
        print(str(binascii.b2a_base64(data[i : i + 48]), "ascii"), end="")
    print(f"@end {binascii.crc32(data):08x}")


def run(robot):
    # a clip at each press of the button, so that one can speak away from the PC
    robot.close_ears()
    print("Press the button, then speak after the light turned green.")
    while True:
        robot.update()
        if not robot.button.value():
            robot.feedback.show("heard")
            clip(robot.settings)
            robot.feedback.show("listening")
        time.sleep_ms(10)
