"""A batch a few examples at a time, so that what is computed from them stays in the cache."""

from collections.abc import Iterator

from nn_core.arrays import Array

SLICE_BYTES = 2 * 1024 * 1024
"""What is worked on at a time."""


def slices(x: Array, bytes_each: int | None = None) -> Iterator[slice]:
    """The examples of x, as many at a time as SLICE_BYTES hold, and at least one.

    bytes_each  the memory that an example takes, if it is not its own size
    """
    size = slice_size(x, bytes_each)
    return (slice(start, min(start + size, len(x))) for start in range(0, len(x), size))


def slice_size(x: Array, bytes_each: int | None = None) -> int:
    """How many examples the largest of `slices` has."""
    each = x.nbytes // max(1, len(x)) if bytes_each is None else bytes_each
    return max(1, min(len(x), SLICE_BYTES // max(1, each)))


def strided(first: int, stride: int, count: int) -> slice:
    """first, first + stride, ...: `count` of them."""
    return slice(first, first + (count - 1) * stride + 1, stride)
