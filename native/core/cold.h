/* Included first by the files that run when something is opened, or once in a while: optimised for size whatever the rest
 * of a firmware is. */
#ifndef TYMPAN_COLD_H
#define TYMPAN_COLD_H

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize( \
    "Os", "no-tree-fre", "no-tree-loop-optimize", "no-tree-tail-merge", "no-jump-tables", "no-caller-saves", "no-ssa-phiopt", \
    "no-cse-follow-jumps", "no-tree-forwprop")
#endif

#endif
