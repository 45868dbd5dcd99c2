/* Microphone slots to samples: DC removal, gain, saturation (docs/semantics.md, section 3). */
#include "../hot.h"

#include "../tympan.h"

void tympan_capture_reset(tympan_capture *capture, unsigned shift) {
    capture->dc = 0;
    capture->started = 0;
    capture->shift = (uint8_t)(shift > 8 ? 8 : shift);
}

void tympan_capture_run(tympan_capture *capture, const int32_t *slots, unsigned stride, int16_t *samples, uint32_t count) {
    const int down = 8 - capture->shift;
    const int32_t half = (INT32_C(1) << down) >> 1;
    int32_t dc = capture->dc;
    if (!capture->started && count > 0) {
        dc = (slots[0] >> 8) * 256;
        capture->started = 1;
    }
    for (uint32_t i = 0; i < count; i++) {
        /* 24 bits; a one-pole high pass, 10 Hz at 16 kHz. |dc| stays within 2^31 because x stays within 2^23. */
        int32_t x = *slots >> 8;
        slots += stride;
        dc += x - (dc >> 8);
        int32_t y = (x - (dc >> 8) + half) >> down;
        y = y > 32767 ? 32767 : y;
        samples[i] = (int16_t)(y < -32768 ? -32768 : y);
    }
    capture->dc = dc;
}
