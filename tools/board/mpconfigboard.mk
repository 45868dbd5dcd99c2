# Board "robot" of MicroPython's port to qemu: a Cortex-M3 (machine mps2-an385) that behaves like the robot's board on a
# serial port: files in flash, boot.py and main.py, Ctrl-C, time. Built by `make board`; C in board.c.
QEMU_ARCH = arm
QEMU_MACHINE = mps2-an385
LDSCRIPT = $(BOARD_DIR)/board.ld
MPY_CROSS_FLAGS += -march=armv7m

CFLAGS += -mthumb -mcpu=cortex-m3 -mfloat-abi=soft
CFLAGS += -DQEMU_SOC_MPS2 -DMICROPY_HW_MCU_NAME='"Cortex-M3"'
CFLAGS += -I$(BOARD_DIR) -DMP_CONFIGFILE='"mpconfig_robot.h"'

# Littlefs, as on the robot. Its switch is read twice: by the makefiles for the sources, by the C files for the module.
MICROPY_VFS_LFS2 = 1
CFLAGS += -DMICROPY_VFS_LFS2=1

# The garbage collector's way to the registers, and what this board adds.
SRC_BOARD_O = shared/runtime/gchelper_native.o shared/runtime/gchelper_thumb2.o board.o
vpath %.c $(BOARD_DIR)

# board.c replaces these functions of the port (see there why).
LDFLAGS += $(foreach name,main uart_rx_chr mp_hal_stdio_poll,-Wl,--wrap=$(name))
