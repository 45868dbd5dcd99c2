// MicroPython module `tympan`: models and streams of the C core as two classes (stubs: tympan.pyi).

#include <string.h>

#include "py/binary.h"
#include "py/gc.h"
#include "py/mperrno.h"
#include "py/runtime.h"
#include "py/stream.h"

#include "../core/tympan.h"
#include "deadman.h"
#include "port.h"

// Memory that stays where it is: in the chip's internal RAM where that has room, else in the heap. Only C sees it: in
// internal RAM it ends with this object, whoever may still point to it.
typedef struct _block_obj_t {
    mp_obj_base_t base;
    uint32_t *words;
    bool internal;
} block_obj_t;

typedef struct _model_obj_t {
    mp_obj_base_t base;
    uint32_t *file;    // a copy in the heap: what was verified cannot be changed from Python
    block_obj_t *work; // tables and arena
    mp_obj_t labels;
    mp_obj_t trace;
    tympan_memory memory;
    uint32_t file_size;
    bool running;
    tympan_model model;
} model_obj_t;

typedef struct _stream_obj_t {
    mp_obj_base_t base;
    block_obj_t *block;
    mp_obj_t model; // its file holds the front end's parameters
    uint32_t hop;   // frames between windows that have something in common; 0: each is run by itself
    tympan_stream stream;
    tympan_listener listener;
} stream_obj_t;

static const mp_obj_type_t model_type;
static const mp_obj_type_t stream_type;

// Whether a buffer's items are of the type code; a plain bytearray or bytes counts as any of them.
static bool is_of(const mp_buffer_info_t *info, char code) {
    return info->typecode == code || info->typecode == 'B' || info->typecode == BYTEARRAY_TYPECODE;
}

static bool is_bytes(const mp_buffer_info_t *info) {
    return is_of(info, 'B');
}

static void check_idle(const model_obj_t *self) {
    if (self->running) {
        mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("the model is running: trace may not run it again"));
    }
}

static mp_obj_t block_del(mp_obj_t self_in) {
    block_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (self->internal) {
        self->internal = false;
        tympan_port_release(self->words);
        self->words = NULL;
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(block_del_obj, block_del);

// No program gets hold of a block: only the collector calls this.
static const mp_rom_map_elem_t block_locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___del__), MP_ROM_PTR(&block_del_obj) },
};
static MP_DEFINE_CONST_DICT(block_locals, block_locals_table);

static MP_DEFINE_CONST_OBJ_TYPE(block_type, MP_QSTR_block, MP_TYPE_FLAG_NONE, locals_dict, &block_locals);

static block_obj_t *new_block(size_t bytes) {
    block_obj_t *self = mp_obj_malloc_with_finaliser(block_obj_t, &block_type);
    self->internal = false;
    self->words = tympan_port_internal(bytes);
    if (!self->words) {
        gc_collect(); // models that were dropped may still hold it
        self->words = tympan_port_internal(bytes);
    }
    self->internal = self->words != NULL;
    if (!self->internal) {
        self->words = m_new(uint32_t, (bytes + 3) / 4);
    }
    return self;
}

static void raise_refused(const char *what, tympan_status status) {
    mp_raise_msg_varg(
        &mp_type_ValueError, MP_ERROR_TEXT("%s refused, %s: %s"), what, tympan_status_name(status), tympan_status_text(status));
}

// All bytes of a file, whether it was opened as text or not.
static void read_file(mp_obj_t file, vstr_t *bytes) {
    vstr_init(bytes, 1024);
    for (;;) {
        int error = 0;
        char *end = vstr_add_len(bytes, 512);
        mp_uint_t count = mp_stream_rw(file, end, 512, &error, MP_STREAM_RW_READ | MP_STREAM_RW_ONCE);
        if (error || count > 512) { // a file written in Python may claim anything
            mp_raise_OSError(error ? error : MP_EIO);
        }
        vstr_cut_tail_bytes(bytes, 512 - count);
        if (count == 0) {
            return;
        }
    }
}

// Model(source): source is a buffer or a file
static mp_obj_t model_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 1, 1, false);
    mp_buffer_info_t file;
    if (mp_obj_is_str(args[0])) {
        mp_raise_TypeError(MP_ERROR_TEXT("Model takes a buffer or an open file, not a name"));
    }
    if (!mp_get_buffer(args[0], &file, MP_BUFFER_READ)) {
        if (!MP_OBJ_TYPE_HAS_SLOT(mp_obj_get_type(args[0]), protocol)) {
            mp_raise_TypeError(MP_ERROR_TEXT("Model takes a buffer or an open file"));
        }
        mp_get_stream_raise(args[0], MP_STREAM_OP_READ);
        vstr_t bytes;
        read_file(args[0], &bytes);
        file.buf = bytes.buf;
        file.len = bytes.len;
    }

    model_obj_t *self = mp_obj_malloc(model_obj_t, type);
    self->file = m_new(uint32_t, (file.len + 3) / 4);
    memcpy(self->file, file.buf, file.len);
    tympan_status status = tympan_model_measure(self->file, file.len, &self->memory);
    if (status != TYMPAN_OK) {
        raise_refused("model", status);
    }
    size_t bytes = self->memory.tables + self->memory.arena;
    self->work = new_block(bytes);
    status = tympan_model_open(&self->model, self->file, file.len, self->work->words, bytes);
    if (status != TYMPAN_OK) {
        block_del(MP_OBJ_FROM_PTR(self->work));
        raise_refused("model", status);
    }
    self->file_size = file.len;
    self->trace = mp_const_none;
    self->running = false;
    mp_obj_tuple_t *labels = MP_OBJ_TO_PTR(mp_obj_new_tuple(self->model.label_count, NULL));
    for (size_t i = 0; i < self->model.label_count; i++) {
        const char *label = tympan_model_label(&self->model, i);
        labels->items[i] = mp_obj_new_str(label, strlen(label));
    }
    self->labels = MP_OBJ_FROM_PTR(labels);
    return MP_OBJ_FROM_PTR(self);
}

static void store(mp_obj_t dict, qstr key, mp_int_t value) {
    mp_obj_dict_store(dict, MP_OBJ_NEW_QSTR(key), mp_obj_new_int(value));
}

// Bytes of one frame of what the network reads.
static size_t input_width(const tympan_model *model) {
    return (size_t)model->input.bands * model->input.channels;
}

static mp_obj_t model_memory(const model_obj_t *self) {
    const mp_obj_t work[] = { MP_OBJ_NEW_QSTR(MP_QSTR_tables), MP_OBJ_NEW_QSTR(MP_QSTR_arena) };
    mp_obj_t d = mp_obj_new_dict(5);
    store(d, MP_QSTR_file, self->file_size);
    store(d, MP_QSTR_tables, self->memory.tables);
    store(d, MP_QSTR_arena, self->memory.arena);
    store(d, MP_QSTR_stream, self->memory.stream);
    mp_obj_dict_store(d, MP_OBJ_NEW_QSTR(MP_QSTR_internal), mp_obj_new_tuple(self->work->internal ? 2 : 0, work));
    return d;
}

static mp_obj_t model_info(mp_obj_t self_in) {
    const model_obj_t *self = MP_OBJ_TO_PTR(self_in);
    const tympan_frontend_config *f = &self->model.frontend;
    const tympan_listening *l = &self->model.listening;
    mp_obj_t d = mp_obj_new_dict(12);
    mp_obj_dict_store(d, MP_OBJ_NEW_QSTR(MP_QSTR_labels), self->labels);
    store(d, MP_QSTR_rate, f->rate); // 0 where the input is not sound
    store(d, MP_QSTR_frame, f->frame);
    store(d, MP_QSTR_hop, f->hop);
    store(d, MP_QSTR_frames, self->model.input.frames);
    store(d, MP_QSTR_width, input_width(&self->model));
    store(d, MP_QSTR_operators, self->model.operator_count);
    mp_obj_dict_store(d, MP_OBJ_NEW_QSTR(MP_QSTR_memory), model_memory(self));
    mp_obj_t listening = mp_obj_new_dict(6);
    store(listening, MP_QSTR_hop, l->hop);
    store(listening, MP_QSTR_history, l->history);
    store(listening, MP_QSTR_votes, l->votes);
    store(listening, MP_QSTR_threshold, l->threshold);
    store(listening, MP_QSTR_cooldown, l->cooldown);
    store(listening, MP_QSTR_gate, l->gate);
    mp_obj_dict_store(d, MP_OBJ_NEW_QSTR(MP_QSTR_listening), listening);
    return d;
}
static MP_DEFINE_CONST_FUN_OBJ_1(model_info_obj, model_info);

static void call_trace(void *context, unsigned operator_index, const void *frames, uint32_t bytes) {
    model_obj_t *self = context;
    mp_call_function_2(self->trace, MP_OBJ_NEW_SMALL_INT(operator_index), mp_obj_new_bytes(frames, bytes));
}

static void take_out(const model_obj_t *self, mp_obj_t obj, mp_buffer_info_t *out) {
    mp_get_buffer_raise(obj, out, MP_BUFFER_WRITE);
    if (out->typecode != 'H' || out->len != 2u * self->model.label_count) {
        mp_raise_msg_varg(
            &mp_type_ValueError, MP_ERROR_TEXT("out: expected array('H') of %d, one per label"), self->model.label_count);
    }
}

// What trace runs may resize the caller's buffers: it is given copies.
static void run_traced(model_obj_t *self, const mp_buffer_info_t *features, mp_obj_t out_obj, mp_obj_t trace) {
    uint8_t *copy = m_new(uint8_t, features->len);
    memcpy(copy, features->buf, features->len);
    uint16_t *probabilities = m_new(uint16_t, self->model.label_count);
    self->trace = trace;
    self->model.trace = call_trace;
    self->model.trace_context = self;
    self->running = true;
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        tympan_model_run(&self->model, copy, probabilities);
        nlr_pop();
        self->running = false;
    } else {
        self->running = false;
        nlr_jump(nlr.ret_val);
    }
    mp_buffer_info_t out;
    take_out(self, out_obj, &out);
    memcpy(out.buf, probabilities, out.len);
    m_del(uint8_t, copy, features->len);
    m_del(uint16_t, probabilities, self->model.label_count);
}

static size_t window_size(const tympan_frontend_config *f) {
    return (size_t)f->frames * tympan_frontend_width(f);
}

// A window's features; returns the stream whose windows share what they have in common, NULL where they are given otherwise.
static stream_obj_t *take_features(mp_obj_t model, mp_obj_t obj, mp_buffer_info_t *features, bool traced) {
    if (!mp_obj_is_type(obj, &stream_type)) {
        mp_get_buffer_raise(obj, features, MP_BUFFER_READ);
        return NULL;
    }
    stream_obj_t *stream = MP_OBJ_TO_PTR(obj);
    features->buf = stream->stream.window;
    features->len = window_size(&stream->stream.frontend.config);
    features->typecode = 'B';
    if (!stream->hop) {
        return NULL;
    }
    if (stream->model != model) {
        mp_raise_ValueError(MP_ERROR_TEXT("the stream was made for another model"));
    }
    if (traced) {
        mp_raise_ValueError(MP_ERROR_TEXT("trace: only of a window by itself, as stream.window is"));
    }
    return stream;
}

// run(features, out, trace=None): index of the likeliest label. features: a window, or a Stream
static mp_obj_t model_run(size_t n_args, const mp_obj_t *args) {
    model_obj_t *self = MP_OBJ_TO_PTR(args[0]);
    const tympan_input *input = &self->model.input;
    const bool traced = n_args > 3 && args[3] != mp_const_none;
    mp_buffer_info_t features, out;
    stream_obj_t *stream = take_features(args[0], args[1], &features, traced);
    take_out(self, args[2], &out);
    const size_t width = input_width(&self->model), size = input->frames * width;
    if (!is_bytes(&features) || features.len != size) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("features: expected %d bytes (%d frames of %d), got %d of type '%c'"),
            (int)size, input->frames, (int)width, (int)features.len, is_bytes(&features) ? 'B' : features.typecode);
    }
    check_idle(self);
    if (traced) {
        run_traced(self, &features, args[2], args[3]);
        take_out(self, args[2], &out);
    } else if (stream) {
        self->model.trace = NULL;
        tympan_listener_run(&stream->listener, features.buf, stream->stream.frontend.frames, out.buf);
    } else {
        self->model.trace = NULL;
        tympan_model_run(&self->model, features.buf, out.buf);
    }
    const uint16_t *p = out.buf;
    size_t best = 0;
    for (size_t i = 1; i < self->model.label_count; i++) {
        best = p[i] > p[best] ? i : best;
    }
    return MP_OBJ_NEW_SMALL_INT(best);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(model_run_obj, 3, 4, model_run);

static void model_attr(mp_obj_t self_in, qstr attr, mp_obj_t *dest) {
    model_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (dest[0] != MP_OBJ_NULL) {
        return;
    }
    if (attr == MP_QSTR_labels) {
        dest[0] = self->labels;
    } else if (attr == MP_QSTR_memory) {
        dest[0] = model_memory(self);
    } else {
        dest[1] = MP_OBJ_SENTINEL; // look in the methods
    }
}

static const mp_rom_map_elem_t model_locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR_run), MP_ROM_PTR(&model_run_obj) },
    { MP_ROM_QSTR(MP_QSTR_info), MP_ROM_PTR(&model_info_obj) },
};
static MP_DEFINE_CONST_DICT(model_locals, model_locals_table);

static MP_DEFINE_CONST_OBJ_TYPE(
    model_type, MP_QSTR_Model, MP_TYPE_FLAG_NONE, make_new, model_make_new, attr, model_attr, locals_dict, &model_locals);

// Stream(model, gain=0, hop=0)
static mp_obj_t stream_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *all_args) {
    enum { ARG_model, ARG_gain, ARG_hop };
    static const mp_arg_t allowed[] = {
        { MP_QSTR_model, MP_ARG_REQUIRED | MP_ARG_OBJ, { .u_rom_obj = MP_ROM_NONE } },
        { MP_QSTR_gain, MP_ARG_INT, { .u_int = 0 } },
        { MP_QSTR_hop, MP_ARG_INT, { .u_int = 0 } },
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all_kw_array(n_args, n_kw, all_args, MP_ARRAY_SIZE(allowed), allowed, args);
    if (!mp_obj_is_type(args[ARG_model].u_obj, &model_type)) {
        mp_raise_TypeError(MP_ERROR_TEXT("Stream takes a tympan.Model"));
    }
    mp_int_t gain = args[ARG_gain].u_int;
    if (gain < 0 || gain > 8) {
        mp_raise_ValueError(MP_ERROR_TEXT("gain: 0 to 8, in steps of 6 dB"));
    }
    model_obj_t *model = MP_OBJ_TO_PTR(args[ARG_model].u_obj);
    const tympan_frontend_config *config = &model->model.frontend;
    if (config->rate == 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("this model does not hear: give what it reads to run()"));
    }
    stream_obj_t *self = mp_obj_malloc(stream_obj_t, type);
    self->model = args[ARG_model].u_obj;
    self->hop = args[ARG_hop].u_int;
    tympan_status status = TYMPAN_OK;
    uint32_t sums = 0;
    size_t words = (model->memory.stream + 3) / 4;
    if (self->hop) {
        check_idle(model);
        status = tympan_listener_measure(&model->model, self->hop, &sums);
        if (status != TYMPAN_OK) {
            raise_refused("hop", status);
        }
    }
    self->block = new_block(4 * words + sums);
    if (self->hop) {
        status = tympan_listener_open(&self->listener, &model->model, self->hop, self->block->words + words, sums);
        if (status != TYMPAN_OK) {
            block_del(MP_OBJ_FROM_PTR(self->block));
            raise_refused("hop", status);
        }
    }
    tympan_stream_open(&self->stream, config, self->block->words, gain);
    return MP_OBJ_FROM_PTR(self);
}

static void take_buffer(mp_obj_t obj, mp_buffer_info_t *info, char code, size_t item) {
    mp_get_buffer_raise(obj, info, MP_BUFFER_READ);
    if (mp_obj_is_str(obj)) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("expected array('%c') or bytes, got a str"), code);
    }
    bool wide = item == 4 && info->typecode == 'l' && mp_binary_get_size('@', 'l', NULL) == 4;
    if (!is_of(info, code) && !wide) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("expected array('%c') or bytes, got type '%c'"), code, info->typecode);
    }
    if (info->len % item || (uintptr_t)info->buf % item) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("expected whole, aligned items of %d bytes, got %d bytes"), (int)item,
            (int)info->len);
    }
}

// feed(samples): int16 samples; how many frames they completed
static mp_obj_t stream_feed(mp_obj_t self_in, mp_obj_t samples_in) {
    stream_obj_t *self = MP_OBJ_TO_PTR(self_in);
    mp_buffer_info_t samples;
    take_buffer(samples_in, &samples, 'h', 2);
    return mp_obj_new_int_from_uint(tympan_stream_samples(&self->stream, samples.buf, samples.len / 2));
}
static MP_DEFINE_CONST_FUN_OBJ_2(stream_feed_obj, stream_feed);

// feed_slots(slots, channels=1, channel=0): a microphone's 32-bit slots, as machine.I2S gives them
static mp_obj_t stream_feed_slots(size_t n_args, const mp_obj_t *args) {
    stream_obj_t *self = MP_OBJ_TO_PTR(args[0]);
    mp_buffer_info_t slots;
    take_buffer(args[1], &slots, 'i', 4);
    mp_int_t channels = n_args > 2 ? mp_obj_get_int(args[2]) : 1, channel = n_args > 3 ? mp_obj_get_int(args[3]) : 0;
    if (channels < 1 || channels > 8 || channel < 0 || channel >= channels) {
        mp_raise_ValueError(MP_ERROR_TEXT("channels: 1 to 8, channel: one of them, from 0"));
    }
    if (slots.len / 4 % channels) {
        mp_raise_ValueError(MP_ERROR_TEXT("slots: expected as many of each channel"));
    }
    const int32_t *first = (const int32_t *)slots.buf + channel;
    return mp_obj_new_int_from_uint(tympan_stream_slots(&self->stream, first, channels, slots.len / 4 / channels));
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(stream_feed_slots_obj, 2, 4, stream_feed_slots);

static mp_obj_t stream_reset(mp_obj_t self_in) {
    stream_obj_t *self = MP_OBJ_TO_PTR(self_in);
    tympan_stream_reset(&self->stream);
    if (self->hop) {
        tympan_listener_reset(&self->listener);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(stream_reset_obj, stream_reset);

// level(): RMS of the samples fed since the last call
static mp_obj_t stream_level(mp_obj_t self_in) {
    stream_obj_t *self = MP_OBJ_TO_PTR(self_in);
    return MP_OBJ_NEW_SMALL_INT(tympan_stream_level(&self->stream));
}
static MP_DEFINE_CONST_FUN_OBJ_1(stream_level_obj, stream_level);

static void stream_attr(mp_obj_t self_in, qstr attr, mp_obj_t *dest) {
    stream_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (dest[0] != MP_OBJ_NULL) {
        return;
    }
    if (attr == MP_QSTR_window) {
        dest[0] = mp_obj_new_bytes(self->stream.window, window_size(&self->stream.frontend.config));
    } else if (attr == MP_QSTR_frames) {
        dest[0] = mp_obj_new_int_from_uint(self->stream.frontend.frames);
    } else if (attr == MP_QSTR_hop) {
        dest[0] = mp_obj_new_int_from_uint(self->hop);
    } else if (attr == MP_QSTR_internal) {
        dest[0] = mp_obj_new_bool(self->block->internal);
    } else {
        dest[1] = MP_OBJ_SENTINEL;
    }
}

static const mp_rom_map_elem_t stream_locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR_feed), MP_ROM_PTR(&stream_feed_obj) },
    { MP_ROM_QSTR(MP_QSTR_feed_slots), MP_ROM_PTR(&stream_feed_slots_obj) },
    { MP_ROM_QSTR(MP_QSTR_level), MP_ROM_PTR(&stream_level_obj) },
    { MP_ROM_QSTR(MP_QSTR_reset), MP_ROM_PTR(&stream_reset_obj) },
};
static MP_DEFINE_CONST_DICT(stream_locals, stream_locals_table);

static MP_DEFINE_CONST_OBJ_TYPE(
    stream_type, MP_QSTR_Stream, MP_TYPE_FLAG_NONE, make_new, stream_make_new, attr, stream_attr, locals_dict, &stream_locals);

static const mp_rom_map_elem_t module_globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_tympan) },
    { MP_ROM_QSTR(MP_QSTR_Model), MP_ROM_PTR(&model_type) },
    { MP_ROM_QSTR(MP_QSTR_Stream), MP_ROM_PTR(&stream_type) },
    { MP_ROM_QSTR(MP_QSTR_Deadman), MP_ROM_PTR(&tympan_deadman_type) },
};
static MP_DEFINE_CONST_DICT(module_globals, module_globals_table);

const mp_obj_module_t tympan_module = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&module_globals,
};
MP_REGISTER_MODULE(MP_QSTR_tympan, tympan_module);
