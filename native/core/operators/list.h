/* The kinds of operators, in the order of their numbers in the file: every switch over kinds is made of this list.
 *
 *   X(NAME, name, head, traits)
 *
 * name: operators/name.h has what it is to the loader, name.c its kernel. head: bytes of its record before the constants.
 *
 * To add one: a line here, operators/name.h with the functions that kinds.c calls (tympan_name_unpack, _shape, _work, _range,
 * _choose, _prepare and _run; with -Werror a missing one does not compile), its kernel, and host/operators/name.py. */
#ifndef TYMPAN_LIST_H
#define TYMPAN_LIST_H

#define TYMPAN_OPERATORS(X) \
    X(CONV2D, conv2d, 16, TYMPAN_DILATES) \
    X(MAX_POOL, max_pool, 12, 0) \
    X(GATE, gate, 16, TYMPAN_READS_OTHER) \
    X(ADD, add, 12, TYMPAN_READS_OTHER) \
    X(GLOBAL_AVERAGE_POOL, global_average_pool, 12, TYMPAN_SUMS) \
    X(DENSE, dense, 12, TYMPAN_READS_CELL) \
    X(SOFTMAX, softmax, 8, TYMPAN_READS_CELL | TYMPAN_ENDS) \
    X(AVERAGE_POOL, average_pool, 12, 0)

/* What sets kinds apart for the loader, the schedule and the memory plan. */
enum tympan_trait {
    TYMPAN_READS_OTHER = 1, /* a second value cell by cell, perhaps a residual; it may write over its source and residual */
    TYMPAN_SUMS = 2,        /* adds up all frames of a window, as they come, before it writes one */
    TYMPAN_READS_CELL = 4,  /* reads a value of one frame and one band */
    TYMPAN_ENDS = 8,        /* is the last operator, and only that: it reads 16-bit numbers and writes to the caller */
    TYMPAN_DILATES = 16,    /* has a second kind of record, numbered TYMPAN_DILATED + its kind, whose head is 4 bytes longer */
};

/* clang-format off */
enum tympan_kind {
    TYMPAN_NO_KIND,
#define X(NAME, name, head, traits) TYMPAN_##NAME,
    TYMPAN_OPERATORS(X)
#undef X
    TYMPAN_KINDS,
    TYMPAN_DILATED = 128
};
/* clang-format on */

#endif
