"""Per-channel operations along whole rows of pixels.

The elements of a channel are C apart in memory. Per-channel operations run along image rows,
W * C elements at a time, which is much faster than C at a time.
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
    """One value per channel (..., C), repeated along a row of x: (..., W * C)."""
    return repeat(values, x.shape[-2]) if x.ndim > 2 else values


def repeat(values: Array, count: int) -> Array:
    """Rows (..., D) repeated `count` times: (..., count * D).

    Like np.tile, which is several times slower for small arrays.
    """
    *outer, width = values.shape
    rows = np.empty((*outer, count, width), values.dtype)
    rows[...] = values[..., None, :]
    return rows.reshape(*outer, count * width)


def channel_sum(rows: Array, x: Array) -> Array:
    """The sum over each channel in rows of x."""
    total: Array = np.add.reduce(np.add.reduce(rows, axis=0).reshape(-1, x.shape[-1]), axis=0)
    return total
