/* The reset vector: a stack, then C. */
    .section .reset, "ax"
    .global _reset
    .align 4
_reset:
    j 1f
    .align 4
    .literal_position
1:  movi a1, __stack
    movi a0, runtime_main
    callx0 a0
    .size _reset, . - _reset

/* Functions of nothing, 8 bytes apart, that gpl/count.c takes for the ends of periods. */
    .text
    .global marks
    .balign 8
marks:
    .rept 255
    ret.n
    .balign 8
    .endr
    .size marks, . - marks
