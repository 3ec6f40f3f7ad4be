"""Large matrix products, shared out among threads."""

import numpy as np

from nn_core.arrays import Array
from nn_core.engine.thread_pool import ThreadPool

ENOUGH = 12_000_000
"""Multiplications that a piece should have, some 0.3 ms: to wake a thread takes a third of that."""

PIECES = 4
"""Of the largest products."""


def product(a: Array, b: Array, out: Array, pool: ThreadPool) -> Array:
    """out = a @ b, a (M, K), b (K, N), out (M, N), in one, two or PIECES pieces.

    The pieces are rows of `out` if it is high, and else columns: so the smaller of a and b is the
    one that several threads have to read. They are a matter of the shapes alone, so that the bits
    are the same for any number of threads, if the BLAS has one.

    out   C-contiguous; returned
    pool  whose threads take the pieces, where it is open
    """
    (M, K), N = a.shape, b.shape[1]
    pieces = M * K * N // ENOUGH
    if pieces < 2:
        return np.dot(a, b, out=out)
    pieces = PIECES if pieces >= PIECES else 2
    # In other orders NumPy before 2.3 would not use the BLAS.
    a, b = (x if x.flags.forc else np.ascontiguousarray(x) for x in (a, b))

    def work(thread: int, i: int) -> None:
        if M >= N:
            rows = slice(M * i // pieces, M * (i + 1) // pieces)
            np.matmul(a[rows], b, out=out[rows])
        else:
            columns = slice(N * i // pieces, N * (i + 1) // pieces)
            np.matmul(a, b[:, columns], out=out[:, columns])

    pool.map(work, pieces)
    return out
