"""Dropout in memory that is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from nn_core.arrays import Array, Arrays, Shape
from nn_core.engine.fused.base import Fused
from nn_core.engine.fused.layout import array_like
from nn_core.engine.workspace import Workspace
from nn_core.layers.base import Cache, Layer
from nn_core.layers.context import Context
from nn_core.layers.dropout import Dropout


@dataclass(frozen=True)
class BufferedDropout(Fused):
    """Dropout with the mask of the layer itself, made in place of the numbers drawn."""

    @classmethod
    def accepts(cls, layers: Sequence[Layer], input_shape: Shape) -> bool:
        return isinstance(layers[0], Dropout)

    def forward_fused(
        self, x: Array, params: Arrays, context: Context, workspace: Workspace
    ) -> tuple[Array, Cache]:
        dropout = cast(Dropout, self.layers[0])
        if not context.training or dropout.rate == 0:
            return x, None
        shape = x.shape
        if dropout.spatial:
            shape = (len(x), *(1 for _ in x.shape[1:-1]), *x.shape[1:][-1:])
        mask = self.child(0, context).uniform(shape, x.dtype)
        np.greater_equal(mask, dropout.rate, out=mask)
        mask /= 1.0 - dropout.rate
        return np.multiply(x, mask, out=array_like(x, "y", workspace)), mask

    def backward_fused(
        self,
        d_y: Array,
        cache: Cache,
        params: Arrays,
        grads: Arrays,
        context: Context,
        workspace: Workspace,
    ) -> Array | None:
        if not context.needs_d_x or cache is None:
            return d_y if context.needs_d_x else None
        d_x: Array = np.multiply(d_y, cache, out=array_like(d_y, "d_x", workspace))
        return d_x
