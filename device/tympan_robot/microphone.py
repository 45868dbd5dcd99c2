# The I2S microphone (SPH0645 and its kind: 32-bit slots), read without waiting and without allocating.
#
# Two blocks take turns: I2S fills one while the listener takes the other. When the loop is late and I2S's buffers
# overflow, I2S drops the oldest sound, one DMA buffer (256 frames, 16 ms) at a time, and reports nothing. So the
# length of the sound received is compared with the clock: what is missing once the loop has caught up was dropped.
#
# I2S also reads where no live microphone is: a data wire that is stuck at 0 V or 3 V, or the side without a microphone,
# gives the same word over and over. The words of a live one differ, in the quietest room by noise in their lowest bits.
import time

from machine import I2S, Pin, mem32

RATE = 16000
BUFFER = 40000  # bytes that I2S buffers by itself: some 300 ms
STALLED_MS = 500
WAITED_US = 10000  # a block that arrives so long after it was asked for was not waiting in I2S's buffers
LOST_US = 28000  # less is no loss: a block may be late by one DMA buffer, 16 ms, and the loop by some ms
I2S_TIMING = 0x3F40F01C  # a register of the ESP32-S2, with
DATA_DELAY = 2 << 8  # clocks by which its field RX_SD_IN_DELAY delays the data


def open_i2s(pins, channels, buffer, data_delay=False):
    # the microphone's slots: 32 bits, of the left side only (I2S.MONO) or of both
    i2s = I2S(
        0,
        sck=Pin(pins["microphone_clock"]),
        ws=Pin(pins["microphone_word"]),
        sd=Pin(pins["microphone_data"]),
        mode=I2S.RX,
        bits=32,
        format=I2S.MONO if channels == 1 else I2S.STEREO,
        rate=RATE,
        ibuf=buffer,
    )
    if data_delay:
        mem32[I2S_TIMING] |= DATA_DELAY
    return i2s


class Microphone:
    def __init__(self, pins, slot="left", samples=640, data_delay=False):
        # samples: per block
        self.channels = 1 if slot == "left" else 2
        self.channel = self.channels - 1
        self.overruns = 0  # how often sound was dropped
        self.lost_ms = 0  # how much of it in all
        self.stalls = 0  # how often no sound came and I2S was started anew
        self._pins = pins
        self._data_delay = data_delay
        self._block_us = samples * 1000000 // RATE
        # a loop that never catches up is told of a loss once it is a second more behind than all buffers hold
        self._late_us = (BUFFER // 2048 * 256 + 2 * samples) * 1000000 // RATE + 1000000
        size = 4 * self.channels * samples
        self._blocks = (memoryview(bytearray(size)), memoryview(bytearray(size)))
        self._i2s = None
        self._pending = 0  # requests that have not ended
        self._on_filled = self._filled

    def open(self):
        self.close()
        self._i2s = open_i2s(self._pins, self.channels, BUFFER, self._data_delay)
        self._i2s.irq(self._on_filled)
        self.still = True  # whether the last block was one word over and over
        self._ready = 0  # blocks filled and not yet taken
        self._pending = 2
        self._next = 0
        self._lag = self._least = 0  # us by which the sound is behind the clock, and the least so far
        self._last = self._arrived = self._alive = self._released = time.ticks_us()
        self._i2s.readinto(self._blocks[0])
        time.sleep_ms(2)  # let I2S take the first: its queue holds one more, and drops another without a word
        self._i2s.readinto(self._blocks[1])

    def close(self):
        # deinit() frees what I2S's task waits on, so wait for the requests to end, unless no sound comes any more
        if not self._i2s:
            return
        while self._pending and time.ticks_diff(time.ticks_us(), self._arrived) < 3 * self._block_us:
            time.sleep_ms(1)
        self._i2s.deinit()
        self._i2s = None

    def _filled(self, i2s):
        self._ready += 1
        self._pending -= 1
        self._arrived = time.ticks_us()

    def poll(self):
        # the oldest filled block, to be given back by release(); None where there is none yet
        if not self._ready:
            return None
        block = self._blocks[self._next]
        self.still = self._is_still(block)
        if not self.still:
            self._alive = time.ticks_us()
        return block

    def _is_still(self, block):
        # the second word of live sound mostly differs already; the lowest byte does not count: nothing drives the wire
        step = 4 * self.channels
        first = at = 4 * self.channel + 1
        while at < len(block):
            if block[at] != block[first] or block[at + 1] != block[first + 1] or block[at + 2] != block[first + 2]:
                return False
            at += step
        return True

    def release(self):
        # the block was heard: let it be filled again. Returns ms of sound that were dropped since the last call.
        lost = self._missing()
        self._ready -= 1
        self._pending += 1
        self._i2s.readinto(self._blocks[self._next])
        self._next ^= 1
        self._released = time.ticks_us()
        if lost < LOST_US:
            return 0
        self._least += lost
        self.overruns += 1
        self.lost_ms += lost // 1000
        return lost // 1000

    def _missing(self):
        # us of sound that were dropped: the sound is further behind the clock (_lag) than it was at best (_least)
        alone = self._ready == 1  # else the other block has come too, and _arrived is when that one came
        now = self._arrived if alone else time.ticks_us()
        self._lag += time.ticks_diff(now, self._last) - self._block_us
        self._last = now
        self._least += self._block_us >> 12  # the microphone's clock may be slow by 240 ppm
        if self._lag < self._least:
            self._least = self._lag
        if alone and time.ticks_diff(now, self._released) > WAITED_US:
            return self._lag - self._least
        return self._lag - self._least - self._late_us  # up to _late_us may still wait in the buffers

    def stalled(self):
        # what is wrong where no sound has come for too long, else None
        now = time.ticks_us()
        if time.ticks_diff(now, self._alive) < STALLED_MS * 1000:
            return None
        silent = time.ticks_diff(now, self._arrived) >= STALLED_MS * 1000
        return "is silent" if silent else "gives the same word for ever"

    def restart(self):
        # after a stall: counts it and opens I2S anew
        self.stalls += 1
        self.open()
