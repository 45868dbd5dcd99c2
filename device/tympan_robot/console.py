# Lines for whoever is attached by USB, from a loop that must not stand still.
#
# Where a PC is attached and does not read, printing a piece of a line blocks: for 100 ms with our firmware, 500 ms with
# stock, and twice that if USB takes a part of the piece. So after a piece that blocked, the rest of its line is left
# out, and for SILENCE_MS nothing is printed. Allocates nothing.
import time

SLOW_MS = 50
SILENCE_MS = 5000

_silent = False
_since = 0


def put(piece):
    # a piece of a line
    global _silent, _since
    if _silent:
        if time.ticks_diff(time.ticks_ms(), _since) < SILENCE_MS:
            return
        _silent = False
        put("\n")  # ends the line that was cut
        if _silent:
            return
    _since = time.ticks_ms()
    print(piece, end="")
    _silent = time.ticks_diff(time.ticks_ms(), _since) > SLOW_MS


def put_next(piece):
    # the next word of a line
    if piece is not None:
        put(" ")
        put(piece)


def say(first, second=None, third=None, fourth=None):
    # a line of up to four pieces
    put(first)
    put_next(second)
    put_next(third)
    put_next(fourth)
    put("\n")
