# Runs in MicroPython: a robot's flash whose power is cut after any number of block writes. One JSON command per line.
#   {"put": {path: base64}}      new flash with these files        {"exec": code}      as on a board's REPL
#   {"cut": [code, ...], "paths", "start"}  run the code on copies of the flash, cut after 0, 1, 2, ... writes;
#                                           after each mount the flash anew, run `start` and load a model
# Prints what the code prints, then a line "\x04 <error>".
import binascii
import json
import sys

import vfs
from tympan_robot import swap

BLOCK = 4096


class Flash:
    def __init__(self, image):
        self.image = image
        self.left = -1  # writes until the power is cut; -1: never
        self.writes = 0

    def readblocks(self, block, buffer, offset=0):
        start = block * BLOCK + offset
        buffer[:] = self.image[start : start + len(buffer)]

    def _powered(self):
        if self.left == 0:
            return False
        self.left -= self.left > 0
        self.writes += 1
        return True

    def writeblocks(self, block, buffer, offset=None):
        start = block * BLOCK + (offset or 0)
        if self._powered():
            self.image[start : start + len(buffer)] = buffer

    def ioctl(self, operation, argument):
        if operation == 6:  # erase
            if self._powered():
                self.image[argument * BLOCK : (argument + 1) * BLOCK] = b"\xff" * BLOCK
            return 0
        return {4: len(self.image) // BLOCK, 5: BLOCK}.get(operation, 0)


def mount(flash):
    vfs.umount("/")
    vfs.mount(vfs.VfsLfs2(flash), "/")


def put(files):
    global flash
    flash = Flash(bytearray(64 * BLOCK))
    vfs.VfsLfs2.mkfs(flash)
    mount(flash)
    import os

    for folder in {"programs"} | {path.split("/")[0] for path in files if "/" in path}:
        os.mkdir(folder)
    for path, data in files.items():
        with open(path, "wb") as f:
            f.write(binascii.a2b_base64(data))


def outcome(paths):
    # what a robot finds after the cut: which model runs, and a checksum of each file
    said = []
    name = swap.load_model(said.append)[1]
    sums = {}
    for path in paths:
        try:
            with open(path, "rb") as f:
                sums[path] = binascii.crc32(f.read())
        except OSError:
            sums[path] = None
    with open(name, "rb") as f:
        running = binascii.crc32(f.read())
    return {"name": name, "model": running, "files": sums, "said": said}


def cut(steps, paths, start):
    whole = bytes(flash.image)
    n = 0
    while True:
        broken = Flash(bytearray(whole))
        broken.left = n
        mount(broken)
        scope = {}
        try:
            for code in steps:
                exec(code, scope)
        except (OSError, ValueError, MemoryError):
            pass  # a file system without power
        through = broken.left != 0
        after = Flash(broken.image)
        mount(after)
        exec(start, {})
        print("@outcome", json.dumps(outcome(paths)))
        if through:
            break
        n += 1


def main():
    scope = {}
    while True:
        line = sys.stdin.readline()
        if not line:
            return
        command = json.loads(line)
        error = ""
        try:
            if "put" in command:
                put(command["put"])
            elif "exec" in command:
                exec(command["exec"], scope)
            else:
                cut(command["cut"], command["paths"], command["start"])
        except Exception as problem:
            error = f"{type(problem).__name__}: {problem}"
        print("\n\x04", error)


main()
