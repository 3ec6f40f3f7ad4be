"""Average pooling, one slice of the batch at a time."""

import math
from collections.abc import Sequence
from functools import cached_property
from typing import cast

import numpy as np

from nn_core.arrays import Array, Arrays, Shape
from nn_core.engine.fused.base import Fused
from nn_core.engine.fused.slices import slices, strided
from nn_core.engine.fused.window_reduce import reduce_windows
from nn_core.engine.workspace import Workspace
from nn_core.layers.base import Cache, Layer
from nn_core.layers.context import Context
from nn_core.layers.pooling import AveragePool2D
from nn_core.layers.windows import Window, image_shape


class BlockedAveragePool2D(Fused):
    """AveragePool2D without padding, separable: first down, then across, in both passes."""

    @classmethod
    def accepts(cls, layers: Sequence[Layer], input_shape: Shape) -> bool:
        pool = layers[0]
        return isinstance(pool, AveragePool2D) and not any(map(any, pool.window.borders(*image_shape(input_shape)[:2])))

    @cached_property
    def window(self) -> Window:
        """The window of the original layer."""
        return cast(AveragePool2D, self.layers[0]).window

    def forward_fused(self, x: Array, params: Arrays, context: Context, workspace: Workspace) -> tuple[Array, Cache]:
        window = self.window
        size = window.output_size(*x.shape[1:3])
        y = workspace.array("y", (len(x), *size, x.shape[3]), x.dtype)
        for part in slices(x):
            reduce_windows(np.add, x[part], y[part], window, workspace)
            y[part] *= 1.0 / math.prod(window.size)
        return y, x.shape

    def backward_fused(
        self, d_y: Array, cache: Cache, params: Arrays, grads: Arrays, context: Context, workspace: Workspace
    ) -> Array | None:
        if not context.needs_d_x:
            return None
        window = self.window
        (height, width), (s, t) = window.size, window.strides
        d_x = workspace.array("d_x", cache, d_y.dtype)
        _, down, across, _ = d_y.shape
        for part in slices(d_x):
            share = workspace.array("share", d_y[part].shape, d_y.dtype)
            np.multiply(d_y[part], 1.0 / (height * width), out=share)
            d_rows = workspace.array("d_rows", (len(share), down, *cache[2:]), d_y.dtype)
            d_rows.fill(0.0)
            for v in range(width):
                d_rows[:, :, strided(v, t, across)] += share
            d_part = d_x[part]
            d_part.fill(0.0)
            for u in range(height):
                d_part[:, strided(u, s, down)] += d_rows
        return d_x
