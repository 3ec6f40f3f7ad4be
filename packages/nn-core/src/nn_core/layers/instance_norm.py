"""Every map of every example brought to mean 0 and variance 1."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nn_core.arrays import Array, Shape, repeated
from nn_core.layers.layer import Cache, Context, Layer
from nn_core.layers.windows import maps, slices
from nn_core.registry import require


@dataclass(frozen=True)
class InstanceNorm(Layer):
    """Each map less its mean, over its standard deviation, in each example by itself.

    x, y (N, H, W, C); the M = H W numbers of one map of one example are the sample.

    mean = 1/M sum x,   variance = 1/M sum (x - mean)^2,   s = sqrt(variance + epsilon)
    y = (x - mean) / s

    Put first, it takes photos as they are, 0 to 255: brightness, contrast and a cast of the
    light, which multiply a channel or add to it, are gone from y.

    Every x moves every y of its map, through mean and s. dL/ds = -1/s sum d_y y, and
    ds/dx = (x - mean)/(M s) = y/M; the mean's own share in s is nothing, since
    sum (x - mean) = 0:

    dL/dx = d_y/s + dL/dmean / M + dL/ds ds/dx
          = 1/s (d_y - 1/M sum d_y - y/M sum d_y y)

    epsilon  keeps a map that is all the same from dividing by zero, in the units of x squared
    Raises ShapeError for an input that is not maps.
    Source: Ulyanov, Vedaldi, Lempitsky, Instance normalization: the missing ingredient for
    fast stylization (2016).
    """

    epsilon: float = 1e-5

    def __post_init__(self) -> None:
        require(0 < self.epsilon < math.inf, f"epsilon must be positive, not {self.epsilon}")

    def output_shape(self, input_shape: Shape) -> Shape:
        return maps(input_shape)

    def multiply_adds(self, input_shape: Shape) -> int:
        return math.prod(input_shape)

    def forward(
        self, x: Array, params: Mapping[str, Array], context: Context
    ) -> tuple[Array, Cache]:
        y = context.scratch("y", x.shape)
        inverse = context.scratch("inverse", (len(x), x.shape[-1]))
        for part in slices(x):
            x_rows, y_rows = _rows(x[part]), _rows(y[part])
            np.subtract(x_rows, _along(x_rows, _mean(x[part])), out=y_rows)
            squares = context.scratch("work", y[part].shape)
            np.multiply(y[part], y[part], out=squares)
            inverse[part] = 1.0 / np.sqrt(_mean(squares) + self.epsilon)
            y_rows *= _along(y_rows, inverse[part])
        return y, (y, inverse)

    def backward(
        self,
        d_y: Array,
        cache: Cache,
        params: Mapping[str, Array],
        grads: Mapping[str, Array],
        context: Context,
    ) -> Array | None:
        if not context.needs_d_x:
            return None
        y, inverse = cache
        d_x = context.scratch("d_x", y.shape)
        for part in slices(y):
            d_y_rows, d_x_rows = _rows(d_y[part]), _rows(d_x[part])
            product = context.scratch("work", y[part].shape)
            np.multiply(d_y[part], y[part], out=product)
            np.multiply(_rows(y[part]), _along(d_x_rows, -_mean(product)), out=d_x_rows)
            d_x_rows += d_y_rows
            d_x_rows -= _along(d_x_rows, _mean(d_y[part]))
            d_x_rows *= _along(d_x_rows, inverse[part])
        return d_x


def _rows(x: Array) -> Array:
    """(N, H, W * C): what is done to all maps alike runs along whole rows of pixels."""
    N, H, W, C = x.shape
    return x.reshape(N, H, W * C)


def _along(rows: Array, values: Array) -> Array:
    """One number per map (N, C), repeated along such rows: (N, 1, W * C)."""
    return repeated(values, rows.shape[2] // values.shape[1])[:, None]


def _mean(x: Array) -> Array:
    """The mean of each map, (N, C): over the rows first, which are long runs of memory."""
    N, H, W, C = x.shape
    columns = np.add.reduce(_rows(x), axis=1)
    mean: Array = np.add.reduce(columns.reshape(N, W, C), axis=1) / (H * W)
    return mean
