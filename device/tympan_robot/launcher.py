# Starts the program that settings.json names. Whatever it does, the motors are stopped before anything is said of it,
# and the REPL stays alive.
#
# At the REPL: start(), start("voice_dance"), reload() after a new model.bin was copied, mic_check().
import gc
import os
import sys

from .robot import Robot
from .settings import Unready, load

PACKAGE = __name__.split(".")[0]
robot = None
last = None  # the program that ran


def modules(folder):
    # the names of the modules in a folder
    try:
        return sorted(name[:-3] for name in os.listdir(folder) if name.endswith(".py"))
    except OSError:
        return []


def find(name):
    # the run function of programs/<name>.py
    programs = modules("programs")
    if name not in programs:
        raise Unready("there is no program {}; there are: {}".format(name, ", ".join(programs)))
    path = "programs." + name
    sys.modules.pop(path, None)  # a program that was just copied is read anew
    __import__(path)
    module = sys.modules[path]
    if not hasattr(module, "run"):
        raise Unready(f"programs/{name}.py has no run(robot)")
    return module.run


def awaken(report=False):
    # a new robot in place of the old one
    global robot
    if robot:
        robot.close()
    robot = None
    gc.collect()
    robot = Robot(load(), report)
    return robot


def start(program=None, report=False):
    # report: also print a line per window, for tools.monitor
    global last
    try:
        awaken(report)
        name = program or robot.settings["program"]
        run = find(name)
        last = name
        print("program", name)
        run(robot)
    except KeyboardInterrupt:
        rest()
        print("Stopped. start() goes on.")
    except Exception as error:
        rest()
        be_safe(error)
    except:
        rest()
        raise
    else:
        rest()


def rest():
    # stops the motors, then the rest; a second Ctrl-C does not interrupt it
    while robot:
        try:
            robot.close()
            break
        except KeyboardInterrupt:
            pass


def be_safe(error):
    # the safe program: say what happened and leave everything else to the owner
    print("@crash", type(error).__name__)
    if isinstance(error, Unready):
        print(error)
    else:
        sys.print_exception(error)
        say_moved(error)
    if robot:
        robot.feedback.show("error")
    print("The program ended; the motors are stopped, and the REPL is yours. start() begins again.")
    if robot:
        robot.feedback.finish()


def say_moved(error):
    # our modules once lay in the root, where programs of that time still look for them
    name = (str(error) + "''").split("'")[1]  # "no module named 'console'"
    if isinstance(error, ImportError) and name in modules(PACKAGE):
        new = PACKAGE + "." + name
        print(f"{name} is now {new}: write `from {new} import ...`, or `from {PACKAGE} import {name}`.")


def reload():
    # the program again, with the model.bin that was just copied
    start(last)


def mic_check():
    from .mic_check import mic_check as check

    if robot:
        robot.close_ears()
    settings = load()
    print(check(settings["pins"], settings["microphone"]))
