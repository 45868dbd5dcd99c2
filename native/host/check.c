/* check FILE: opens every model in FILE (size u32, bytes, repeated) and runs the sound ones on a few windows and streams;
 * prints what became of each, and the hops at which it streams. Built under sanitizers, it shows that no file makes the core
 * read or write where it may not. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../core/tympan.h"

static uint32_t next_random(uint32_t *state) {
    *state = *state * UINT32_C(1664525) + UINT32_C(1013904223);
    return *state >> 8;
}

/* Windows of a stream, one left out, with short hops and the model's own: each as it is by itself, or exit status 3. */
static void listen(tympan_model *model) {
    enum { WINDOWS = 8, HOPS = 12 };
    const uint32_t frames = model->input.frames, width = (uint32_t)model->input.bands * model->input.channels;
    const uint32_t own = model->frontend.rate ? model->listening.hop * 16u / model->frontend.hop : HOPS;
    for (uint32_t i = 1, seed = 7; i <= HOPS + 1; i++) {
        const uint32_t hop = i <= HOPS ? i : own;
        tympan_listener listener;
        uint32_t bytes, size = (frames + WINDOWS * hop) * width;
        if (tympan_listener_measure(model, hop, &bytes) != TYMPAN_OK) {
            continue;
        }
        uint8_t *features = malloc(size);
        uint16_t *found = malloc(2u * WINDOWS * model->label_count), *alone = malloc(2u * model->label_count);
        void *memory = malloc(bytes);
        if (!features || !found || !alone || !memory) {
            exit(2);
        }
        for (uint32_t k = 0; k < size; k++) {
            features[k] = (uint8_t)next_random(&seed);
        }
        if (tympan_listener_open(&listener, model, hop, memory, bytes) == TYMPAN_OK) {
            printf(" %u", (unsigned)hop);
            for (uint32_t k = 0; k < WINDOWS; k++) {
                if (k != 4) {
                    tympan_listener_run(&listener, features + k * hop * width, k * hop, found + k * model->label_count);
                }
            }
            for (uint32_t k = 0; k < WINDOWS; k++) {
                tympan_model_run(model, features + k * hop * width, alone);
                if (k != 4 && memcmp(alone, found + k * model->label_count, 2u * model->label_count) != 0) {
                    exit(3);
                }
            }
        }
        free(memory);
        free(alone);
        free(found);
        free(features);
    }
}

static void run(tympan_model *model) {
    const tympan_frontend_config *config = &model->frontend;
    const bool sound = config->rate;
    uint32_t size = (uint32_t)model->input.frames * model->input.bands * model->input.channels, seed = 1;
    uint8_t *features = malloc(size);
    uint16_t *probabilities = malloc(2u * model->label_count);
    void *memory = malloc(sound ? tympan_stream_bytes(config) : 1);
    if (!features || !probabilities || !memory) {
        exit(2);
    }
    for (int fill = 0; fill < 4; fill++) {
        for (uint32_t i = 0; i < size; i++) {
            features[i] = (uint8_t)(fill == 0 ? 0 : fill == 1 ? 255 : next_random(&seed));
        }
        tympan_model_run(model, features, probabilities);
    }
    tympan_stream stream;
    if (sound) {
        tympan_stream_open(&stream, config, memory, 4);
    }
    for (int block = 0; sound && block < 8; block++) {
        int32_t slots[2 * 500];
        for (int i = 0; i < 1000; i++) {
            slots[i] = (int32_t)(next_random(&seed) << (block < 4 ? 8 : 16));
        }
        tympan_stream_slots(&stream, slots, 2, 500);
    }
    if (sound) {
        tympan_model_run(model, stream.window, probabilities);
    }
    free(memory);
    free(probabilities);
    free(features);
}

/* Less memory than a model's tables take is refused, and nothing is written behind it; or exit status 4. */
static void open_with_too_little(const uint8_t *file, uint32_t size, uint32_t tables) {
    enum { PARTS = 32 };
    for (uint32_t part = 0; part <= PARTS; part++) {
        const uint32_t less = tables * part / PARTS;
        tympan_model model;
        void *block = malloc(less ? less : 1);
        if (!block || tympan_model_open(&model, file, size, block, less) != TYMPAN_MEMORY) {
            exit(4);
        }
        free(block);
    }
}

int main(int count, char **arguments) {
    FILE *f = count > 1 ? fopen(arguments[1], "rb") : NULL;
    uint32_t size;
    if (!f) {
        fprintf(stderr, "check FILE\n");
        return 2;
    }
    while (fread(&size, sizeof size, 1, f) == 1) {
        /* exactly as large as the file, so that a byte read beyond it is seen */
        uint8_t *file = malloc(size ? size : 1);
        tympan_memory memory;
        if (!file || fread(file, 1, size, f) != size) {
            return 2;
        }
        void *block = NULL;
        tympan_model model;
        tympan_status status = tympan_model_measure(file, size, &memory);
        if (status == TYMPAN_OK) {
            const uint32_t bytes = memory.tables + memory.arena;
            block = malloc(bytes);
            status = block ? tympan_model_open(&model, file, size, block, bytes) : TYMPAN_MEMORY;
        }
        fputs(tympan_status_name(status), stdout);
        if (status == TYMPAN_OK) {
            open_with_too_little(file, size, memory.tables);
            run(&model);
            listen(&model);
        }
        putchar('\n');
        free(block);
        free(file);
    }
    fclose(f);
    return 0;
}
