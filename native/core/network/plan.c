/* Which frames an operator reads and writes, and when, depends on counters alone, never on what the sound is. So running the
 * schedule without its kernels, and looking at each write, proves the plan for all sounds. */
#include "../cold.h"

#include "plan.h"

#include "schedule.h"

typedef struct {
    uint32_t start, end; /* bytes of the arena */
} span;

/* Where frames [from, to) of a value lie. A global pool's accumulators lie before its buffer; they are written and live as
 * long as it is. */
static span frames_at(const tympan_value *value, unsigned from, unsigned to, bool pool) {
    const uint32_t start = 4u * value->offset, size = tympan_frame_bytes(value);
    span s = {start + (from - value->base) * size, start + (to - value->base) * size};
    if (pool) {
        s.start = start - 4u * value->channels;
        s.end = start + size;
    }
    return s;
}

/* Whether operator `index` may write frames up to `ready`: they are within the value's buffer and the arena, and alias no live
 * frame of another value. */
static bool may_write(tympan_model *model, unsigned index, bool pool, unsigned ready) {
    const tympan_value *out = &model->values[index + 1];
    const span written = frames_at(out, out->produced, ready, pool);
    if (ready - out->base > out->columns || written.end > model->arena_bytes) {
        return false;
    }
    tympan_schedule_find_needed(model, index, ready);
    for (unsigned v = 1; v <= model->operator_count; v++) {
        const tympan_value *value = &model->values[v];
        const bool summing = value->summed > 0 && value->needed == 0;
        if (v != index + 1 && (value->needed < value->produced || summing)) {
            span live = frames_at(value, value->needed, value->produced, summing);
            if (written.start < live.end && live.start < written.end) {
                return false;
            }
        }
    }
    return true;
}

/* Whether live frames may slide to the start of their buffers, the last value's first: none lands on another value's live
 * frames, which lie at the start of their buffers if that value is a later one. */
static bool may_slide(tympan_model *model) {
    tympan_schedule_find_needed(model, model->operator_count, 0);
    for (unsigned v = model->operator_count - 1u; v > 0; v--) {
        const tympan_value *moved = &model->values[v];
        if (moved->needed == moved->base || moved->needed == moved->produced) {
            continue;
        }
        const span to = frames_at(moved, moved->base, moved->base + (unsigned)(moved->produced - moved->needed), false);
        for (unsigned u = 1; u < model->operator_count; u++) {
            const tympan_value *value = &model->values[u];
            const bool summing = value->summed > 0 && value->needed == 0;
            if (u != v && (value->needed < value->produced || summing)) {
                /* those behind it have moved already */
                span live = frames_at(value, value->needed, value->produced, summing);
                if (u > v && !summing) {
                    live = frames_at(value, value->base, value->base + (unsigned)(value->produced - value->needed), false);
                }
                if (to.start < live.end && live.start < to.end) {
                    return false;
                }
            }
        }
    }
    return true;
}

/* Whether the strips that are left of the window may run. */
static bool may_finish(tympan_model *model) {
    tympan_value *values = model->values;
    while (values[0].produced < values[0].frames) {
        tympan_schedule_feed(model);
        for (unsigned i = 0; i < model->operator_count; i++) {
            const tympan_operator *op = &model->operators[i];
            tympan_value *out = &values[i + 1];
            const unsigned ready = tympan_schedule_ready(op, values, out);
            const bool pool = op->traits & TYMPAN_SUMS;
            const bool inside = i + 1u < model->operator_count; /* the last one writes to its caller */
            if (inside && (ready > out->produced || pool) && !may_write(model, i, pool, ready)) {
                return false;
            }
            out->summed = pool ? values[op->source].produced : 0;
            out->produced = (uint16_t)ready;
        }
        if (!may_slide(model)) {
            return false;
        }
        tympan_schedule_slide(model);
    }
    return true;
}

tympan_status tympan_verify_plan(tympan_model *model) {
    tympan_schedule_reset(model);
    return may_finish(model) && model->values[model->operator_count].produced == 1 ? TYMPAN_OK : TYMPAN_PLAN;
}

/* Whether of each value all frames of the window have been produced, and its buffer begins with the first live one. */
static bool at_rest(const tympan_model *model) {
    for (unsigned v = 0; v <= model->operator_count; v++) {
        const tympan_value *value = &model->values[v];
        if (value->produced != value->frames || (v > 0 && value->base != value->needed)) {
            return false;
        }
    }
    return true;
}

/* An endless stream is proved by induction. The counters `produced` and `base` of all values decide what a hop reads, writes and
 * moves. At rest `produced` is the window's length and `base` is `needed`, which follows from `produced`: so there is one
 * state at rest. The first window ends in it, and the hop that begins in it is proved and ends in it. Then the next hop is
 * the same hop again. */
tympan_status tympan_verify_stream(tympan_model *model) {
    for (unsigned pass = 0; pass < 2; pass++) { /* the first window, a hop */
        if (!may_finish(model) || !at_rest(model)) {
            return TYMPAN_PLAN;
        }
        tympan_schedule_advance(model, 0);
    }
    return TYMPAN_OK;
}
