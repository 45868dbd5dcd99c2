"""settings.json as the robot reads it: what is wrong in it is named, and its default used."""

import json
import re

import pytest

from device.tympan_robot.settings import DEFAULTS
from tests.conftest import ROOT
from tests.robots import MOTORS, said, seconds


@pytest.mark.parametrize(
    "text, words",
    [
        ("", "cannot be read"),
        ("{", "cannot be read"),
        ("[1]", "not a table"),
        ("{}", ""),
        ('{"program": 3}', 'program is a text in "quotes"'),
        ('{"motors": {"speed": 1000}}', "speed is a whole number from 1 to 100"),
        ('{"motors": {"speed": "fast"}}', "speed is a whole number from 1 to 100"),
        ('{"motors": 7}', "motors is a table"),
        ('{"microphone": {"slot": "middle"}}', "slot is one of left, right"),
        ('{"board": "nano"}', "board is one of eliobot_s"),
        ('{"pins": {"light": 99}}', "light is a GPIO number"),
        ('{"pins": {"obstacles": 4}}', "obstacles is a list of GPIO numbers"),
        ('{"pins": {"obstacles": [true]}}', "obstacles is a list of GPIO numbers"),
        ('{"pins": {"obstacles": [4, 22]}}', "obstacles is a list of GPIO numbers"),
        ('{"pins": {"obstacles": [22, 4]}}', "obstacles is a list of GPIO numbers"),
        ('{"pins": {"light": true}}', "light is a GPIO number"),
        ('{"pins": {"leg": 4}}', "leg is not one of"),
        ('{"cpu_mhz": 200}', "cpu_mhz is one of 80, 160, 240"),
        ('{"cpu_mhz": 240.0}', "cpu_mhz is one of 80, 160, 240"),
        ('{"listening": {"votes": 0}}', "votes is a whole number from 1 to 50"),
        ('{"listening": {"vote": 3}}', "vote is not one of hop, history"),
        ('{"words": {"go": 3}}', "go needs the name of an action"),
        ('{"words": {"go": "fly"}}', "words: go has no action fly"),
        ('{"words": {"avance": "go"}}', "does not hear avance"),
        ('\ufeff{"speed": 3}', "speed is not a setting"),
        ('{"pins": {"left_back": 37}}', "are both GPIO 37"),
        ('{"wordz": {}}', "wordz is not a setting"),
        ('{"watchdog": 1}', "watchdog is true or false"),
        ('{"feedback": {"brightness": true}}', "brightness is a whole number"),
    ],
)
def test_broken_settings_are_named_and_the_robot_runs(robot, text, words):
    robot.write("settings.json", text)
    robot.hears(seconds(2))
    lines = robot.play()
    assert said(lines, words) and said(lines, "listening with model.bin") and said(lines, "@end")
    assert not said(lines, "@crash")


LOAD = "from tympan_robot.settings import load; print('speed', load()['motors']['speed'])"


@pytest.mark.parametrize(
    "content, words",
    [
        ('{"words": {"arrête": "stop"}}'.encode("latin-1"), "cannot be read (not UTF-8)"),
        ('{"motors": {"speed": 30}}'.encode("utf-16"), "cannot be read (not UTF-8)"),
        (b'{"motors": ' + b"[" * 100_000, "cannot be read (memory allocation failed"),
        (None, "settings.json is missing"),
    ],
)
def test_settings_that_are_no_text(robot, content, words):
    path = robot.folder / "settings.json"
    path.unlink()
    if content:
        path.write_bytes(content)
    first, second = robot.play(LOAD)
    assert words in first and first.endswith("; using the defaults") and second == "speed 60"


def test_settings_that_are_a_folder(robot):
    (robot.folder / "settings.json").unlink()
    (robot.folder / "settings.json").mkdir()
    assert robot.play(LOAD) == ["settings.json cannot be read; using the defaults", "speed 60"]


# name: (table it is in, least, most, whether it must be whole)
NUMBERS = {
    "gain": ("microphone", 0, 8, True),
    "speed": ("motors", 1, 100, True),
    "limit": ("motors", 1, 100, True),
    "ramp_ms": ("motors", 1, 5000, True),
    "deadman_ms": ("motors", 300, 5000, True),
    "distance_mm": ("motors", 1, 5000, True),
    "angle": ("motors", 1, 720, True),
    "wheel_mm": ("motors", 1, 1000, False),
    "track_mm": ("motors", 1, 1000, False),
    "rpm_per_volt": ("motors", 1, 1000, False),
    "brightness": ("feedback", 0, 100, True),
    "light_sleep_ms": ("", 0, 5000, True),
    "hop": ("listening", 20, 2000, True),
    "history": ("listening", 1, 50, True),
    "votes": ("listening", 1, 50, True),
    "threshold": ("listening", 0, 65535, True),
    "cooldown": ("listening", 0, 30000, True),
    "gate": ("listening", 0, 32767, True),
}
READ = """
import json
from tympan_robot.settings import load
for text in json.load(open("given.json")):
    with open("settings.json", "w") as f:
        f.write(text)
    told = []
    settings = load(say=told.append)
    print(json.dumps([settings, told]))
"""


def read(robot, given: list[dict]) -> list[tuple[dict, list[str]]]:
    """(the settings, what is said of them) for each content of the file."""
    robot.write("given.json", json.dumps([json.dumps(g) for g in given]))
    robot.write("read.py", READ)
    return [tuple(json.loads(line)) for line in robot.play("import read")]


def test_numbers_are_taken_within_their_ranges_and_not_beyond(robot):
    cases = []
    for name, (table, low, high, whole) in NUMBERS.items():
        values = [(low, True), (high, True), (low - 1, False), (high + 1, False), ((low + high) / 2 + 0.25, not whole)]
        values += [(True, False), (False, False), ("5", False), (None, False), ([5], False)]
        cases += [(table, name, value, fits) for value, fits in values]
    given = [{table: {name: value}} if table else {name: value} for table, name, value, _ in cases]
    default, _ = read(robot, [{}])[0]
    for (table, name, value, fits), (settings, told) in zip(cases, read(robot, given), strict=True):
        found, before = (s[table] if table else s for s in (settings, default))
        if fits:
            assert found[name] == value and not told, name
        else:
            assert found.get(name) == before.get(name) and len(told) == 1 and f"{name} is a " in told[0], (name, value)
            assert {**settings, table: None} == {**default, table: None} if table else settings == default


def test_tables_that_are_the_owners_take_the_defaults_place_and_others_are_filled_up(robot):
    given = {
        "words": {"dance": "cheer", "on": 3}, "listening": {"votes": 2, "hop": 1}, "pins": {"light": 45, "buzzer": -1},
        "motors": {"speed": 30}, "feedback": {"sounds": False}, "microphone": {"slot": "right"}, "program": "mine",
        "board": "eliobot_s3", "watchdog": True,
    }  # fmt: skip
    (default, _), (settings, told) = read(robot, [{}, given])
    assert settings["words"] == {"dance": "cheer"} and settings["listening"] == {"votes": 2}
    assert settings["pins"] == {**default["pins"], "light": 45}
    for table in ("motors", "feedback", "microphone"):
        assert settings[table] == {**default[table], **given[table]}
    assert (settings["program"], settings["board"], settings["watchdog"]) == ("mine", "eliobot_s3", True)
    assert (settings["cpu_mhz"], settings["light_sleep_ms"]) == (240, 0)
    starts = ["words: on needs the name", "listening: hop is a whole number from 20", "pins: buzzer is a GPIO number"]
    assert len(told) == 3 and all(f"settings.json: {start}" in line for start, line in zip(starts, told, strict=True))


def test_a_gpio_that_two_parts_share_is_named(robot):
    (_, none), (_, one), (_, two) = read(
        robot, [{"pins": {"obstacles": [7, 8]}}, {"pins": {"light": 17}}, {"pins": {"obstacles": [7, 3, 7]}}]
    )
    assert none == [] and one == ["settings.json: pins: light and buzzer are both GPIO 17"]
    assert two == [
        f"settings.json: pins: obstacles and {part} are both GPIO {n}" for part, n in (("battery", 3), ("obstacles", 7))
    ]


def test_the_default_settings_are_the_file_that_is_shipped(robot):
    shipped = json.loads((robot.folder / "settings.json").read_text())
    lines = robot.play("import json; from tympan_robot import settings; print(json.dumps(settings.load()))")
    assert len(lines) == 1
    loaded = json.loads(lines[0])
    for name, value in shipped.items():
        if isinstance(value, dict) and name != "pins":
            assert loaded[name] == {**loaded[name], **value}
        elif name != "pins":
            assert loaded[name] == value
    assert {loaded["pins"][p] for p in ("left_back", "right_back", "left_forward", "right_forward")} == set(MOTORS)


def test_the_owners_guide_gives_the_defaults_that_the_robot_has():
    guide = (ROOT / "docs/robot.md").read_text().partition("## settings.json")[2].partition("\n**")[0]
    told = {}
    for row in guide.splitlines():
        if row.startswith("| `"):
            keys, values = row.split(" | ")[:2]
            found = re.findall(r"`(\w+)`(?!:)", keys)
            told |= zip(found, values.replace("`", "").split(", "), strict=True)
    flat = {}
    for key, value in DEFAULTS.items():
        flat |= value if isinstance(value, dict) and key not in ("words", "pins", "listening") else {key: value}
    assert told.keys() == flat.keys()
    assert told.pop("words") == "ten words" and len(flat.pop("words")) == 10
    assert {key: json.loads(value) for key, value in told.items()} == flat
