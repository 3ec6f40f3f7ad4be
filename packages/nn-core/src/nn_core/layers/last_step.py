"""The last step of a sequence."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from nn_core.arrays import Array, Arrays, Shape
from nn_core.errors import ShapeError
from nn_core.layers.base import Cache, Layer
from nn_core.layers.context import Context

Rows: TypeAlias = tuple[Any, Any]
"""An index of the last step of each sequence."""


@dataclass(frozen=True)
class LastStep(Layer):
    """Keep only the last step, as the output for the whole sequence.

    y[n] = x[n, L_n - 1]          x (N, T, ...), y (N, ...)

    L_n is T, or the length without padding if the network has `padding`.

    d_x[n, L_n - 1] = d_y[n], and d_x is 0 at all other steps, which do not affect y.

    Raises ShapeError for an input that is not (T, ...) with features at each step.
    """

    def output_shape(self, input_shape: Shape) -> Shape:
        if len(input_shape) < 2:
            raise ShapeError(f"expected sequences, shape (T, features), got {input_shape}")
        return input_shape[1:]

    def forward(self, x: Array, params: Arrays, context: Context) -> tuple[Array, Cache]:
        lengths = context.part.lengths
        rows: Rows = slice(None), -1
        if lengths is not None:
            rows = np.arange(len(x)), lengths - 1
        return x[rows], (x.shape, rows)

    def backward(self, d_y: Array, cache: Cache, params: Arrays, grads: Arrays, context: Context) -> Array | None:
        shape, rows = cache
        d_x = np.zeros(shape, d_y.dtype)
        d_x[rows] = d_y
        return d_x
