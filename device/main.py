# Run by MicroPython after each reset. Yours to change: tools.deploy then keeps it as it is.
from tympan_robot.launcher import mic_check, reload, start  # at the REPL, after Ctrl-C

start()
