/* The core as a shared library for Python's ctypes: what the core leaves to its caller (memory) and loops over clips. */
#include <stdlib.h>
#include <string.h>

#include "../core/tympan.h"

typedef struct {
    void *file, *memory;
    tympan_model model;
} host_model;

typedef struct {
    void *section, *memory;
    tympan_frontend frontend;
} host_frontend;

static void *copy_of(const void *bytes, uint32_t size) {
    void *copy = malloc(size ? size : 1);
    if (copy && size) {
        memcpy(copy, bytes, size);
    }
    return copy;
}

/* NULL with a status where the file is refused or memory is short. */
host_model *host_model_open(const uint8_t *file, uint32_t size, tympan_memory *memory, int32_t *status) {
    host_model *h = calloc(1, sizeof *h);
    *status = TYMPAN_MEMORY;
    if (h && (h->file = copy_of(file, size)) != NULL) {
        *status = (int32_t)tympan_model_measure(h->file, size, memory);
        if (*status == TYMPAN_OK && (h->memory = malloc(memory->tables + memory->arena)) == NULL) {
            *status = TYMPAN_MEMORY;
        }
        if (*status == TYMPAN_OK) {
            *status = (int32_t)tympan_model_open(&h->model, h->file, size, h->memory, memory->tables + memory->arena);
        }
    }
    if (*status != TYMPAN_OK && h) {
        free(h->memory);
        free(h->file);
        free(h);
        h = NULL;
    }
    return h;
}

void host_model_close(host_model *h) {
    free(h->memory);
    free(h->file);
    free(h);
}

/* features: [windows][frames * width]; probabilities: [windows][labels]. */
void host_model_run(host_model *h, const uint8_t *features, uint32_t windows, uint16_t *probabilities) {
    const tympan_input *input = &h->model.input;
    const uint32_t step = (uint32_t)input->frames * input->bands * input->channels;
    for (uint32_t i = 0; i < windows; i++) {
        tympan_model_run(&h->model, features + i * (size_t)step, probabilities + i * (size_t)h->model.label_count);
    }
}

typedef struct {
    uint8_t *next[256]; /* where the next frames of each operator go */
} collector;

static void collect(void *context, unsigned operator_index, const void *frames, uint32_t bytes) {
    collector *c = context;
    memcpy(c->next[operator_index], frames, bytes);
    c->next[operator_index] += bytes;
}

/* Run one window and copy what every operator wrote, one whole value behind the other, to `values`. */
void host_model_trace(host_model *h, const uint8_t *features, uint16_t *probabilities, uint8_t *values) {
    collector c;
    for (unsigned i = 0; i < h->model.operator_count; i++) {
        const tympan_value *v = &h->model.values[i + 1];
        c.next[i] = values;
        values += (uint32_t)v->frames * v->bands * v->channels * v->bytes;
    }
    h->model.trace = collect;
    h->model.trace_context = &c;
    tympan_model_run(&h->model, features, probabilities);
    h->model.trace = NULL;
}

host_frontend *host_frontend_open(const uint8_t *section, uint32_t size, int32_t *status) {
    host_frontend *h = calloc(1, sizeof *h);
    tympan_frontend_config config;
    *status = TYMPAN_MEMORY;
    if (h && (h->section = copy_of(section, size)) != NULL) {
        *status = (int32_t)tympan_frontend_read(&config, h->section, size);
        if (*status == TYMPAN_OK && (h->memory = malloc(tympan_frontend_bytes(&config))) == NULL) {
            *status = TYMPAN_MEMORY;
        }
    }
    if (*status == TYMPAN_OK) {
        tympan_frontend_open(&h->frontend, &config, h->memory);
    } else if (h) {
        free(h->section);
        free(h);
        h = NULL;
    }
    return h;
}

void host_frontend_close(host_frontend *h) {
    free(h->memory);
    free(h->section);
    free(h);
}

void host_frontend_reset(host_frontend *h) {
    tympan_frontend_reset(&h->frontend);
}

uint32_t host_frontend_ready(const host_frontend *h, uint32_t count) {
    return tympan_frontend_ready(&h->frontend, count);
}

uint32_t host_frontend_push(host_frontend *h, const int16_t *samples, uint32_t count, uint8_t *features) {
    return tympan_frontend_push(&h->frontend, samples, count, features);
}

/* clips: int16 [count][samples], each a stream of its own; features: [count][frames][width]. */
void host_frontend_clips(host_frontend *h, const int16_t *clips, uint32_t count, uint32_t samples, uint8_t *features) {
    for (uint32_t i = 0; i < count; i++) {
        tympan_frontend_reset(&h->frontend);
        features += tympan_frontend_push(&h->frontend, clips + i * (size_t)samples, samples, features)
            * (size_t)tympan_frontend_width(&h->frontend.config);
    }
}

/* A whole stream of microphone slots to samples. */
void host_capture(const int32_t *slots, uint32_t count, uint32_t shift, int16_t *samples) {
    tympan_capture capture;
    tympan_capture_reset(&capture, shift);
    tympan_capture_run(&capture, slots, 1, samples, count);
}

typedef struct {
    void *memory;
    tympan_listener listener;
} host_listener;

/* NULL with a status where the model cannot run on a stream. */
host_listener *host_listener_open(host_model *model, uint32_t hop, uint32_t *bytes, int32_t *status) {
    host_listener *h = calloc(1, sizeof *h);
    *status = (int32_t)tympan_listener_measure(&model->model, hop, bytes);
    if (*status == TYMPAN_OK) {
        *status = h && (h->memory = malloc(*bytes)) != NULL ? TYMPAN_OK : TYMPAN_MEMORY;
    }
    if (*status == TYMPAN_OK) {
        *status = (int32_t)tympan_listener_open(&h->listener, &model->model, hop, h->memory, *bytes);
    }
    if (*status != TYMPAN_OK && h) {
        free(h->memory);
        free(h);
        h = NULL;
    }
    return h;
}

/* The model must still be open. */
void host_listener_close(host_listener *h) {
    tympan_listener_reset(&h->listener);
    free(h->memory);
    free(h);
}

void host_listener_reset(host_listener *h) {
    tympan_listener_reset(&h->listener);
}

/* features: [frames][width] of a stream, from its frame `start` on; ends: [windows], where in these each window that is run
 * ends; probabilities: [windows][labels]. */
void host_listener_run(
    host_listener *h, const uint8_t *features, uint32_t start, const uint32_t *ends, uint32_t windows, uint16_t *probabilities) {
    const tympan_model *model = h->listener.model;
    const tympan_input *input = &model->input;
    const size_t width = (size_t)input->bands * input->channels;
    for (uint32_t i = 0; i < windows; i++) {
        const uint8_t *window = features + (ends[i] - input->frames) * width;
        tympan_listener_run(&h->listener, window, start + ends[i], probabilities + i * (size_t)model->label_count);
    }
}
