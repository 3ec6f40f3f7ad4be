"""The mean over the steps of a sequence."""

from dataclasses import dataclass

import numpy as np

from nn_core.arrays import Array, Arrays, Shape
from nn_core.errors import ShapeError
from nn_core.layers.base import Cache, Layer
from nn_core.layers.context import Context


@dataclass(frozen=True)
class MeanOverTime(Layer):
    """The mean over the steps: one output per sequence.

    y[n] = 1/L_n sum_{t < L_n} x[n, t]          x (N, T, ...), y (N, ...)

    L_n is T, or the length without padding if the network has `padding`. The
    derivative of y[n] by x[n, t] is 1/L_n for t < L_n and 0 for padded steps:

    d_x[n, t] = d_y[n] / L_n  if t < L_n else 0

    Raises ShapeError for an input that is not (T, ...) with features at each step.
    """

    def output_shape(self, input_shape: Shape) -> Shape:
        if len(input_shape) < 2:
            raise ShapeError(f"expected sequences, shape (T, features), got {input_shape}")
        return input_shape[1:]

    def forward(self, x: Array, params: Arrays, context: Context) -> tuple[Array, Cache]:
        lengths = context.part.lengths
        if lengths is None:
            return x.mean(axis=1), (x.shape, None, x.shape[1])
        trailing = (1,) * (x.ndim - 2)
        real = (np.arange(x.shape[1]) < lengths[:, None]).reshape(*x.shape[:2], *trailing)
        count = lengths.reshape(-1, *trailing).astype(x.dtype)
        return np.where(real, x, 0).sum(axis=1, dtype=x.dtype) / count, (x.shape, real, count)

    def backward(self, d_y: Array, cache: Cache, params: Arrays, grads: Arrays, context: Context) -> Array | None:
        shape, real, count = cache
        d_step = (d_y / count)[:, None]
        return np.broadcast_to(d_step, shape) if real is None else np.where(real, d_step, 0)
