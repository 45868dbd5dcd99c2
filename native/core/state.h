/* What a model, a stream and a listener are made of. Their memory is the caller's, who needs to know their size and may read
 * what is described in tympan.h, but writes nothing here. */
#ifndef TYMPAN_STATE_H
#define TYMPAN_STATE_H

#include <stdint.h>

/* ---- Sound ----------------------------------------------------------------------------------------------------- */

typedef struct {
    int32_t dc;        /* the estimate of the offset, times 256 */
    uint8_t shift;     /* gain in steps of 6.02 dB, 0 to 8 */
    uint8_t started;   /* 0 until the first slot, which becomes the estimate */
} tympan_capture;

/* Parameters as the file gives them; the pointers lead into the file. */
typedef struct {
    uint16_t rate, frame, hop; /* Hz; samples of a frame; samples from one frame to the next */
    uint16_t frames;           /* of a window */
    uint8_t bands, coefficients, shift, zero;
    int32_t log_gain, log_offset;
    const int32_t *offsets; /* [coefficients] */
    const uint16_t *edges;  /* [bands + 2], in 1/128 of an FFT bin */
    const int16_t *gains;   /* [coefficients] */
} tympan_frontend_config;

typedef struct {
    tympan_frontend_config config;
    struct tympan_frontend_memory *memory; /* tables, the samples of a frame, its transform */
    int16_t *dct;      /* in that memory */
    uint32_t frames;   /* frames since the start of the stream */
    uint16_t filled;   /* samples waiting */
    uint8_t headroom;  /* bits that a band's sum needs */
} tympan_frontend;

typedef struct {
    tympan_frontend frontend;
    tympan_capture capture;
    uint8_t *window;  /* [frames][width], the newest frame last; frames of digital silence before the first */
    uint64_t energy;  /* sum of the squares of `counted` samples since the level was last asked for */
    uint32_t counted;
} tympan_stream;

/* ---- Model ------------------------------------------------------------------------------------------------------ */

typedef struct {
    uint16_t hop, cooldown;    /* ms; a hop is from one window to the next */
    uint16_t threshold;        /* of 65535 */
    uint16_t gate;             /* the level gate: RMS of int16 below which the network is not run */
    uint8_t history, votes;    /* windows */
} tympan_listening;

/* One value that flows between operators, and how much of it is in memory. */
typedef struct {
    uint16_t frames;    /* in a whole window */
    uint16_t columns;   /* frames that its buffer holds */
    uint16_t base;      /* frame at the start of the buffer */
    uint16_t produced;  /* frames computed so far */
    uint16_t needed;    /* first live frame: the first that some operator will still read */
    uint16_t summed;    /* frames that the global average pool writing this value has added up; else 0 */
    uint16_t step;      /* frames from a listener's window to the next: a hop; 0 behind the pool, and in a window by itself */
    uint16_t offset;    /* of the buffer in the arena, in units of 4 bytes */
    uint8_t bands, channels, zero;
    uint8_t bytes;      /* per number */
} tympan_value;

typedef struct tympan_model tympan_model;
typedef struct tympan_operator tympan_operator;
typedef struct tympan_listener tympan_listener;

/* Accumulators of a stream's global average pool: one set for each hop of the window, summed over the hop's frames. */
typedef struct {
    int32_t *sums;   /* [count][channels] */
    uint16_t count;  /* hops in a window, the last one perhaps not whole */
    uint16_t newest; /* whose sums are not complete */
    uint16_t filled; /* frames in them */
} tympan_hops;

/* Called after each run of an operator with the frames it has just written, for tests and the curious. */
typedef void (*tympan_trace)(void *context, unsigned operator_index, const void *frames, uint32_t bytes);

/* What the network reads: uint8 [frames][bands][channels], features or whatever else the file is for. */
typedef struct {
    uint16_t frames;
    uint8_t bands, channels, zero; /* zero: the number that stands for 0 */
} tympan_input;

struct tympan_model {
    tympan_frontend_config frontend; /* of rate 0 where the input is not sound */
    tympan_input input;
    tympan_listening listening;
    const char *labels;        /* label_count strings, each ended by a NUL */
    const uint8_t *records;    /* of the operators */
    const tympan_operator *operators; /* unpacked */
    tympan_value *values;      /* [operator_count + 1], the features first */
    uint8_t *arena;
    uint8_t *sigmoid;          /* [256] */
    int32_t *prepared;         /* constants of the kernels, made from those in the records */
    uint8_t *scratch;          /* what a kernel works in */
    tympan_trace trace;
    void *trace_context;
    tympan_hops *hops;         /* of the stream whose frames are in the arena; NULL where they are of a window by itself */
    uint32_t arena_bytes, records_bytes;
    uint16_t strip;            /* feature frames in a strip */
    uint8_t operator_count, label_count;
    uint8_t ahead;             /* whether constants are prepared when the model is opened, or as operators run */
};

struct tympan_listener {
    tympan_model *model;
    tympan_hops hops;
    uint32_t ended;     /* frames of the stream at the end of the last window */
    uint16_t hop;       /* frames of features */
};

#endif
