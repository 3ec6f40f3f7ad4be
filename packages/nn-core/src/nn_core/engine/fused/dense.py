"""The fully connected layer, its products shared out among threads."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nn_core.arrays import Array, Arrays, Shape
from nn_core.engine.fused.base import Fused
from nn_core.engine.fused.layout import as_rows, from_rows, is_time_major
from nn_core.engine.products import product
from nn_core.engine.workspace import Workspace
from nn_core.layers.base import Cache, Layer
from nn_core.layers.context import Context
from nn_core.layers.dense import Dense


@dataclass(frozen=True)
class ThreadedDense(Fused):
    """Dense, its products in memory that is kept, and large ones on several threads.

    Every example and step is a row; the rows of sequences have the order of x in memory.
    """

    @classmethod
    def accepts(cls, layers: Sequence[Layer], input_shape: Shape) -> bool:
        return isinstance(layers[0], Dense)

    def forward_fused(
        self, x: Array, params: Arrays, context: Context, workspace: Workspace
    ) -> tuple[Array, Cache]:
        W = params["0/W"]
        if x.ndim == 2:
            y = workspace.array("y", (len(x), W.shape[1]), W.dtype)
            product(x, W, y, workspace.pool)
            y += params["0/b"]
            return y, (x, (), False)
        time_major = is_time_major(x)
        x_rows = as_rows(x, time_major=time_major)
        y = workspace.array("y", (len(x_rows), W.shape[1]), W.dtype)
        product(x_rows, W, y, workspace.pool)
        y += params["0/b"]
        cache = x_rows, x.shape[:-1], time_major
        return from_rows(y, x.shape[:-1], time_major=time_major), cache

    def backward_fused(
        self,
        d_y: Array,
        cache: Cache,
        params: Arrays,
        grads: Arrays,
        context: Context,
        workspace: Workspace,
    ) -> Array | None:
        x_rows, outer, time_major = cache
        d_y_rows = as_rows(d_y, time_major=time_major) if outer else d_y
        product(x_rows.T, d_y_rows, grads["0/W"], workspace.pool)
        np.add.reduce(d_y_rows, axis=0, out=grads["0/b"])
        if not context.needs_d_x:
            return None
        W = params["0/W"]
        d_x = workspace.array("d_x", x_rows.shape, W.dtype)
        product(d_y_rows, W.T, d_x, workspace.pool)
        return from_rows(d_x, outer, time_major=time_major) if outer else d_x
