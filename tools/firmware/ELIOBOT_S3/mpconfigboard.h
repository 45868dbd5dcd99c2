// ElioBot, ESP32-S3
#define MICROPY_HW_BOARD_NAME               "ElioBot S3"
#define MICROPY_HW_MCU_NAME                 "ESP32-S3"
#define MICROPY_HW_USB_PRODUCT_FS_STRING    "ElioBot"
#define MICROPY_PY_NETWORK_HOSTNAME_DEFAULT "eliobot"
// ms that each piece of a line waits for a PC which is attached and does not read: shorter than the dead-man
#define MICROPY_HW_USB_CDC_TX_TIMEOUT       (100)

#define MICROPY_HW_I2C0_SCL                 (9)
#define MICROPY_HW_I2C0_SDA                 (8)
