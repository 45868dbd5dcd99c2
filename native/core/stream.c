/* The window of features that slides over a stream. */
#include <stddef.h>
#include <string.h>

#include "tympan.h"

enum { BLOCK = 64 }; /* slots converted at a time */

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

uint32_t tympan_stream_samples(tympan_stream *stream, const int16_t *samples, uint32_t count) {
    const tympan_frontend_config *config = &stream->frontend.config;
    const uint32_t width = tympan_frontend_width(config), most = config->frames;
    uint32_t done = 0;
    for (uint32_t i = 0; i < count; i++) {
        stream->energy += (uint32_t)((int32_t)samples[i] * samples[i]);
    }
    stream->counted += count;
    if (stream->counted > UINT32_C(1) << 30) {
        /* nobody has asked for a day: the mean stays */
        stream->energy /= 2;
        stream->counted /= 2;
    }
    while (count > 0) {
        /* no more at a time than completes one window */
        uint32_t take = count < most * config->hop ? count : most * config->hop;
        uint32_t frames = tympan_frontend_ready(&stream->frontend, take);
        memmove(stream->window, stream->window + frames * width, (most - frames) * width);
        done += tympan_frontend_push(&stream->frontend, samples, take, stream->window + (most - frames) * width);
        samples += take;
        count -= take;
    }
    return done;
}

uint32_t tympan_stream_slots(tympan_stream *stream, const int32_t *slots, unsigned stride, uint32_t count) {
    int16_t samples[BLOCK];
    uint32_t done = 0;
    for (uint32_t at = 0; at < count; at += BLOCK) {
        uint32_t take = count - at < BLOCK ? count - at : BLOCK;
        tympan_capture_run(&stream->capture, slots + (size_t)at * stride, stride, samples, take);
        done += tympan_stream_samples(stream, samples, take);
    }
    return done;
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
