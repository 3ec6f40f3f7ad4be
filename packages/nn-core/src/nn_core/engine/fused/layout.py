"""Memory in the order of the input: of sequences, the steps may lie one after the other.

A recurrent layer reads and writes sequences (N, T, D) step by step, so in memory its output is
(T, N, D). Layers that act on every step alike keep that order, so that nothing is copied.
"""

from typing import Any

import numpy.typing as npt

from nn_core.arrays import Array
from nn_core.engine.workspace import Workspace
from nn_core.sequences import merge_time, split_time


def is_time_major(x: npt.NDArray[Any]) -> bool:
    """Whether a sequence's steps lie one after the other, each with all examples."""
    return x.ndim > 2 and not x.flags.c_contiguous and x.swapaxes(0, 1).flags.c_contiguous


def array_like(x: Array, name: str, workspace: Workspace) -> Array:
    """Memory of the shape, the dtype and the order of x."""
    if x.ndim > 2 and is_time_major(x):
        N, T = x.shape[:2]
        return workspace.array(name, (T, N, *x.shape[2:]), x.dtype).swapaxes(0, 1)
    return workspace.array(name, x.shape, x.dtype)


def as_rows(x: Array, *, time_major: bool) -> Array:
    """(rows, D) from (..., D), in this order; copied only if x has another one."""
    if time_major:
        x = merge_time(x)
    return x if x.ndim == 2 else x.reshape(-1, x.shape[-1])


def from_rows(rows: Array, outer: tuple[int, ...], *, time_major: bool) -> Array:
    """(*outer, D) from the rows of `as_rows`, the same memory."""
    if time_major:
        N, T, *others = outer
        return split_time(rows.reshape(T * N, *others, rows.shape[-1]), N, T)
    return rows if len(outer) == 1 else rows.reshape(*outer, rows.shape[-1])
