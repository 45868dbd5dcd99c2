/* Reset and exceptions of the S2's code on qemu's de212. That core has no high halves of products: they raise an
 * exception and are computed here. What runs at `vectors` and `high_product` is of the emulator, not of the program, and
 * is not counted; each MULSH or MULUH counts as the one instruction that it is. */

/* ---- register windows: a frame that gives way is stored below the stack pointer of the one that it called --------- */
    .section .vectors, "ax"
    .global vectors
    .align 4
vectors:
    .org 0x00 /* overflow of a frame that called with call4 */
    s32e a0, a5, -16
    s32e a1, a5, -12
    s32e a2, a5, -8
    s32e a3, a5, -4
    rfwo
    .org 0x40 /* underflow of the same */
    l32e a0, a5, -16
    l32e a1, a5, -12
    l32e a2, a5, -8
    l32e a3, a5, -4
    rfwu
    .org 0x80 /* overflow of a frame that called with call8: a4 to a7 go below its own caller's frame */
    s32e a0, a9, -16
    l32e a0, a1, -12
    s32e a1, a9, -12
    s32e a2, a9, -8
    s32e a3, a9, -4
    s32e a4, a0, -32
    s32e a5, a0, -28
    s32e a6, a0, -24
    s32e a7, a0, -20
    rfwo
    .org 0xc0 /* underflow of the same */
    l32e a0, a9, -16
    l32e a1, a9, -12
    l32e a2, a9, -8
    l32e a7, a1, -12
    l32e a3, a9, -4
    l32e a4, a7, -32
    l32e a5, a7, -28
    l32e a6, a7, -24
    l32e a7, a7, -20
    rfwu
    .org 0x300 /* any other exception */
    wsr a0, excsave1
    j high_product
    .size vectors, . - vectors

/* ---- MULUH and MULSH r, s, t: bytes t0, rs, A2 or B2 --------------------------------------------------------------- */
    .text
    .literal_position
    .align 4
    .global high_product
    .type high_product, @function
high_product:
    movi a0, registers
    .irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    s32i a\n, a0, 4 * \n
    .endr
    rsr a2, excsave1
    s32i a2, a0, 0

    rsr a2, epc1
    l8ui a3, a2, 0
    l8ui a4, a2, 1
    l8ui a5, a2, 2
    addi a2, a2, 3
    wsr a2, epc1
    extui a6, a3, 0, 4
    bnez a6, unknown
    movi a6, 0xa2
    movi a7, 0xb2
    beq a5, a6, 1f
    bne a5, a7, unknown
1:  extui a3, a3, 4, 4
    addx4 a3, a3, a0
    l32i a3, a3, 0 /* t */
    extui a6, a4, 0, 4
    addx4 a6, a6, a0
    l32i a6, a6, 0 /* s */
    extui a4, a4, 4, 4
    addx4 a4, a4, a0 /* where r is kept */

    extui a8, a3, 0, 16
    extui a9, a3, 16, 16
    extui a10, a6, 0, 16
    extui a11, a6, 16, 16
    mull a12, a8, a10 /* low low */
    mull a13, a9, a10
    mull a14, a8, a11
    mull a15, a9, a11
    extui a12, a12, 16, 16
    add a13, a13, a12 /* at most (2^16 - 1) 2^16 */
    extui a12, a13, 0, 16
    add a14, a14, a12
    extui a13, a13, 16, 16
    extui a14, a14, 16, 16
    add a15, a15, a13
    add a15, a15, a14
    bne a5, a7, 2f /* unsigned */
    bgez a3, 1f
    sub a15, a15, a6
1:  bgez a6, 2f
    sub a15, a15, a3
2:  s32i a15, a4, 0

    .irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0
    l32i a\n, a0, 4 * \n
    .endr
    rfe
unknown: /* a fault of the program: it ends with status 9 */
    movi a2, 1
    movi a3, 9
    simcall
    .size high_product, . - high_product

    .bss
    .align 4
registers:
    .space 64

/* ---- reset --------------------------------------------------------------------------------------------------------- */
    .section .reset, "ax"
    .global _reset
    .align 4
_reset:
    j 1f
    .align 4
    .literal_position
1:  movi a2, vectors
    wsr a2, vecbase
    movi a2, 0
    wsr a2, windowbase
    rsync
    movi a2, 1
    wsr a2, windowstart
    movi a2, 0x40000 /* PS: windows overflow, exceptions come */
    wsr a2, ps
    rsync
    movi a0, 0
    movi a1, __stack
    movi a4, runtime_main
    callx4 a4
    .size _reset, . - _reset

/* ---- functions of nothing, 8 bytes apart, that gpl/count.c takes for the ends of periods -------------------------- */
    .text
    .global marks
    .balign 8
marks:
    .rept 255
    entry a1, 16
    retw.n
    .balign 8
    .endr
    .size marks, . - marks
