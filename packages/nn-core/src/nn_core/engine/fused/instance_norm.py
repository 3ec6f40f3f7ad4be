"""Instance normalization, one slice of the batch at a time."""

from collections.abc import Sequence
from typing import cast

import numpy as np

from nn_core.arrays import Array, Arrays, Shape
from nn_core.engine.fused.base import Fused
from nn_core.engine.fused.channel_rows import repeat
from nn_core.engine.fused.slices import slices
from nn_core.engine.workspace import Workspace
from nn_core.layers.base import Cache, Layer
from nn_core.layers.context import Context
from nn_core.layers.instance_norm import InstanceNorm


class BlockedInstanceNorm(Fused):
    """InstanceNorm along whole rows of pixels, while a slice of the batch is in cache."""

    @classmethod
    def accepts(cls, layers: Sequence[Layer], input_shape: Shape) -> bool:
        return isinstance(layers[0], InstanceNorm)

    def forward_fused(self, x: Array, params: Arrays, context: Context, workspace: Workspace) -> tuple[Array, Cache]:
        epsilon = cast(InstanceNorm, self.layers[0]).epsilon
        y = workspace.array("y", x.shape, x.dtype)
        inverse = workspace.array("inverse", (len(x), x.shape[-1]), x.dtype)
        for part in slices(x):
            x_rows, y_rows = _rows(x[part]), _rows(y[part])
            np.subtract(x_rows, _along(x_rows, _mean(x[part])), out=y_rows)
            squares = workspace.array("work", y[part].shape, x.dtype)
            np.multiply(y[part], y[part], out=squares)
            inverse[part] = 1.0 / np.sqrt(_mean(squares) + epsilon)
            y_rows *= _along(y_rows, inverse[part])
        return y, (y, inverse)

    def backward_fused(
        self, d_y: Array, cache: Cache, params: Arrays, grads: Arrays, context: Context, workspace: Workspace
    ) -> Array | None:
        if not context.needs_d_x:
            return None
        y, inverse = cache
        d_x = workspace.array("d_x", y.shape, y.dtype)
        for part in slices(y):
            d_y_rows, d_x_rows = _rows(d_y[part]), _rows(d_x[part])
            product = workspace.array("work", y[part].shape, y.dtype)
            np.multiply(d_y[part], y[part], out=product)
            np.multiply(_rows(y[part]), _along(d_x_rows, -_mean(product)), out=d_x_rows)
            d_x_rows += d_y_rows
            d_x_rows -= _along(d_x_rows, _mean(d_y[part]))
            d_x_rows *= _along(d_x_rows, inverse[part])
        return d_x


def _rows(x: Array) -> Array:
    """(N, H, W * C): per-channel operations run along whole rows of pixels."""
    N, H, W, C = x.shape
    return x.reshape(N, H, W * C)


def _along(rows: Array, values: Array) -> Array:
    """One value per channel (N, C), repeated along rows: (N, 1, W * C)."""
    return repeat(values, rows.shape[2] // values.shape[1])[:, None]


def _mean(x: Array) -> Array:
    """The mean of each channel, (N, C); first over the rows, which are contiguous in memory."""
    N, H, W, C = x.shape
    columns = np.add.reduce(_rows(x), axis=1)
    mean: Array = np.add.reduce(columns.reshape(N, W, C), axis=1) / (H * W)
    return mean
