"""Winograd's F(4, 3): four outputs of a 3-tap filter with six products instead of twelve.

In four outputs y_i = sum_u w_u d_(i+u), i = 0 ... 3, u = 0, 1, 2, each of the six inputs d occurs
in up to three, for a total of twelve products. The backward pass is simpler, so start there:

d_d_k = sum over i + u = k of d_y_i w_u

are the coefficients of a product of two polynomials, d_d(z) = d_y(z) w(z). It has degree 5, and is
determined by its values at five points p and its leading coefficient, its value "at infinity".
So evaluate both factors there, multiply the six pairs of values, and interpolate:

d_d = B [(G w) * (A d_y)]

(A d_y)_p = d_y(p) = d_y_0 + p d_y_1 + p^2 d_y_2 + p^3 d_y_3,   at infinity d_y_3
(G w)_p   = w(p) / product of (p - q) over the other points q,   at infinity w_2
column p of B: the coefficients of the product of (z - q) over the other q, which is zero at each
q; at infinity, of the product over all five points, which is zero at each

Since d_y . y = d_d . d for any d_y, y is computed by the transpose, and so is d_w, since d_d is
linear in w as well:

y   = A^T [(G w) * (B^T d)]
d_w = G^T [(B^T d) * (A d_y)]

B^T is called the input transform, A^T the output transform. With the points 0, 1, -1, 2, -2, they
consist of small integers. The functions below implement both transforms and their transposes.
A point and its negative share the sums over even and odd powers. They operate on the first axis of
arrays, with any other axes.

Intermediate values are larger and cancel: results are about one decimal digit less accurate than
those of the plain sums, and overflow sooner near the end of the floating-point range. A single
non-finite input makes all four outputs non-finite.

Source: Winograd, Arithmetic complexity of computations (1980), ch. IV and V; Lavin, Gray, Fast
algorithms for convolutional neural networks (2016).
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array

POINTS = (0, 1, -1, 2, -2)
OUTPUTS = 4
WEIGHTS = 3
PRODUCTS = 6


@lru_cache
def weights_matrix(dtype: npt.DTypeLike) -> Array:
    """G, (6, 3)."""
    G = np.zeros((PRODUCTS, WEIGHTS))
    for row, p in enumerate(POINTS):
        others = np.prod([float(p - q) for q in POINTS if q != p])
        G[row] = [p**power / others for power in range(WEIGHTS)]
    G[-1, -1] = 1.0
    return G.astype(dtype)


def input_transform(d: Sequence[Array], V: Array, work: Array) -> None:
    """V = B^T d, for six inputs d of the same shape; `work` is memory for two."""
    d0, d1, d2, d3, d4, d5 = d
    even = np.subtract(d4, d2, out=work[0])
    odd = np.subtract(d3, d1, out=work[1])

    four_odd = np.multiply(d1, 3.0, out=V[1])
    np.subtract(odd, four_odd, out=four_odd)  # d3 - 4 d1
    four_even = np.multiply(d2, 3.0, out=V[5])
    np.subtract(even, four_even, out=four_even)  # d4 - 4 d2
    np.subtract(four_even, four_odd, out=V[2])
    np.add(four_even, four_odd, out=V[1])

    first = np.subtract(d0, d2, out=V[0])
    first *= 4.0
    first += even  # 4 d0 - 5 d2 + d4
    odd *= 2.0
    np.add(even, odd, out=V[3])
    np.subtract(even, odd, out=V[4])
    odd *= 2.0
    last = np.subtract(d5, d3, out=V[5])
    last -= odd  # 4 d1 - 5 d3 + d5


def output_transform(M: Array, y: Array, work: Array) -> None:
    """y = A^T M, four outputs from six products; `work` is memory for two."""
    even = np.add(M[1], M[2], out=y[2])
    evens = np.add(M[3], M[4], out=work[0])
    np.add(M[0], even, out=y[0])
    y[0] += evens
    evens *= 4.0
    y[2] += evens

    odd = np.subtract(M[1], M[2], out=work[1])
    odds = np.subtract(M[3], M[4], out=work[0])
    odds *= 2.0
    np.add(odd, odds, out=y[1])
    odds *= 4.0
    np.add(odd, odds, out=y[3])
    y[3] += M[5]


def output_transform_transpose(d_y: Array, d_M: Array, work: Array) -> None:
    """d_M = A d_y, the backward pass of `output_transform`."""
    even, odd = work
    np.copyto(d_M[0], d_y[0])
    np.add(d_y[0], d_y[2], out=even)
    np.add(d_y[1], d_y[3], out=odd)
    np.add(even, odd, out=d_M[1])
    np.subtract(even, odd, out=d_M[2])
    np.multiply(d_y[2], 4.0, out=even)
    even += d_y[0]
    np.multiply(d_y[3], 4.0, out=odd)
    odd += d_y[1]
    odd *= 2.0
    np.add(even, odd, out=d_M[3])
    np.subtract(even, odd, out=d_M[4])
    np.copyto(d_M[5], d_y[3])


def input_transform_transpose(d_V: Array, d: Array, next_d: Array, work: Array) -> None:
    """d = B d_V, the backward pass of `input_transform`.

    The first four are written to d, the other two added to `next_d`: they are the first two inputs
    of the next four outputs. Since `next_d` may share memory with d[0] and d[1], it is updated
    after these are written.
    """
    d0, d1, d2, d3 = d
    p, q = work
    np.multiply(d_V[0], 4.0, out=d0)
    np.subtract(d_V[1], d_V[2], out=p)
    np.subtract(d_V[3], d_V[4], out=q)
    q *= 2.0
    np.subtract(d_V[5], p, out=d1)
    d1 *= 4.0
    d1 -= q
    p += q
    np.multiply(d_V[5], 5.0, out=d3)
    np.subtract(p, d3, out=d3)

    np.add(d_V[1], d_V[2], out=p)
    p += d_V[0]
    np.add(d_V[3], d_V[4], out=q)
    np.multiply(p, -4.0, out=d2)
    d2 -= d_V[0]
    d2 -= q
    p += q
    next_d[0][...] += p
    next_d[1][...] += d_V[5]
