# Run by MicroPython after each reset.
from launcher import mic_check, reload, start  # at the REPL, after Ctrl-C

start()
