# What is frozen into the firmware; read by MicroPython's makemanifest.
freeze("$(BOARD_DIR)", "_boot.py")  # noqa: F821
