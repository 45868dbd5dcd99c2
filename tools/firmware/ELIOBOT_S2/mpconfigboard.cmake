# ElioBot with an ESP32-S2: 4 MB of flash and 2 MB of PSRAM in the chip's package, native USB.
# The partition table is the port's own for 4 MB (boards/sdkconfig.base): 2 MB of it are the file system.
set(IDF_TARGET esp32s2)

set(SDKCONFIG_DEFAULTS
    boards/sdkconfig.base
    boards/sdkconfig.usb
    boards/sdkconfig.spiram_sx
    boards/sdkconfig.240mhz
    ${MICROPY_BOARD_DIR}/sdkconfig.board
)
