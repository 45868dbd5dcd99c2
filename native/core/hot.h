/* Included first by the files in which the time goes: optimised for speed whatever the rest of a firmware is, and without
 * what makes gcc spill sums and pointers that fit (docs/speed.md): its scheduling before registers are allocated, and what
 * gives values that are cheap to compute again a register for longer, such as a pointer for each place that a loop reads. */
#ifndef TYMPAN_HOT_H
#define TYMPAN_HOT_H

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize( \
    "O2", "no-schedule-insns", "no-tree-reassoc", "no-tree-coalesce-vars", "no-tree-pre", "no-tree-ter", \
    "no-tree-loop-optimize", "no-code-hoisting")
#endif
#if defined(__GNUC__)
#define TYMPAN_ALONE __attribute__((noinline)) /* registers of its own, or code of which one copy is enough */
#define TYMPAN_INLINED __attribute__((always_inline))
#else
#define TYMPAN_ALONE
#define TYMPAN_INLINED
#endif

#endif
