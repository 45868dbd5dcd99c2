# The voltage at an analogue pin, in mV.
from machine import ADC, Pin


class Voltmeter:
    def __init__(self, number, full_mv):
        # full_mv: where the range of the board's chip ends; only needed where its maker has not calibrated it
        self._adc = ADC(Pin(number), atten=ADC.ATTN_11DB)  # by itself the range ends below 1 V
        self._full_mv = full_mv
        try:
            self._adc.read_uv()
            self._calibrated = True
        except OSError:
            self._calibrated = False

    def mv(self):
        if self._calibrated:
            return self._adc.read_uv() // 1000
        return self._adc.read_u16() * self._full_mv // 65535
