"""Fully connected layer with its activation; large products are divided among threads."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from nn_core.arrays import Array, Arrays, Shape
from nn_core.engine.fused.activation import Function, Slope, find_formulas
from nn_core.engine.fused.base import Fused
from nn_core.engine.fused.layout import as_rows, from_rows, is_time_major
from nn_core.engine.products import product
from nn_core.engine.workspace import Workspace
from nn_core.layers.base import Cache, Layer
from nn_core.layers.context import Context
from nn_core.layers.dense import Dense


class DenseActivation(Fused):
    """y = f(x W + b), or without an activation x W + b.

    f overwrites its argument, so its slope must be a function of y, like those of ReLU (y > 0),
    sigmoid, y (1 - y), and tanh, 1 - y^2:

    d_z = d_y f'(z),   d_W = x^T d_z,   d_b = sum d_z,   d_x = d_z W^T

    Products are computed in reused memory, large ones on several threads. Every example and step
    is a row; the rows of sequences have the memory order of x.
    """

    @classmethod
    def accepts(cls, layers: Sequence[Layer], input_shape: Shape) -> bool:
        return isinstance(layers[0], Dense)

    @cached_property
    def formulas(self) -> tuple[Function, Slope] | None:
        """f and f', if there is an activation."""
        return find_formulas(self.layers[1]) if len(self.layers) > 1 else None

    def forward_fused(self, x: Array, params: Arrays, context: Context, workspace: Workspace) -> tuple[Array, Cache]:
        W, rows, time_major = params["0/W"], x, False
        outer: tuple[int, ...] = ()
        if x.ndim > 2:
            outer, time_major = x.shape[:-1], is_time_major(x)
            rows = as_rows(x, time_major=time_major)
        y = workspace.array("y", (len(rows), W.shape[1]), W.dtype)
        product(rows, W, y, workspace.pool)
        y += params["0/b"]
        if self.formulas is not None:
            self.formulas[0](y, y)
        cache = rows, y, outer, time_major
        return (from_rows(y, outer, time_major=time_major) if outer else y), cache

    def backward_fused(
        self, d_y: Array, cache: Cache, params: Arrays, grads: Arrays, context: Context, workspace: Workspace
    ) -> Array | None:
        rows, y, outer, time_major = cache
        d_z = as_rows(d_y, time_major=time_major) if outer else d_y
        if self.formulas is not None:
            slope = self.formulas[1](y, y, workspace.array("d_z", y.shape, y.dtype))
            slope *= d_z
            d_z = slope
        product(rows.T, d_z, grads["0/W"], workspace.pool)
        np.add.reduce(d_z, axis=0, out=grads["0/b"])
        if not context.needs_d_x:
            return None
        W = params["0/W"]
        d_x = workspace.array("d_x", rows.shape, W.dtype)
        product(d_z, W.T, d_x, workspace.pool)
        return from_rows(d_x, outer, time_major=time_major) if outer else d_x
