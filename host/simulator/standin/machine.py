# MicroPython's `machine` without a machine: the parts that the robot's programs use, driven by scene and virtual time.
# Misuse that real hardware punishes is an error here: a pin number that is none, a duty out of range, I2S opened twice.
# What MicroPython's port to the ESP32-S2 does by default is done here too.
import sys
import time
from array import array

import micropython
import scene
import tympan_simulated as chip

tell = print  # of the hardware itself, whatever becomes of the program's
FRAMES = 256  # in one of the chip's DMA buffers


def stamp():
    # virtual microseconds, as text: they outgrow small integers
    return f"{time.ms}{time.us:03d}" if time.ms else str(time.us)


PRINT_US = 100000  # that each piece of a line waits for a PC that does not read, then it is lost


def unread_print(*pieces, sep=" ", end="\n", file=None):
    if not within(scene.unread):
        return tell(*pieces, sep=sep, end=end)
    for _ in pieces:
        time.advance(PRINT_US)
    for _ in range((len(pieces) - 1) * bool(sep) + bool(end)):
        time.advance(PRINT_US)


if scene.unread:
    import builtins

    builtins.print = unread_print


def within(spans):
    for span in spans:
        if span[0] <= time.ms < span[1]:
            return True
    return False


class Pin:
    IN, OUT, PULL_UP = 1, 3, 2
    shown = {}

    def __init__(self, number, mode=-1, pull=-1, value=None):
        if not isinstance(number, int) or not (0 <= number <= 21 or 33 <= number <= 46):  # others are not led out
            raise ValueError("invalid pin")
        self.number = number
        if mode >= 0:  # else the pin stays what it was
            chip.configure(number)
        if value is not None:
            self.value(value)

    def value(self, value=None):
        if value is None:
            return {21: scene.vbus, 0: scene.button}.get(self.number, 1)
        put(self.number, 65535 if value else 0)


def put(number, duty):
    if chip.put(number, duty):
        show(number)


def show(number):
    duty = chip.get(number)
    if scene.log and Pin.shown.get(number, 0) != duty:
        Pin.shown[number] = duty
        tell("@pin", stamp(), number, duty)


class PWM:
    made = set()
    _led = set()  # pins that have a channel, which outlives the object that took it

    def __init__(self, pin, freq=1000, duty_u16=0):
        if pin.number == 46:
            raise ValueError("PWM not supported on Pin(46)")  # an input
        self.number = pin.number
        PWM.made.add(self.number)
        self.init(freq=freq, duty_u16=duty_u16)

    def init(self, freq=1000, duty_u16=0):
        # the pin is led to the PWM only where it has no channel yet: one that the dead-man holds stays so
        if self.number not in PWM._led:
            chip.configure(self.number)
            PWM._led.add(self.number)
        self._active = True
        self.freq(freq)
        self.duty_u16(duty_u16)

    def deinit(self):
        # leaves the pin floating
        self._active = False
        PWM._led.discard(self.number)
        chip.configure(self.number)
        put(self.number, 0)

    def freq(self, freq):
        if not 0 < freq <= 40000000:
            raise ValueError("frequency must be from 1Hz to 40MHz")

    def duty_u16(self, duty):
        if not self._active:
            raise RuntimeError("PWM inactive")
        if not 0 <= duty <= 65535:
            raise ValueError("duty_u16 must be from 0 to 65535")
        put(self.number, duty)


def deadman_acted(us):
    if us < 0:
        for number in PWM.made:
            show(number)


class ADC:
    ATTN_0DB, ATTN_2_5DB, ATTN_6DB, ATTN_11DB = 0, 1, 2, 3
    _full_mv = {"s2": (750, 1050, 1300, 2500), "s3": (950, 1250, 1750, 3100)}[scene.chip]  # by attenuation
    _bits = {"s2": 13, "s3": 12}[scene.chip]

    def __init__(self, pin, atten=ATTN_0DB):
        self.number = pin.number
        self._full = self._full_mv[atten]

    def _mv(self):
        # at the pin; more than the end of the range cannot be told from it
        ahead = scene.near_mv if within(scene.obstacles) else 2900
        return min(scene.battery_mv // 2 if self.number == 3 else ahead, self._full)

    def read_uv(self):
        if not scene.calibrated:
            raise OSError(-262, "ESP_ERR_NOT_SUPPORTED")
        return 1000 * self._mv()

    def read_u16(self):
        raw = self._mv() * ((1 << self._bits) - 1) // self._full
        return raw << 16 - self._bits | raw >> 2 * self._bits - 16


class WDT:
    # once made it cannot be stopped
    armed = False

    def __init__(self, id=0, timeout=5000):
        WDT.armed = True
        self._timeout_us = 1000 * timeout
        self.feed()
        time._listeners.append(self._pass)

    def feed(self):
        self._left_us = self._timeout_us

    def _pass(self, us):
        self._left_us -= max(us, 0)
        if self._left_us <= 0:
            tell("@reset", stamp())
            self._left_us = 1 << 29  # nothing happens on the way out
            raise SystemExit


mem32 = {}  # registers that matter here
I2S_TIMING = 0x3F40F01C  # of the ESP32-S2; this bit delays the data
DATA_DELAY = 1 << 9


class I2S:
    # The microphone's clock fills DMA buffers, from which requests are served; when all are full the oldest is lost.
    RX, TX, MONO, STEREO = 1, 2, 0, 1
    _open = None
    _file = None
    _began = None  # ms
    _given = 0  # frames of the sound so far

    def __init__(self, id, *, sck, ws, sd, mode, bits, format, rate, ibuf):
        if I2S._open:
            raise OSError(16)  # EBUSY
        if (mode, bits, rate) != (I2S.RX, 32, 16000):
            raise ValueError("this microphone gives 32 bits at 16000 Hz")
        I2S._open = self
        self._channels = 1 + format
        self._side = 1 if scene.side == "right" and format == I2S.STEREO else 0
        self._deaf = format == I2S.MONO and scene.side == "right"
        self._ring = ibuf // 2048 * FRAMES
        self._waiting = 0  # frames received and not yet read
        self._us = 0
        self._handler = None
        self._first = self._second = None  # requests
        self._stalled = self._serving = False
        if I2S._file is None and scene.audio:
            I2S._file = sys.stdin.buffer if scene.audio == "-" else open(scene.audio, "rb")
        self._lost = bytearray(4 * FRAMES)
        # the sound began when I2S was first opened, and did not wait while it was closed
        if I2S._began is None:
            I2S._began = time.ms
        mem32[I2S_TIMING] = 0
        while I2S._given + FRAMES <= (time.ms - I2S._began) * 16:
            self._read(self._lost)
        time._listeners.append(self._pass)
        if scene.log:
            tell("@listen", stamp())

    def deinit(self):
        # frees what the task that serves a request waits on; where the bus is dead there is no other way
        if self._handler and self._first is not None and not self._stalled:
            raise RuntimeError("I2S.deinit() with a request pending")
        if I2S._open is self:
            I2S._open = None
            time._listeners.remove(self._pass)

    def irq(self, handler):
        self._handler = handler

    def readinto(self, buffer):
        # a third request is lost without a word, as on the chip
        if self._first is None:
            self._first = buffer
        elif self._second is None:
            self._second = buffer
        while self._handler is None and self._first is not None:
            time.advance(1000)
        return self._bytes(buffer)

    def _bytes(self, buffer):
        return len(buffer) * (4 if isinstance(buffer, array) else 1)

    def _pass(self, us):
        # time passes
        if us < 0:
            return
        self._us += us
        if within(scene.stalls):
            self._stalled = True
        elif not scene.stall_until_opened:
            self._stalled = False
        while self._us >= 16000:
            self._us -= 16000
            if self._stalled:
                self._read(self._lost)
                continue
            self._waiting += FRAMES
            wanted = self._bytes(self._first) // (4 * self._channels) if self._first is not None else 0
            if self._waiting > self._ring + wanted:
                self._waiting -= FRAMES
                self._read(self._lost)
        if self._serving:
            return  # called from a handler that looked at the clock
        self._serving = True
        try:
            while self._first is not None and self._bytes(self._first) <= 4 * self._channels * self._waiting:
                self._serve(self._first)
        finally:
            self._serving = False

    def _serve(self, request):
        self._waiting -= self._bytes(request) // (4 * self._channels)
        if self._channels == 1:
            self._read(request)
        else:
            mono = bytearray(self._bytes(request) // 2)
            self._read(mono)
            for i in range(0, len(mono), 4):
                word = int.from_bytes(mono[i : i + 4], "little")
                word -= word >> 31 << 32
                at = 2 * i + 4 * self._side
                if isinstance(request, array):
                    request[at // 4] = word
                    request[at // 4 ^ 1] = 0
                else:
                    request[at : at + 4] = mono[i : i + 4]
                    request[at ^ 4 : (at ^ 4) + 4] = b"\0\0\0\0"
        self._first = self._second
        self._second = None
        if self._handler:
            micropython.schedule(self._handler, self)

    def _read(self, buffer):
        # so much more of the audio, silence behind its end
        global ends
        size = self._bytes(buffer)
        I2S._given += size // 4
        got = I2S._file.readinto(buffer) or 0 if I2S._file else 0
        while scene.audio == "-" and 0 < got < size:  # a pipe gives what it has
            more = I2S._file.readinto(memoryview(buffer)[got:])
            if not more:
                break
            got += more
        if got < size:
            blank(buffer, got)
            rustle(buffer, got)
            if scene.audio and ends is None:
                ends = time.ms + scene.tail_ms
            if scene.audio and time.ms >= ends:
                ends = 1 << 29  # what is closed on the way out may take its time
                tell("@end", stamp())
                raise SystemExit
        if self._deaf:
            blank(buffer, 0)
        late = scene.late - bool(mem32[I2S_TIMING] & DATA_DELAY)
        if late:
            shift(buffer, late)


def shift(buffer, late):
    # words a bit late, or early where it is negative
    for i in range(0, len(buffer), 1 if isinstance(buffer, array) else 4):
        word = buffer[i] if isinstance(buffer, array) else int.from_bytes(buffer[i : i + 4], "little")
        word = (word & 0xFFFFFFFF) >> 1 if late > 0 else word << 1 & 0xFFFFFFFF
        if isinstance(buffer, array):
            buffer[i] = word - (word >> 31 << 32)
        else:
            buffer[i : i + 4] = word.to_bytes(4, "little")


def blank(buffer, start):
    if isinstance(buffer, array):
        start //= 4
    for i in range(start, len(buffer)):
        buffer[i] = 0


def rustle(buffer, start):
    # the quietest room moves the lowest of a microphone's 24 bits
    if isinstance(buffer, array):
        for i in range(start // 4, len(buffer), 2):
            buffer[i] = 1 << 8
    else:
        for i in range(start + 1, len(buffer), 8):
            buffer[i] = 1


ends = None  # ms at which the scene is over
frequency = 160000000


def freq(hz=None):
    global frequency
    if hz is None:
        return frequency
    if hz not in (80000000, 160000000, 240000000):
        raise ValueError("frequency must be 20MHz, 40MHz, 80MHz, 160MHz or 240MHz")
    frequency = hz


def lightsleep(duration):
    # the microphone's clock stops too
    if I2S._open:
        raise OSError(16)
    if scene.log:
        tell("@sleep", stamp(), duration)
    time.sleep_ms(duration)


time._listeners.append(deadman_acted)
