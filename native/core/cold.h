/* Included first by the files in which little time goes: what opens and verifies a model, and what calls kernels. They are
 * compiled for size, whatever a firmware's own flags are. Switched off is what makes gcc's code larger on the robot's chip:
 * keeping what is cheap to compute again in registers that must be saved, and copying the ends of loops and switches. */
#ifndef TYMPAN_COLD_H
#define TYMPAN_COLD_H

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("Os", "no-tree-fre", "no-tree-loop-optimize", "no-tree-tail-merge", "no-jump-tables", "no-caller-saves", \
    "no-ssa-phiopt", "no-cse-follow-jumps", "no-tree-forwprop")
#endif

#endif
