# Runs first at each start, before boot.py and main.py: mounts the flash. 2 MiB of the board's PSRAM stand for it, as
# much as the robot's partition for files; it outlives a soft reset, not the end of the emulator.
import sys

import uctypes
import vfs


class Flash:
    BLOCK = 4096

    def __init__(self, address, size):
        self.memory = memoryview(uctypes.bytearray_at(address, size))
        self.blocks = size // self.BLOCK

    def readblocks(self, block, buffer, offset=0):
        start = block * self.BLOCK + offset
        buffer[:] = self.memory[start : start + len(buffer)]

    def writeblocks(self, block, buffer, offset=0):
        start = block * self.BLOCK + offset
        self.memory[start : start + len(buffer)] = buffer

    def ioctl(self, operation, argument):
        if operation == 4:
            return self.blocks
        if operation == 5:
            return self.BLOCK
        if operation == 6:  # erase a block
            self.memory[argument * self.BLOCK : (argument + 1) * self.BLOCK] = b"\xff" * self.BLOCK
        return 0


flash = Flash(0x21000000, 2 << 20)
try:
    vfs.mount(flash, "/")
except OSError:  # the first start
    vfs.VfsLfs2.mkfs(flash)
    vfs.mount(flash, "/")
sys.path.append("/lib")
