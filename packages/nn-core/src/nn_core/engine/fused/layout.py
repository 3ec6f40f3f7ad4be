"""Memory layouts that follow the input: sequences may be time-major.

A recurrent layer reads and writes sequences (N, T, D) step by step, so its output is (T, N, D) in
memory. Layers that process each step independently keep this layout, so that nothing is copied.
"""

from typing import Any

import numpy.typing as npt

from nn_core.arrays import Array
from nn_core.engine.workspace import Workspace
from nn_core.sequences import merge_time, split_time


def is_time_major(x: npt.NDArray[Any]) -> bool:
    """Whether sequences are time-major in memory, (T, N, ...)."""
    return x.ndim > 2 and not x.flags.c_contiguous and x.swapaxes(0, 1).flags.c_contiguous


def array_like(x: Array, name: str, workspace: Workspace) -> Array:
    """Workspace memory with the shape, dtype and memory order of x."""
    if x.ndim > 2 and is_time_major(x):
        N, T = x.shape[:2]
        return workspace.array(name, (T, N, *x.shape[2:]), x.dtype).swapaxes(0, 1)
    return workspace.array(name, x.shape, x.dtype)


def as_rows(x: Array, *, time_major: bool) -> Array:
    """Reshape (..., D) to (rows, D) in memory order; copies only if x has another layout."""
    if time_major:
        x = merge_time(x)
    return x if x.ndim == 2 else x.reshape(-1, x.shape[-1])


def from_rows(rows: Array, outer: tuple[int, ...], *, time_major: bool) -> Array:
    """Reshape rows of `as_rows` to (*outer, D), as a view."""
    if time_major:
        N, T, *others = outer
        return split_time(rows.reshape(T * N, *others, rows.shape[-1]), N, T)
    return rows if len(outer) == 1 else rows.reshape(*outer, rows.shape[-1])
