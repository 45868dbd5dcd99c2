"""Integer functions from which every table of the robot is made (docs/semantics.md, section 2).

The C core holds the same functions in native/core/integers/tables.c. They use integers only, so that both sides build
the same tables bit for bit; the two 33-entry constants below are the formulas beside them, correctly rounded.
"""

import numpy as np

Q30 = 1 << 30

# log2(1 + i/32) in Q15
LOG2_TABLE = np.round(32768 * np.log2(1 + np.arange(33) / 32)).astype(np.int64)
# 2**(-i/32) in Q15
EXP2_TABLE = np.round(32768 * 2.0 ** (-np.arange(33) / 32)).astype(np.int64)

# Taylor series of cos(pi/2 f) in z = f^2: (pi/2)^(2i) / (2i)! in Q30, alternating signs handled by the recurrence
COS_SERIES = (1073741824, 1324675879, 272375560, 22401992, 987048, 27060, 506, 7)

# log2(e) * 4 in Q10: a natural exponent in Q8 times this, shifted by 10, is a binary exponent in Q10
LOG2E_Q8_TO_Q10 = 5909


def cos30(p, q: int):
    """cos(2 pi p / q) in Q30 for integers p (scalar or array, any sign) and q > 0; error below 5e-9."""
    turn = ((np.asarray(p, np.int64) % q) << 32) // q
    quadrant, r = turn >> 30, turn & (Q30 - 1)
    r = np.where(quadrant & 1, Q30 - r, r)
    z = (r * r) >> 30
    y = np.zeros_like(z) + COS_SERIES[-1]
    for c in COS_SERIES[-2::-1]:
        y = c - ((y * z) >> 30)
    y = np.where(r == Q30, 0, y)
    return np.where((quadrant == 1) | (quadrant == 2), -y, y)


def log2_q10(x):
    """floor-interpolated log2 of integers x > 0 (below 2^32) in Q10; error below 0.002."""
    x = np.asarray(x, np.int64)
    n = np.frexp(x.astype(np.float64))[1].astype(np.int64) - 1
    mantissa = x << (31 - n)
    i, f = (mantissa >> 26) & 31, (mantissa >> 10) & 0xFFFF
    value = LOG2_TABLE[i] + (((LOG2_TABLE[i + 1] - LOG2_TABLE[i]) * f) >> 16)
    return (n << 10) + (value >> 5)


def exp2_neg_q15(y):
    """2**(-y/1024) in Q15 for integers y >= 0; 0 from y = 16 * 1024 on."""
    y = np.asarray(y, np.int64)
    n, i, f = y >> 10, (y >> 5) & 31, y & 31
    value = EXP2_TABLE[i] - (((EXP2_TABLE[i] - EXP2_TABLE[i + 1]) * f) >> 5)
    return np.where(n > 15, 0, value >> np.minimum(n, 15))


def sigmoid_table():
    """256 entries: round(256 / (1 + exp(-(i - 128) / 16))), at most 255; the gate's attention (uint8, 1/256)."""
    x = np.arange(256) - 128
    e = exp2_neg_q15((np.abs(x) * LOG2E_Q8_TO_Q10) >> 6)
    upper = ((256 << 15) + ((32768 + e) >> 1)) // (32768 + e)
    return np.minimum(np.where(x >= 0, upper, 256 - upper), 255)
