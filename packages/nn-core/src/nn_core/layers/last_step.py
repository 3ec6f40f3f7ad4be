"""The last step of a sequence."""

from dataclasses import dataclass

import numpy as np

from nn_core.arrays import Array, Arrays, Shape
from nn_core.errors import ShapeError
from nn_core.layers.base import Cache, Layer
from nn_core.layers.context import Context


@dataclass(frozen=True)
class LastStep(Layer):
    """Keep only the last step, as the output for the whole sequence.

    y = x[:, -1]          x (N, T, ...), y (N, ...)

    d_x[:, -1] = d_y, and d_x is 0 at all earlier steps, which do not affect y.

    Raises ShapeError for an input that is not (T, ...) with features at each step.
    """

    def output_shape(self, input_shape: Shape) -> Shape:
        if len(input_shape) < 2:
            raise ShapeError(f"expected sequences, shape (T, features), got {input_shape}")
        return input_shape[1:]

    def forward(self, x: Array, params: Arrays, context: Context) -> tuple[Array, Cache]:
        return x[:, -1], x.shape

    def backward(self, d_y: Array, cache: Cache, params: Arrays, grads: Arrays, context: Context) -> Array | None:
        d_x = np.zeros(cache, d_y.dtype)
        d_x[:, -1] = d_y
        return d_x
