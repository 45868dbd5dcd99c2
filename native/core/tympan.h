/* tympan: keyword spotting on a microcontroller's integers.
 *
 *   microphone slots --capture--> int16 samples --front end--> uint8 features --model--> uint16 probabilities
 *
 * What each step computes, to the last bit, is docs/semantics.md. The core is C99 and needs memcpy, memmove, memset, memcmp and strlen.
 * It allocates nothing, uses no floating point and no recursion; all memory is the caller's. A model file is untrusted:
 * tympan_model_open verifies it in full, and only then do kernels run and trust it. The file format is drawn in model.c.
 */
#ifndef TYMPAN_H
#define TYMPAN_H

#include "state.h"

/* Everything that can be wrong with a file, or keep a model from running on a stream, as X(name, sentence). */
#define TYMPAN_STATUSES(X) \
    X(OK, "the file is sound") \
    X(TRUNCATED, "the file is shorter than its header says; copy it again") \
    X(OVERSIZED, "the file is longer than its header says; copy it again") \
    X(MAGIC, "this is not a tympan model: it does not begin with TYMP") \
    X(VERSION, "a newer format; update the firmware, or compile for this one") \
    X(CHECKSUM, "the checksum does not match; the file was damaged, copy it again") \
    X(CHUNK, "a section is missing, doubled, unknown or too long") \
    X(FRONTEND, "the front end's or the input's numbers are out of range") \
    X(LISTENING, "the listening defaults are out of range") \
    X(LABELS, "the labels are no words, or not one for each output") \
    X(OPERATOR, "an operator is unknown or too long") \
    X(GRAPH, "an operator reads a value that is not there") \
    X(SHAPE, "an operator does not fit what it reads") \
    X(RANGE, "a sum could exceed 32 bits") \
    X(WORK, "a window takes more than 2^26 multiply-adds, or values read") \
    X(PLAN, "the memory plan lets two values overlap or overflow") \
    X(MEMORY, "the memory given is too small or not aligned to 4 bytes") \
    X(STREAM, "not a network of one global average pool, behind which nothing reads frames") \
    X(HOP, "the hop is no multiple of the network's strides, or too long for its window")

typedef enum {
#define X(name, sentence) TYMPAN_##name,
    TYMPAN_STATUSES(X)
#undef X
} tympan_status;

/* The status as a name ("CHECKSUM") and as a sentence for people. */
const char *tympan_status_name(tympan_status status);
const char *tympan_status_text(tympan_status status);

/* ---- Microphone slots to samples ------------------------------------------------------------------------------ */

void tympan_capture_reset(tympan_capture *capture, unsigned shift);
/* samples[i] from slots[i * stride]; stride 2 takes one side of stereo. */
void tympan_capture_run(tympan_capture *capture, const int32_t *slots, unsigned stride, int16_t *samples, uint32_t count);

/* ---- Front end: samples to features --------------------------------------------------------------------------- */

/* Values in one feature frame. */
static inline uint32_t tympan_frontend_width(const tympan_frontend_config *config) {
    return config->coefficients ? config->coefficients : config->bands;
}

/* Read and verify the file's front-end section; `section` is aligned to 4 bytes and must stay as it is. */
tympan_status tympan_frontend_read(tympan_frontend_config *config, const void *section, uint32_t bytes);
/* Bytes of memory that tympan_frontend_open takes, for tables and state. */
uint32_t tympan_frontend_bytes(const tympan_frontend_config *config);
/* memory: aligned to 4 bytes. The config comes from a verified model. */
void tympan_frontend_open(tympan_frontend *frontend, const tympan_frontend_config *config, void *memory);
/* Begin a new stream: the next frame starts with the next sample. */
void tympan_frontend_reset(tympan_frontend *frontend);
/* Frames that `count` more samples will complete. */
uint32_t tympan_frontend_ready(const tympan_frontend *frontend, uint32_t count);
/* Take samples as they come; writes the frames they complete to features [ready][width] and returns how many. */
uint32_t tympan_frontend_push(tympan_frontend *frontend, const int16_t *samples, uint32_t count, uint8_t *features);
/* The features [width] of log-mel levels [bands]. */
void tympan_frontend_features(const tympan_frontend *frontend, const uint8_t *levels, uint8_t *features);

/* ---- Stream: a microphone's blocks to the window that the network sees -------------------------------------------- */

uint32_t tympan_stream_bytes(const tympan_frontend_config *config);
/* memory: aligned to 4 bytes. The config comes from a verified model whose input is sound (rate > 0). */
void tympan_stream_open(tympan_stream *stream, const tympan_frontend_config *config, void *memory, unsigned gain_shift);
void tympan_stream_reset(tympan_stream *stream);
/* Take samples, or microphone slots as tympan_capture_run does; returns how many frames they completed. */
uint32_t tympan_stream_samples(tympan_stream *stream, const int16_t *samples, uint32_t count);
uint32_t tympan_stream_slots(tympan_stream *stream, const int32_t *slots, unsigned stride, uint32_t count);
/* RMS of the samples taken since the last call (or the reset), floor of the root of the floor of the mean; 0 of none. */
uint32_t tympan_stream_level(tympan_stream *stream);

/* ---- Model: features to probabilities ------------------------------------------------------------------------- */

/* Bytes of memory by use; all of it is the caller's. */
typedef struct {
    uint32_t tables;    /* made when the model is opened */
    uint32_t arena;     /* activations */
    uint32_t stream;    /* tables and state of the front end, and the window; 0 where the input is not sound */
} tympan_memory;

/* Check the file's envelope (size, version, checksum, sections) and say how much memory it needs. */
tympan_status tympan_model_measure(const void *file, uint32_t size, tympan_memory *memory);
/* Verify the file in full and make it ready to run. `file` (aligned to 4 bytes) must stay as it is while the model is
 * used; `memory` (aligned to 4 bytes) holds tables + arena bytes. */
tympan_status tympan_model_open(tympan_model *model, const void *file, uint32_t size, void *memory, uint32_t bytes);
/* features: uint8, of the model's input; probabilities: uint16 [label_count]. */
void tympan_model_run(tympan_model *model, const uint8_t *features, uint16_t *probabilities);
/* Label i, i < label_count. */
const char *tympan_model_label(const tympan_model *model, unsigned i);

/* ---- Listener: a window every hop, of which only the last hop is computed ---------------------------------------- */

/* Its probabilities are those of tympan_model_run on the same window, to the last bit. It uses the model's arena: where
 * that, or another listener, ran meanwhile, the next window is computed from its beginning. */

/* Bytes of memory that tympan_listener_open takes; STREAM or HOP where the network cannot do with a hop's frames. */
tympan_status tympan_listener_measure(tympan_model *model, uint32_t hop, uint32_t *bytes);
/* Verify that the model's plan holds for ever, and begin a stream. memory: aligned to 4 bytes. PLAN where the plan only
 * holds for windows: compile the model again, or use tympan_model_run. */
tympan_status tympan_listener_open(tympan_listener *listener, tympan_model *model, uint32_t hop, void *memory, uint32_t bytes);
/* The frames that come next are another stream's. */
void tympan_listener_reset(tympan_listener *listener);
/* window: uint8 [frames][width], the last ones of a stream that has brought `frames` so far (modulo 2^32). Windows may be
 * left out: what was missed is computed from this one, or all of it where they have too little in common. */
void tympan_listener_run(tympan_listener *listener, const uint8_t *window, uint32_t frames, uint16_t *probabilities);

#endif
