/* Included first by the files in which the time goes: optimised for speed whatever the rest of a firmware is, and without
 * gcc's scheduling before registers are allocated, which spills sums that fit (docs/speed.md). */
#ifndef TYMPAN_HOT_H
#define TYMPAN_HOT_H

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O2", "no-schedule-insns", "no-tree-reassoc", "no-tree-coalesce-vars", "no-tree-pre", "no-tree-ter")
#define TYMPAN_ALONE __attribute__((noinline)) /* registers of its own */
#else
#define TYMPAN_ALONE
#endif

#endif
