"""Sobol's sequence: points of the unit cube that fill it evenly, whatever their number.

Each coordinate of point n = 0, 1, ... is a sum over the binary digits g_1 g_2 ... of the Gray code n XOR n/2,

    x_n = g_1 v_1 XOR g_2 v_2 XOR ...

of direction numbers v_k = m_k / 2^k, so that two successive points differ by one of them: x_{n+1} = x_n XOR v_c, with c
the position of the lowest zero digit of n. The first coordinate has m_k = 1. Each other one has a primitive
polynomial over the field of two elements, x^s + a_1 x^{s-1} + ... + a_{s-1} x + 1, and its first s numbers m_k; the
others follow from

    m_k = 2 a_1 m_{k-1} XOR 2^2 a_2 m_{k-2} XOR ... XOR 2^s m_{k-s} XOR m_{k-s}

Any 2^k successive points that begin at a multiple of it have one point in each of 2^k equal intervals of every axis.
Sources: Sobol (1967); Antonov, Saleev (1979) for the Gray code; Joe, Kuo, Constructing Sobol sequences with better
two-dimensional projections (2008), table new-joe-kuo-6, for the direction numbers.
"""

import numpy as np
import numpy.typing as npt

BITS = 32
DIRECTIONS: tuple[tuple[int, int, tuple[int, ...]], ...] = (
    (1, 0, (1,)),
    (2, 1, (1, 3)),
    (3, 1, (1, 3, 1)),
    (3, 2, (1, 1, 1)),
    (4, 1, (1, 1, 3, 3)),
    (4, 4, (1, 3, 5, 13)),
    (5, 2, (1, 1, 5, 5, 17)),
    (5, 4, (1, 1, 5, 5, 5)),
    (5, 7, (1, 1, 7, 11, 19)),
    (5, 11, (1, 1, 5, 1, 1)),
    (5, 13, (1, 1, 1, 3, 11)),
    (5, 14, (1, 3, 5, 5, 31)),
    (6, 1, (1, 3, 3, 9, 7, 49)),
    (6, 13, (1, 1, 1, 15, 21, 21)),
    (6, 16, (1, 3, 1, 13, 27, 49)),
    (6, 19, (1, 1, 1, 15, 7, 5)),
    (6, 22, (1, 3, 1, 15, 13, 25)),
    (6, 25, (1, 1, 5, 5, 19, 61)),
    (7, 1, (1, 3, 7, 11, 23, 15, 103)),
    (7, 4, (1, 3, 7, 13, 13, 15, 69)),
)
"""Degree s, coefficients a as the binary digits of a number, and m_1 ... m_s, of coordinate 2, 3, ..."""

MOST_DIMENSIONS = 1 + len(DIRECTIONS)


def sobol_points(count: int, dimensions: int, *, seed: int | None = None) -> npt.NDArray[np.float64]:
    """The first points (count, dimensions) of the sequence, in [0, 1).

    seed  shifts each coordinate by random bits (XOR), which keeps the evenness; None for the sequence itself, which
          begins with 0
    """
    points = np.zeros((count, dimensions), np.uint64)
    for j in range(dimensions):
        numbers = direction_numbers(j)
        x = 0
        for n in range(1, count):
            x ^= numbers[(~(n - 1) & n).bit_length() - 1]
            points[n, j] = x
    if seed is not None:
        points ^= np.random.default_rng([seed, 1]).integers(0, 2**BITS, dimensions, dtype=np.uint64)
    return points.astype(np.float64) / 2.0**BITS


def direction_numbers(dimension: int) -> list[int]:
    """v_1, v_2, ... of a coordinate 0, 1, ..., times 2^BITS."""
    if dimension == 0:
        m = [1] * BITS
    else:
        s, a, first = DIRECTIONS[dimension - 1]
        m = list(first)
        for k in range(s, BITS):
            value = m[k - s] ^ (m[k - s] << s)
            for i in range(1, s):
                if (a >> (s - 1 - i)) & 1:
                    value ^= m[k - i] << i
            m.append(value)
    return [number << (BITS - 1 - k) for k, number in enumerate(m)]
