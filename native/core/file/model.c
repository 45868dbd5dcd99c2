/* model.bin: what it looks like, and everything that is checked before it is trusted.
 *
 * All numbers are little-endian; u8 is an unsigned byte, i16 [n] are n signed numbers of 16 bits. Every section and every
 * operator record starts at a multiple of 4 bytes from the start of the file.
 *
 *   .-- header ----------------------------------------------------------------------------------------------.
 *   |  0  "TYMP"  |  4  major u8  |  5  needs u8  |  6  0 u16  |  8  size of the file u32  |  12  CRC-32 u32   |
 *   '--------------------------------------------------------------------------------------------------------'
 *   The CRC (zlib's) is over bytes 0 to 11 and 16 to the end.
 *   Then sections to the end of the file, in any order: tag [4], bytes u32, that many bytes, zeros up to a multiple of 4.
 *
 *   "FRNT"  the front end: rate u16 (Hz), frame u16 (samples), hop u16 (samples from a frame to the next), frames u16 (of a
 *           window), bands u8, coefficients u8, shift u8, zero u8, log_gain i32, log_offset i32, offsets i32 [coefficients],
 *           edges u16 [bands + 2] (in 1/128 of an FFT bin), gains i16 [coefficients]
 *           Value 0, what the network reads, is u8 [frames][coefficients, or bands where there are none][1 channel].
 *   "INPT"  in place of "FRNT" where the input is no sound: frames u16, bands u8, channels u8, zero u8, 0 u8, 0 u16
 *           Value 0 is u8 [frames][bands][channels], of which the number `zero` stands for 0.
 *   "OPER"  the network: operators u8, ahead u8 (whether tables may be made when the model is opened), strip u16 (frames of
 *           value 0 that pass through it at a time), arena u32 (bytes), then one record for each operator, in the order in
 *           which they run. Operator i, from 0, writes value i + 1; what it reads are values of lower numbers. A record:
 *
 *           .-- head ------------------------------------------------------------------------------------------.
 *           |  0  kind u8  |  1  source u8  |  2  zero u8  |  3  shift u8  |  4  columns u16  |  6  offset u16   |
 *           '--------------------------------------------------------------------------------------------------'
 *           source: the value that it reads. zero: the zero point of what it writes. shift: of the requantisation, 0 where
 *           there is none. columns: frames that the buffer of its output holds. offset: where in the arena that buffer
 *           begins, in units of 4 bytes. Then, by kind, and padded with zeros to a multiple of 4:
 *
 *             1 CONV2D       channels u8 (that it writes), t u8, f u8 (frames and bands of its kernel), pad u8 (columns of
 *                            zero points at either edge), stride t u8, stride f u8, groups u8, bias shift u8;
 *                            bias i16 [channels], mult u8 [channels], weight i8 [channels][t][f][channels in / groups]
 *           129 DILATED_CONV2D   the same as far as bias shift, dilation u8 (frames from one of the kernel to the next), 0 u8 [3];
 *                            bias, mult, weight
 *             2 MAX_POOL     t u8, f u8 (frames and bands of a cell), 0 u16
 *             3 GATE         attention u8 (a value), residual u8 (a value, or 255), factor t u8, factor f u8 (frames and bands
 *                            that a number of the attention covers), residual mult i16, bias shift u8, 0 u8;
 *                            bias i16 [channels in], mult i16 [channels in], slope i16 [channels in]
 *             4 ADD          other u8 (a value), factor t u8, factor f u8, bias shift u8;
 *                            bias i16 [channels in], mult i16 [channels in], other mult i16 [channels in]
 *             5 GLOBAL_AVERAGE_POOL   mult u16, 0 u16. Its accumulators, i32 [channels in], lie at `offset`; its output is
 *                            behind them.
 *             6 DENSE        classes u8, bias shift u8, 0 u16; bias i16 [classes], mult u8 [classes],
 *                            weight i8 [classes][channels in]
 *             7 SOFTMAX      nothing
 *             8 AVERAGE_POOL mult u16, t u8, f u8 (frames and bands of a cell)
 *   "LABL"  classes u8, then that many UTF-8 strings of at least one byte, each ended by a NUL
 *   "LSTN"  hop u16 (ms from a window to the next), cooldown u16 (ms), threshold u16 (of 65535), gate u16 (the level below
 *           which nothing is run), history u8, votes u8 (windows), 0 u16;
 *           needed beside "FRNT" only
 *   others  a tag that begins with a lower-case letter may be ignored ("name": what the model is called)
 *
 * "Channels in" are those of the source. What each number means to what is computed: docs/semantics.md.
 *
 * `needs` is the lowest minor version of a reader that reads the file: a reader of version M.m reads every file of major
 * version M that needs no more than m. 0: sound, kinds 1 to 7. 1: INPT, kinds 8 and 129.
 *
 * What is 0 here is written so and not looked at. Limits: 1000 frames, hops of whole ms, 254 operators, 256 KB of their
 * records, 256 KB of arena, 2^26 multiply-adds or values read, and strips * operators^2 <= 2,000,000.
 */
#include "../cold.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "crc32.h"
#include "../network/network.h"
#include "../network/plan.h"
#include "../sound/fft.h"

enum { MAJOR = 1, MINOR = 1, HEADER = 16, CHUNK = 8, MAX_FRAMES = 1000, MAX_RECORDS = 1 << 18 };

/* All numbers of the file are where their size divides the address. */
static inline uint16_t u16(const uint8_t *p) {
    return *(const uint16_t *)(const void *)p;
}

static inline uint32_t u32(const uint8_t *p) {
    return *(const uint32_t *)(const void *)p;
}

/* These lie in memory as they do in the file. */
typedef char frontend_as_in_file[offsetof(tympan_frontend_config, log_offset) == 16 ? 1 : -1];
typedef char listening_as_in_file[sizeof(tympan_listening) == 10 ? 1 : -1];

/* The i-th of strings that follow one another. */
static const char *string_at(const char *strings, unsigned i) {
    for (; i > 0; i--) {
        strings += strlen(strings) + 1;
    }
    return strings;
}

static const char statuses[] =
#define X(name, sentence) #name "\0" sentence "\0"
    TYMPAN_STATUSES(X);
#undef X

const char *tympan_status_name(tympan_status status) {
    return string_at(statuses, 2u * status);
}

const char *tympan_status_text(tympan_status status) {
    return string_at(statuses, 2u * status + 1);
}

typedef struct {
    const uint8_t *data;
    uint32_t bytes;
} chunk;

enum { FRNT, INPT, OPER, LABL, LSTN, CHUNKS };

/* Find the sections; each of ours at most once. */
static tympan_status find_chunks(const uint8_t *file, uint32_t size, chunk chunks[CHUNKS]) {
    static const char tags[CHUNKS][5] = {"FRNT", "INPT", "OPER", "LABL", "LSTN"};
    memset(chunks, 0, CHUNKS * sizeof *chunks);
    for (uint32_t at = HEADER; at < size;) {
        if (size - at < CHUNK || u32(file + at + 4) > size - at - CHUNK) {
            return TYMPAN_CHUNK;
        }
        const uint8_t *tag = file + at;
        const uint32_t bytes = u32(tag + 4), padded = (bytes + 3u) & ~UINT32_C(3);
        unsigned k = 0;
        while (k < CHUNKS && memcmp(tag, tags[k], 4) != 0) {
            k++;
        }
        if (k < CHUNKS) {
            if (chunks[k].data) {
                return TYMPAN_CHUNK;
            }
            chunks[k].data = tag + CHUNK;
            chunks[k].bytes = bytes;
        } else if (tag[0] < 'a' || tag[0] > 'z') {
            return TYMPAN_CHUNK;
        }
        if (padded > size - at - CHUNK) {
            return TYMPAN_CHUNK;
        }
        at += CHUNK + padded;
    }
    const bool sound = chunks[FRNT].data, other = chunks[INPT].data;
    return sound != other && chunks[OPER].data && chunks[LABL].data && (chunks[LSTN].data || other) ? TYMPAN_OK : TYMPAN_CHUNK;
}

static tympan_status open_envelope(const uint8_t *file, uint32_t size, chunk chunks[CHUNKS]) {
    if (size < HEADER) {
        return size >= 4 && memcmp(file, "TYMP", 4) != 0 ? TYMPAN_MAGIC : TYMPAN_TRUNCATED;
    }
    if (memcmp(file, "TYMP", 4) != 0) {
        return TYMPAN_MAGIC;
    }
    if (file[4] != MAJOR || file[5] > MINOR) {
        return TYMPAN_VERSION;
    }
    if (u32(file + 8) != size) {
        return u32(file + 8) > size ? TYMPAN_TRUNCATED : TYMPAN_OVERSIZED;
    }
    if (tympan_crc32(tympan_crc32(0, file, 12), file + HEADER, size - HEADER) != u32(file + 12)) {
        return TYMPAN_CHECKSUM;
    }
    return find_chunks(file, size, chunks);
}

tympan_status tympan_frontend_read(tympan_frontend_config *c, const void *section, uint32_t bytes) {
    const uint8_t *p = section;
    if (bytes < 20) {
        return TYMPAN_FRONTEND;
    }
    memcpy(c, p, 20);
    if (bytes != 20 + 4u * c->coefficients + 2u * (c->bands + 2u) + 2u * c->coefficients) {
        return TYMPAN_FRONTEND;
    }
    /* sections are aligned and so are these */
    c->offsets = (const int32_t *)(const void *)(p + 20);
    c->edges = (const uint16_t *)(const void *)(c->offsets + c->coefficients);
    c->gains = (const int16_t *)(const void *)(c->edges + c->bands + 2);
    if (c->rate != 16000 || c->frame < 16 || c->frame > TYMPAN_FFT || c->hop < 1 || c->hop % 16 != 0 || c->hop > c->frame
        || c->frames < 1 || c->frames > MAX_FRAMES || c->bands < 1 || c->coefficients > c->bands || c->shift > 30) {
        return TYMPAN_FRONTEND;
    }
    for (unsigned j = 0; j <= c->bands; j++) {
        if (c->edges[j] >= c->edges[j + 1] || c->edges[j + 1] - c->edges[j] > TYMPAN_SEGMENT * 128) {
            return TYMPAN_FRONTEND;
        }
    }
    if (c->edges[c->bands + 1] > (TYMPAN_HALF - 1) * 128) {
        return TYMPAN_FRONTEND;
    }
    /* log2 of an energy lies within 100 either way, in Q10 */
    const int64_t gain = c->log_gain < 0 ? -(int64_t)c->log_gain : c->log_gain;
    const int64_t offset = c->log_offset < 0 ? -(int64_t)c->log_offset : c->log_offset;
    if (gain * 102400 + offset > INT32_MAX) {
        return TYMPAN_FRONTEND;
    }
    for (unsigned k = 0; k < c->coefficients; k++) {
        int64_t row = c->gains[k] < 0 ? -c->gains[k] : c->gains[k], start = c->offsets[k];
        if (row > 32767 || row * c->bands * 255 + (start < 0 ? -start : start) > INT32_MAX) {
            return TYMPAN_FRONTEND;
        }
    }
    return TYMPAN_OK;
}

static tympan_status open_input(const chunk chunks[CHUNKS], tympan_model *model) {
    tympan_input *input = &model->input;
    const chunk *part = &chunks[INPT];
    const uint8_t *p = part->data;
    if (p) {
        if (part->bytes != 8) {
            return TYMPAN_FRONTEND;
        }
        input->frames = u16(p);
        input->bands = p[2];
        input->channels = p[3];
        input->zero = p[4];
        const bool fits = input->frames >= 1 && input->frames <= MAX_FRAMES && input->bands >= 1 && input->channels >= 1;
        return fits ? TYMPAN_OK : TYMPAN_FRONTEND;
    }
    const tympan_status status = tympan_frontend_read(&model->frontend, chunks[FRNT].data, chunks[FRNT].bytes);
    input->frames = model->frontend.frames;
    input->bands = (uint8_t)tympan_frontend_width(&model->frontend);
    input->channels = 1;
    input->zero = model->frontend.zero;
    return status;
}

/* Whether the bytes are UTF-8, as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */
static bool is_utf8(const uint8_t *p, const uint8_t *end) {
    while (p < end) {
        const uint8_t first = *p++;
        const unsigned more = first < 0x80 ? 0 : first < 0xC2 ? 4 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : first < 0xF5 ? 3 : 4;
        if (more == 4 || end - p < (int)more) {
            return false;
        }
        if ((first == 0xE0 && p[0] < 0xA0) || (first == 0xED && p[0] > 0x9F) || (first == 0xF0 && p[0] < 0x90)
            || (first == 0xF4 && p[0] > 0x8F)) {
            return false;
        }
        for (unsigned i = 0; i < more; i++) {
            if ((*p++ & 0xC0) != 0x80) {
                return false;
            }
        }
    }
    return true;
}

static tympan_status open_labels(const chunk *part, tympan_model *model) {
    if (part->bytes < 1 || part->data[0] < 1) {
        return TYMPAN_LABELS;
    }
    model->label_count = part->data[0];
    model->labels = (const char *)part->data + 1;
    if (!is_utf8(part->data + 1, part->data + part->bytes)) {
        return TYMPAN_LABELS;
    }
    unsigned ends = 0;
    for (uint32_t i = 1; i < part->bytes; i++) {
        if (part->data[i] == 0) {
            ends++;
            if (i == 1 || part->data[i - 1] == 0) {
                return TYMPAN_LABELS; /* a word of nothing */
            }
        }
    }
    return ends == model->label_count && part->data[part->bytes - 1] == 0 ? TYMPAN_OK : TYMPAN_LABELS;
}

static tympan_status open_listening(const chunk *part, tympan_listening *l) {
    const uint8_t *p = part->data;
    if (!p) {
        return TYMPAN_OK;
    }
    if (part->bytes != 12) {
        return TYMPAN_LISTENING;
    }
    memcpy(l, p, sizeof *l);
    return l->hop >= 10 && l->history >= 1 && l->votes >= 1 && l->votes <= l->history ? TYMPAN_OK : TYMPAN_LISTENING;
}

static tympan_status open_operators(const chunk *part, tympan_model *model) {
    if (part->bytes < 8 || part->bytes > MAX_RECORDS || (part->bytes & 3) != 0) {
        return TYMPAN_OPERATOR;
    }
    model->operator_count = part->data[0];
    model->ahead = part->data[1];
    model->strip = u16(part->data + 2);
    model->arena_bytes = u32(part->data + 4);
    model->records = part->data + 8;
    model->records_bytes = part->bytes - 8;
    if (model->operator_count < 2 || model->operator_count > 254) {
        return TYMPAN_GRAPH;
    }
    if (model->strip < 1 || model->arena_bytes > UINT32_C(262144)) {
        return TYMPAN_PLAN;
    }
    /* what proving the plan costs, so that opening a hostile file cannot keep the robot busy for long */
    const uint32_t strips = (model->input.frames + model->strip - 1u) / model->strip;
    return strips * model->operator_count * model->operator_count <= UINT32_C(2000000) ? TYMPAN_OK : TYMPAN_PLAN;
}

tympan_status tympan_model_measure(const void *file, uint32_t size, tympan_memory *memory) {
    chunk chunks[CHUNKS];
    tympan_model model;
    memset(&model, 0, sizeof model);
    tympan_status status = ((uintptr_t)file & 3) ? TYMPAN_MEMORY : open_envelope(file, size, chunks);
    if (status == TYMPAN_OK) {
        status = open_input(chunks, &model);
    }
    if (status == TYMPAN_OK) {
        status = open_operators(&chunks[OPER], &model);
    }
    if (status == TYMPAN_OK) {
        status = tympan_network_measure(&model, &memory->tables);
    }
    if (status == TYMPAN_OK) {
        memory->arena = model.arena_bytes;
        memory->stream = model.frontend.rate ? tympan_stream_bytes(&model.frontend) : 0;
    }
    return status;
}

tympan_status tympan_model_open(tympan_model *model, const void *file, uint32_t size, void *memory, uint32_t bytes) {
    chunk chunks[CHUNKS];
    memset(model, 0, sizeof *model);
    tympan_status status = ((uintptr_t)file & 3) || ((uintptr_t)memory & 3) ? TYMPAN_MEMORY : open_envelope(file, size, chunks);
    if (status == TYMPAN_OK) {
        status = open_input(chunks, model);
    }
    if (status == TYMPAN_OK) {
        status = open_labels(&chunks[LABL], model);
    }
    if (status == TYMPAN_OK) {
        status = open_listening(&chunks[LSTN], &model->listening);
    }
    if (status == TYMPAN_OK) {
        status = open_operators(&chunks[OPER], model);
    }
    if (status == TYMPAN_OK) {
        status = tympan_network_open(model, memory, bytes);
    }
    return status == TYMPAN_OK ? tympan_verify_plan(model) : status;
}

const char *tympan_model_label(const tympan_model *model, unsigned i) {
    return string_at(model->labels, i);
}
