"""Large matrix products, divided among threads."""

import numpy as np

from nn_core.arrays import Array
from nn_core.engine.thread_pool import ThreadPool

ENOUGH = 12_000_000
"""Multiplications per piece, about 0.3 ms: waking a thread takes a third of that."""

PIECES = 4
"""Maximum number of pieces of a product."""


def product(a: Array, b: Array, out: Array, pool: ThreadPool) -> Array:
    """out = a @ b, a (M, K), b (K, N), out (M, N), in one, two or PIECES pieces.

    The pieces are row blocks of `out` if it is tall, otherwise column blocks: so the smaller of a
    and b is the one that all threads read. They depend only on shapes, so that the bits are the
    same for any number of threads (with a single BLAS thread).

    out   C-contiguous; returned
    pool  threads that process the pieces, if it is open
    """
    (M, K), N = a.shape, b.shape[1]
    pieces = M * K * N // ENOUGH
    if pieces < 2:
        return np.dot(a, b, out=out)
    pieces = PIECES if pieces >= PIECES else 2
    # NumPy before 2.3 does not use the BLAS for other memory layouts.
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
