/* The window of features that slides over a stream. */
#include "../cold.h"

#include <stddef.h>
#include <string.h>

#include "../tympan.h"

enum { BLOCK = 64 }; /* slots or samples at a time */

static uint32_t window_bytes(const tympan_frontend_config *config) {
    return (config->frames * tympan_frontend_width(config) + 3u) & ~UINT32_C(3);
}

uint32_t tympan_stream_bytes(const tympan_frontend_config *config) {
    return window_bytes(config) + tympan_frontend_bytes(config);
}

void tympan_stream_open(tympan_stream *stream, const tympan_frontend_config *config, void *memory, unsigned gain_shift) {
    stream->window = memory;
    tympan_frontend_open(&stream->frontend, config, (uint8_t *)memory + window_bytes(config));
    stream->capture.shift = (uint8_t)gain_shift;
    tympan_stream_reset(stream);
}

void tympan_stream_reset(tympan_stream *stream) {
    const tympan_frontend_config *config = &stream->frontend.config;
    const uint32_t width = tympan_frontend_width(config);
    uint8_t levels[256] = {0};
    tympan_frontend_reset(&stream->frontend);
    tympan_capture_reset(&stream->capture, stream->capture.shift);
    stream->energy = stream->counted = 0;
    for (uint32_t i = 0; i < config->frames; i++) {
        tympan_frontend_features(&stream->frontend, levels, stream->window + i * width);
    }
}

/* Make room in the window for the frames that `count` more samples complete; returns where they go. */
static uint8_t *slide(tympan_stream *stream, uint32_t count) {
    const tympan_frontend_config *config = &stream->frontend.config;
    const uint32_t width = tympan_frontend_width(config), frames = tympan_frontend_ready(&stream->frontend, count);
    const uint32_t kept = (config->frames - frames) * width;
    if (frames > 0) {
        memmove(stream->window, stream->window + frames * width, kept);
    }
    return stream->window + kept;
}

/* Count samples in the level, which is their RMS. */
static void add_to_level(tympan_stream *stream, const int16_t *samples, uint32_t count) {
    uint64_t energy = 0;
    for (uint32_t i = 0; i + 1 < count; i += 2) {
        energy += (uint32_t)(samples[i] * (int32_t)samples[i]) + (uint32_t)(samples[i + 1] * (int32_t)samples[i + 1]);
    }
    if (count & 1) {
        energy += (uint32_t)(samples[count - 1] * (int32_t)samples[count - 1]);
    }
    stream->energy += energy;
    stream->counted += count;
    if (stream->counted > UINT32_C(1) << 30) {
        /* nobody has asked for a day: the mean stays */
        stream->energy /= 2;
        stream->counted /= 2;
    }
}

/* Take `count` samples, or slots where there are some. */
static uint32_t take(tympan_stream *stream, const int16_t *samples, const int32_t *slots, unsigned stride, uint32_t count) {
    const tympan_frontend_config *config = &stream->frontend.config;
    const uint32_t width = tympan_frontend_width(config), most = (uint32_t)config->frames * config->hop;
    int16_t captured[BLOCK];
    uint32_t done = 0;
    while (count > 0) {
        /* no more at a time than completes one window */
        uint32_t left = count < most ? count : most;
        uint8_t *to = slide(stream, left);
        count -= left;
        while (left > 0) {
            const uint32_t block = left < BLOCK ? left : BLOCK;
            if (slots) {
                tympan_capture_run(&stream->capture, slots, stride, captured, block);
                slots += (size_t)block * stride;
                samples = captured;
            }
            add_to_level(stream, samples, block);
            const uint32_t frames = tympan_frontend_push(&stream->frontend, samples, block, to);
            to += frames * width;
            done += frames;
            samples += block;
            left -= block;
        }
    }
    return done;
}

uint32_t tympan_stream_samples(tympan_stream *stream, const int16_t *samples, uint32_t count) {
    return take(stream, samples, NULL, 0, count);
}

uint32_t tympan_stream_slots(tympan_stream *stream, const int32_t *slots, unsigned stride, uint32_t count) {
    return take(stream, NULL, slots, stride, count);
}

uint32_t tympan_stream_level(tympan_stream *stream) {
    uint32_t mean = stream->counted ? (uint32_t)(stream->energy / stream->counted) : 0, root = 0;
    for (uint32_t bit = 1u << 15; bit > 0; bit >>= 1) {
        if ((root + bit) * (root + bit) <= mean) {
            root += bit;
        }
    }
    stream->energy = stream->counted = 0;
    return root;
}
