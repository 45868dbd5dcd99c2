# Virtual time: it passes when a program sleeps, and a little when it looks at the clock.
#
# Milliseconds and the microseconds beyond them are kept apart, so that days fit in small integers of 32-bit builds.
import tympan_simulated as chip

MASK = (1 << 29) - 1
LOOK_US = 5  # what a look at the clock takes

ms = 0
us = 0
_ticks = 0  # microseconds, wrapping as ticks_us does
_listeners = []  # called with the microseconds that passed


def advance(duration):
    # duration: microseconds, at most a second
    global ms, us, _ticks
    while duration > 0:
        step = min(duration, 1000)  # hardware looks at the clock once a ms
        tripped = chip.advance(step)
        us += step
        if us >= 1000:
            ms += us // 1000
            us %= 1000
        _ticks = (_ticks + step) & MASK
        if tripped >= 0:
            for listener in _listeners:
                listener(-1)  # the dead-man acted
        for listener in _listeners:
            listener(step)
        duration -= step


def sleep_ms(duration):
    for _ in range(duration):
        advance(1000)


def sleep_us(duration):
    while duration > 0:
        advance(min(duration, 1000))
        duration -= 1000


def sleep(seconds):
    sleep_ms(int(seconds * 1000))


def ticks_us():
    advance(LOOK_US)
    return _ticks


def ticks_ms():
    advance(LOOK_US)
    return ms & MASK


def ticks_diff(end, start):
    return ((end - start + (MASK + 1) // 2) & MASK) - (MASK + 1) // 2


def ticks_add(ticks, delta):
    return (ticks + delta) & MASK


def time():
    return ms // 1000
