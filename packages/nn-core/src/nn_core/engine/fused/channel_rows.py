"""Channels worked on along whole rows of pixels.

The numbers of a channel lie C apart. What is done to every channel alike runs along rows of the
images, W * C numbers at a time, which is much faster than C at a time.
"""

import math
from collections.abc import Iterator

import numpy as np

from nn_core.arrays import Array
from nn_core.engine.fused.slices import slices


def rows_of(*arrays: Array) -> Iterator[tuple[Array, ...]]:
    """Slice by slice, the arrays (N, ..., W, C) as rows (n * ..., W * C)."""
    first = arrays[0]
    width = math.prod(first.shape[-2:]) if first.ndim > 2 else first.shape[-1]
    for part in slices(first):
        yield tuple(array[part].reshape(-1, width) for array in arrays)


def repeat_channels(values: Array, x: Array) -> Array:
    """One number per channel (..., C), repeated along such a row of x: (..., W * C)."""
    return repeat(values, x.shape[-2]) if x.ndim > 2 else values


def repeat(values: Array, count: int) -> Array:
    """Rows (..., D) one `count` times after the other: (..., count * D).

    As np.tile, which takes several times as long over a few numbers.
    """
    *outer, width = values.shape
    rows = np.empty((*outer, count, width), values.dtype)
    rows[...] = values[..., None, :]
    return rows.reshape(*outer, count * width)


def channel_sum(rows: Array, x: Array) -> Array:
    """The sum over each channel in such rows of x."""
    total: Array = np.add.reduce(np.add.reduce(rows, axis=0).reshape(-1, x.shape[-1]), axis=0)
    return total
