"""Slices of a batch, small enough for intermediate results to stay in cache."""

from collections.abc import Iterator

from nn_core.arrays import Array

SLICE_BYTES = 2 * 1024 * 1024
"""Size of a slice in bytes."""


def slices(x: Array, bytes_each: int | None = None) -> Iterator[slice]:
    """Slices of x of at most SLICE_BYTES, or a single example.

    bytes_each  memory per example, if it differs from the size of the example
    """
    size = slice_size(x, bytes_each)
    return (slice(start, min(start + size, len(x))) for start in range(0, len(x), size))


def slice_size(x: Array, bytes_each: int | None = None) -> int:
    """The number of examples in the largest of `slices`."""
    each = x.nbytes // max(1, len(x)) if bytes_each is None else bytes_each
    return max(1, min(len(x), SLICE_BYTES // max(1, each)))


def strided(first: int, stride: int, count: int) -> slice:
    """The slice first, first + stride, ... with `count` elements."""
    return slice(first, first + (count - 1) * stride + 1, stride)
