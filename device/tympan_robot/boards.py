# Which GPIO does what. "pins" in settings.json changes single ones.

ELIOBOT = {
    "right_back": 36,  # AIN1
    "right_forward": 38,  # AIN2
    "left_back": 35,  # BIN1
    "left_forward": 37,  # BIN2
    "obstacles": (4, 5, 6),  # front left, front, front right
    "battery": 3,
    "vbus": 21,
    "button": 0,
    "light": 1,
    "buzzer": 17,
    "microphone_clock": 39,  # BCLK
    "microphone_word": 40,  # LRCL
    "microphone_data": 41,  # DOUT
}

# the S3 edition has the same pins
BOARDS = {"eliobot_s2": ELIOBOT, "eliobot_s3": ELIOBOT}
# where the widest range of the chip's ADC ends
ADC_MV = {"eliobot_s2": 2500, "eliobot_s3": 3100}
