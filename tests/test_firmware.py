"""What goes into the robot's firmware, as far as it can be tried without Espressif's compiler and chip."""

import json
import re
import shutil
import subprocess

import pytest

from bench.stack import SOURCES
from host.engines.micropython import run_script
from tests.conftest import ROOT

USERMOD = ROOT / "native" / "usermod"

# as MicroPython 1.25 builds modules: they are sources of an executable, which knows nothing of ESP-IDF's options
PROJECT = """
cmake_minimum_required(VERSION 3.16)
project(firmware C)
function(idf_build_get_property variable property)
    if(property STREQUAL "COMPILE_OPTIONS")
        set(${variable} "-ffunction-sections;-O2;-DOF_ESP_IDF" PARENT_SCOPE)
    endif()
endfunction()
add_library(usermod INTERFACE)
include(${MODULE})
add_executable(firmware main.c)
target_link_libraries(firmware usermod)
"""


@pytest.mark.skipif(not shutil.which("cmake"), reason="cmake is not installed")
def test_esp_idfs_options_reach_each_source_of_the_module(tmp_path):
    (tmp_path / "CMakeLists.txt").write_text(PROJECT)
    (tmp_path / "main.c").write_text("int main(void) { return 0; }\n")
    options = ("-DCMAKE_EXPORT_COMPILE_COMMANDS=1", f"-DMODULE={USERMOD / 'micropython.cmake'}")
    done = subprocess.run(
        ["cmake", "-G", "Unix Makefiles", *options, "-S", tmp_path, "-B", tmp_path / "build"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    commands = json.loads((tmp_path / "build" / "compile_commands.json").read_text())
    compiled = {c["file"]: c["command"].split() for c in commands if c["file"].startswith(str(ROOT))}
    ours = {USERMOD / name for name in ("modtympan.c", "deadman.c", "port_esp32.c")}
    ours |= set(SOURCES)
    assert set(compiled) == {str(path) for path in ours}
    for path, command in compiled.items():
        assert {"-O2", "-ffunction-sections", "-DOF_ESP_IDF", f"-I{USERMOD}"} <= set(command), (path, command)


PORT = """\
too little: none
  allocates 1000 of 804
enough: memory
  frees
  makes the timer deadman
no timer: 101
  makes the timer deadman
a timer: 0
once: 0
  stops it
  starts it, 500000 us
armed: 0
  stops it
  starts it, 500000 us
not armed: 103
  stops it
disarmed: 0
  expired
  GPIO 37 is 1
  GPIO 37 shows 256
"""


def test_the_port_to_esp32_chips_beside_a_pretended_esp_idf(tmp_path):
    """Each failure is returned, nothing is armed twice; the simulated port has the same outputs."""
    for name in re.findall('#include "(.*)"', (USERMOD / "port_esp32.c").read_text()):
        if name != "port.h":
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text('#include "idf.h"\n')
    here = ROOT / "tests" / "esp32"
    build = ["gcc", "-std=gnu17", "-DNDEBUG", "-Wall", "-Wextra", "-Werror"]
    build += [f"-I{folder}" for folder in (tmp_path, here, USERMOD)]
    subprocess.run([*build, here / "check.c", USERMOD / "port_esp32.c", "-o", tmp_path / "check"], check=True)
    out = subprocess.run([tmp_path / "check"], capture_output=True, text=True, check=True).stdout
    script = tmp_path / "outputs.py"
    script.write_text(OUTPUTS)
    outputs = "outputs: " + " ".join(map(str, (*range(22), *range(26, 46)))) + "\n"
    assert out == PORT + outputs
    assert run_script(script) == outputs


OUTPUTS = """
import tympan
print("outputs:", end="")
for pin in range(-2, 200):
    try:
        tympan.Deadman([pin])
        print("", pin, end="")
    except ValueError as error:
        assert str(error) == "GPIO %d is no output of this chip" % pin
print()
"""


def test_the_deadman_says_when_the_chip_has_no_timer_for_it(tmp_path):
    script = tmp_path / "timer.py"
    script.write_text(TIMER)
    assert run_script(script).splitlines() == [
        "no timer for the dead-man: error 257 of the chip",
        "the dead-man was not armed: error 259 of the chip",
        "0 65535",
    ]


TIMER = """
import tympan, tympan_simulated as chip
def attempt(make, start):
    chip.fail(make, start)
    try:
        tympan.Deadman([37], True).feed(100)
    except OSError as error:
        print(error)
attempt(257, 0)
attempt(0, 259)
chip.advance(200000)
idle = chip.get(37)
attempt(0, 0)
chip.advance(200000)
print(idle, chip.get(37))
"""
