# ElioBot with an ESP32-S3: 4 MB of flash and 2 MB of quad PSRAM, native USB. Octal PSRAM would need the motors' pins.
# The parts are those of ESP32_GENERIC_S3 in its FLASH_4M variant; the partition table is the port's own for 4 MB.
set(IDF_TARGET esp32s3)

set(SDKCONFIG_DEFAULTS
    boards/sdkconfig.base
    boards/sdkconfig.usb
    boards/sdkconfig.ble
    boards/sdkconfig.spiram_sx
    boards/sdkconfig.240mhz
    ${MICROPY_BOARD_DIR}/sdkconfig.board
)
