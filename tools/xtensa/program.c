/* Runs the core on what standard input holds, for counting (bench/xtensa.py reads the answer):
 *
 *   in   what u32, times u32, bytes of the model u32, bytes of the input u32, model, input
 *   out  bytes of tables, arena and stream u32, then
 *        WINDOW: probabilities u16 [labels];  FRAMES: features of the last frame;  HOPS and LISTEN: the window, then
 *        probabilities; LISTEN computes only what is new in a window
 *
 *        TRACED: as WINDOW, and each run of an operator ends a period of its number (gpl/count.c)
 *
 * `times` repeats the work, so that two runs differ by exactly what is to be counted. */
#include "../../native/core/tympan.h"
#include "runtime.h"

enum { WINDOW, FRAMES, HOPS, LISTEN, TRACED };

extern char marks[]; /* start.S: functions, 8 bytes apart */

static uint32_t file[1 << 18], input[1 << 18], memory[1 << 18], stream_memory[1 << 16], features[1 << 12];
static uint16_t probabilities[255];

static void mark(void *context, unsigned operator_index, const void *frames, uint32_t bytes) {
    (void)context, (void)frames, (void)bytes;
    ((void (*)(void))(marks + 8 * operator_index))();
}

int main(void) {
    uint32_t head[4]; /* what, times, bytes, bytes */
    tympan_memory need;
    tympan_model model;
    tympan_stream stream;
    tympan_listener listener;
    runtime_read(head, sizeof head);
    if (head[2] > sizeof file || head[3] > sizeof input) {
        return 3;
    }
    runtime_read(file, head[2]);
    runtime_read(input, head[3]);
    if (tympan_model_measure(file, head[2], &need) != TYMPAN_OK || need.tables + need.arena > sizeof memory
        || need.stream > sizeof stream_memory
        || tympan_model_open(&model, file, head[2], memory, need.tables + need.arena) != TYMPAN_OK) {
        return 4;
    }
    const tympan_frontend_config *config = &model.frontend;
    const uint32_t width = tympan_frontend_width(config), step = config->rate / 1000u * model.listening.hop;
    tympan_stream_open(&stream, config, stream_memory, 4);
    const int16_t *samples = (const int16_t *)input;
    const int32_t *slots = (const int32_t *)input;
    uint32_t sums;
    if (head[0] == LISTEN
        && (tympan_listener_measure(&model, step / config->hop, &sums) != TYMPAN_OK || sums > sizeof features
            || tympan_listener_open(&listener, &model, step / config->hop, features, sums) != TYMPAN_OK)) {
        return 5;
    }
    model.trace = head[0] == TRACED ? mark : 0;
    for (uint32_t i = 0; i < head[1]; i++) {
        if (head[0] == WINDOW || head[0] == TRACED) {
            tympan_model_run(&model, (const uint8_t *)input, probabilities);
        } else if (head[0] == FRAMES) {
            tympan_frontend_push(&stream.frontend, samples + i * config->hop, config->hop, (uint8_t *)features);
        } else {
            tympan_stream_slots(&stream, slots + i * step, 1, step);
            tympan_stream_level(&stream);
            if (head[0] == LISTEN) {
                tympan_listener_run(&listener, stream.window, stream.frontend.frames, probabilities);
            } else {
                tympan_model_run(&model, stream.window, probabilities);
            }
        }
    }
    runtime_write(&need, sizeof need);
    if (head[0] == FRAMES) {
        runtime_write(features, width);
    } else {
        if (head[0] == HOPS || head[0] == LISTEN) {
            runtime_write(stream.window, config->frames * width);
        }
        runtime_write(probabilities, 2u * model.label_count);
    }
    return 0;
}
