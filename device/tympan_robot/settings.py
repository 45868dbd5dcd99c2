# Reads settings.json, the owner's file. What is wrong in it is named in a sentence; what is wrong or missing has its
# default.
import json

from .boards import BOARDS


class Unready(Exception):
    # what the owner can mend: a sentence that needs no traceback
    pass


# A setting has the type of its default; RANGES has the least and the most of each number.
DEFAULTS = {
    "board": "eliobot_s2",
    "program": "voice",
    "words": {
        "go": "go",
        "stop": "stop",
        "left": "left",
        "right": "right",
        "up": "forward",
        "down": "backward",
        "on": "light_on",
        "off": "light_off",
        "yes": "cheer",
        "no": "sulk",
    },
    "listening": {},
    "microphone": {
        "gain": 4,
        "slot": "left",
        "data_delay": False,  # take each bit later, for an SPH0645 whose words come one bit late; untried
    },
    "motors": {
        "speed": 60,  # percent
        "limit": 80,  # percent
        "ramp_ms": 200,  # from rest to full speed
        "brake": True,  # else coast
        "deadman_ms": 500,  # the motors stop when the loop is silent for so long
        "distance_mm": 200,  # of "forward" and "backward"
        "angle": 90,  # of "left" and "right"
        "wheel_mm": 33.5,
        "track_mm": 77.5,
        "rpm_per_volt": 20.3,
    },
    "feedback": {"brightness": 20, "sounds": True},
    "pins": {},
    "cpu_mhz": 240,
    "light_sleep_ms": 0,  # asleep, and deaf, for so long at a time after ten seconds of silence; 0: never
    "watchdog": False,
}
RANGES = {
    "gain": (0, 8),
    "speed": (1, 100),
    "limit": (1, 100),
    "ramp_ms": (1, 5000),
    "deadman_ms": (300, 5000),  # longer than a blocked print and the computation of a window together
    "distance_mm": (1, 5000),
    "angle": (1, 720),
    "wheel_mm": (1, 1000),
    "track_mm": (1, 1000),
    "rpm_per_volt": (1, 1000),
    "brightness": (0, 100),
    "light_sleep_ms": (0, 5000),
    "hop": (20, 2000),
    "history": (1, 50),
    "votes": (1, 50),
    "threshold": (0, 65535),
    "cooldown": (0, 30000),
    "gate": (0, 32767),
}
CHOICES = {"slot": ("left", "right"), "board": tuple(BOARDS), "cpu_mhz": (80, 160, 240)}
PINS = tuple(range(22)) + tuple(range(33, 46))  # those between are none, or belong to flash and PSRAM; 46 is an input
# tables that replace their default as a whole; the others are merged with it, key by key
WHOLE = ("words", "listening", "pins")
LISTENING = ("hop", "history", "votes", "threshold", "cooldown", "gate")


def wrong(name, value, default):
    # why a value cannot be used, or None
    if name in CHOICES:
        if value in CHOICES[name] and isinstance(value, type(default)):  # 240.0 == 240, but the chip takes no float
            return None
        return "is one of " + ", ".join(str(c) for c in CHOICES[name])
    if isinstance(default, bool):
        return None if isinstance(value, bool) else "is true or false"
    if isinstance(default, (int, float)):
        kinds, what = ((int, float), "number") if isinstance(default, float) else (int, "whole number")
        low, high = RANGES[name]
        if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
            return f"is a {what} from {low} to {high}"
    elif not isinstance(value, type(default)):
        return 'is a text in "quotes"' if isinstance(default, str) else "is a table in {braces}"
    return None


def merge(given, defaults, say, where=""):
    # the defaults with what is given in their place
    merged = {}
    for name in defaults:
        merged[name] = defaults[name]
        if name not in given:
            continue
        reason = wrong(name, given[name], defaults[name])
        if reason:
            say(f"settings.json: {where}{name} {reason}; using {defaults[name]}")
        elif isinstance(defaults[name], dict) and name not in WHOLE:
            merged[name] = merge(given[name], defaults[name], say, name + ": ")
        else:
            merged[name] = given[name]
    for name in given:
        if name not in defaults:
            say(f"settings.json: {where}{name} is not a setting")
    return merged


def check_tables(settings, say):
    # the tables whose keys are the owner's choice
    words = {}
    for word, action in settings["words"].items():
        if isinstance(action, str):
            words[word] = action
        else:
            say(f"settings.json: words: {word} needs the name of an action")
    settings["words"] = words
    rule = {}
    for name, value in settings["listening"].items():
        reason = wrong(name, value, 0) if name in LISTENING else "is not one of " + ", ".join(LISTENING)
        if reason:
            say(f"settings.json: listening: {name} {reason}")
        else:
            rule[name] = value
    settings["listening"] = rule
    pins = BOARDS[settings["board"]].copy()
    for name, value in settings["pins"].items():
        several = isinstance(pins.get(name), tuple)
        fits = isinstance(value, list) == several
        fits = fits and all(type(p) is int and p in PINS for p in (value if several else (value,)))
        if name not in pins:
            say("settings.json: pins: {} is not one of {}".format(name, ", ".join(sorted(pins))))
        elif not fits:
            what = "a list of GPIO numbers" if several else "a GPIO number"
            say(f"settings.json: pins: {name} is {what}, 0 to 21 or 33 to 45; using {pins[name]}")
        else:
            pins[name] = value
    settings["pins"] = pins
    if settings["microphone"]["data_delay"] and settings["board"] != "eliobot_s2":
        say("settings.json: microphone: data_delay is for the ESP32-S2 only; it stays false")
        settings["microphone"]["data_delay"] = False
    used = {}
    for name in sorted(pins):
        for pin in pins[name] if isinstance(pins[name], (tuple, list)) else (pins[name],):
            if pin in used:
                say(f"settings.json: pins: {name} and {used[pin]} are both GPIO {pin}")
            used[pin] = name


def load(path="settings.json", say=print):
    # the settings, whole and sound whatever the file holds
    given = {}
    try:
        with open(path) as f:
            text = f.read().strip("\ufeff \t\r\n")  # Windows may begin a text with a mark of its own
        given = json.loads(text)
        if not isinstance(given, dict) or text[-1] != "}":  # json takes the end of a file for a brace
            raise ValueError("not a table in {braces}")
    except OSError as error:
        say(f"settings.json {'is missing' if error.errno == 2 else 'cannot be read'}; using the defaults")
    except (ValueError, MemoryError) as error:
        say(f"settings.json cannot be read ({str(error) or 'not UTF-8'}); using the defaults")
        given = {}
    settings = merge(given, DEFAULTS, say)
    check_tables(settings, say)
    return settings
