/* Listens with a model that is part of the program: no MicroPython, no files, no heap. Raw int16 samples come from standard
 * input, each window's most probable word goes to standard output with its end and its probability.
 *
 *     python -m host.compile models/robot.bin -o build/hear/model.bin --emit c
 *     gcc -std=c99 -O2 -I native/core -I build/hear -o build/hear/hear native/example/hear.c build/hear/model.c \
 *         $(find native/core -name plain -prune -o -name '*.c' -print)
 *     arecord -q -t raw -f S16_LE -r 16000 | build/hear/hear
 *
 * A word lasts for several windows; device/tympan_robot/decision.py makes a command of them. A microphone's 32-bit slots
 * are given to tympan_stream_slots instead. */
#include <inttypes.h>
#include <stdio.h>

#include "model.h"
#include "tympan.h"

enum { SAMPLES = 512 }; /* a hop of the front end is no longer */

/* words, for alignment; one more, for a size may be 0 */
static uint32_t memory[MODEL_MEMORY_BYTES / 4 + 1], stream_memory[MODEL_STREAM_BYTES / 4 + 1];
static uint32_t listener_memory[MODEL_LISTENER_BYTES / 4 + 1];
static tympan_model model;
static tympan_stream stream;
static tympan_listener listener;

static void print_leader(const uint16_t *probabilities) {
    unsigned best = 0;
    for (unsigned i = 1; i < MODEL_LABELS; i++) {
        best = probabilities[i] > probabilities[best] ? i : best;
    }
    const tympan_frontend_config *c = &model.frontend;
    const uint32_t ends = ((stream.frontend.frames - 1) * c->hop + c->frame) / (c->rate / 1000u);
    printf("%7" PRIu32 " ms  %-12s %5u of 65535\n", ends, tympan_model_label(&model, best), (unsigned)probabilities[best]);
}

int main(void) {
    tympan_status status = tympan_model_open(&model, model_bin, sizeof model_bin, memory, sizeof memory);
    if (status != TYMPAN_OK) {
        fprintf(stderr, "%s: %s\n", tympan_status_name(status), tympan_status_text(status));
        return 1;
    }
    tympan_stream_open(&stream, &model.frontend, stream_memory, 0);
    /* where the network cannot do with what is new in a window, it computes whole ones */
    status = tympan_listener_open(&listener, &model, MODEL_HOP, listener_memory, sizeof listener_memory);

    int16_t samples[SAMPLES];
    uint16_t probabilities[MODEL_LABELS];
    uint32_t next = model.frontend.frames; /* the first window is full */
    size_t count;
    while ((count = fread(samples, sizeof *samples, model.frontend.hop, stdin)) > 0) { /* one frame at most */
        tympan_stream_samples(&stream, samples, (uint32_t)count);
        if (stream.frontend.frames != next) {
            continue;
        }
        next += MODEL_HOP;
        if (status == TYMPAN_OK) {
            tympan_listener_run(&listener, stream.window, stream.frontend.frames, probabilities);
        } else {
            tympan_model_run(&model, stream.window, probabilities);
        }
        print_leader(probabilities);
    }
    return 0;
}
