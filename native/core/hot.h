/* Included first by the files in which the time goes. They are compiled for speed, whatever a firmware's own flags are. Switched
 * off is what makes gcc run out of registers in these loops and spill accumulators to the stack: scheduling before
 * registers are allocated, and passes that keep an address or a common subexpression in a register of its own rather than
 * compute it again (docs/speed.md). */
#ifndef TYMPAN_HOT_H
#define TYMPAN_HOT_H

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O2", "no-schedule-insns", "no-tree-reassoc", "no-tree-coalesce-vars", "no-tree-pre", "no-tree-ter", \
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
