# What the stand-in hardware shows to the robot's programs, from scene.json in the current folder.
import json

try:
    with open("scene.json") as f:
        given = json.load(f)
except OSError:
    given = {}

audio = given.get("audio")  # file of int32 slots, mono, 16 kHz; "-": standard input; None: silence for ever
tail_ms = given.get("tail_ms", 1500)  # silence after the audio, then the scene ends
side = given.get("side", "left")  # of the microphone
battery_mv = given.get("battery_mv", 4000)
vbus = given.get("vbus", 0)
button = given.get("button", 1)  # 0: pressed
chip = given.get("chip", "s2")  # or "s3"
calibrated = given.get("calibrated", True)  # whether the chip's maker has measured its ADC
obstacles = given.get("obstacles", [])  # [from, to] in ms: something is ahead
near_mv = given.get("near_mv", 300)  # what the sensors give then
stalls = given.get("stalls", [])  # [from, to] in ms: the microphone gives nothing
stall_until_opened = given.get("stall_until_opened", False)  # a stall lasts until I2S is opened anew
unread = given.get("unread", [])  # [from, to] in ms: a PC is attached that does not read
late = given.get("late", False)  # the microphone's words come one bit late
log = given.get("log", False)  # print each change of a pin
