"""The sum or the maximum of each window, first down, then across."""

import numpy as np

from nn_core.arrays import Array
from nn_core.engine.fused.slices import strided
from nn_core.engine.workspace import Workspace
from nn_core.layers.windows import Window


def reduce_windows(operation: np.ufunc, x: Array, y: Array, window: Window, workspace: Workspace) -> None:
    """y[n, i, j, c] = operation over u, v of x[n, i s + u, j t + v, c], without padding.

    First over u, which combines whole image rows, contiguous in memory; then over v, in the result.
    """
    (height, width), (s, t) = window.size, window.strides
    _, down, across, _ = y.shape
    rows = x[:, strided(0, s, down)]
    for u in range(1, height):
        out = workspace.array("pooled rows", rows.shape, x.dtype)
        rows = operation(rows, x[:, strided(u, s, down)], out=out)
    first = rows[:, :, strided(0, t, across)]
    if width == 1:
        np.copyto(y, first)
    for v in range(1, width):
        first = operation(first, rows[:, :, strided(v, t, across)], out=y)
