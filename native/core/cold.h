/* Included first by the files that run when something is opened, once in a while, or only to call kernels: optimised for size
 * whatever the rest of a firmware is, and without what makes gcc's code larger on the robot's chip: it keeps what is cheap to
 * compute again, in registers that must be saved, and copies the ends of loops and switches. */
#ifndef TYMPAN_COLD_H
#define TYMPAN_COLD_H

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize( \
    "Os", "no-tree-fre", "no-tree-loop-optimize", "no-tree-tail-merge", "no-jump-tables", "no-caller-saves", "no-ssa-phiopt", \
    "no-cse-follow-jumps", "no-tree-forwprop")
#endif

#endif
