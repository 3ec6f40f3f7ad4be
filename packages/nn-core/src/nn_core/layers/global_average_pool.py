"""From maps to one number for each map."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nn_core.arrays import Array, Shape
from nn_core.layers.layer import Cache, Context, Layer
from nn_core.layers.windows import maps


@dataclass(frozen=True)
class GlobalAveragePool2D(Layer):
    """The mean of each map, wherever in it the feature was.

    y[n, c] = 1/(H W) sum_i sum_j x[n, i, j, c]        x (N, H, W, C), y (N, C)

    Every pixel moves y by 1/(H W), so dL/dx[n, i, j, c] = d_y[n, c] / (H W).

    Raises ShapeError for an input that is not maps.
    Source: Lin, Chen, Yan, Network in network (2014), sec. 3.2.
    """

    def output_shape(self, input_shape: Shape) -> Shape:
        _, _, channels = maps(input_shape)
        return (channels,)

    def forward(
        self, x: Array, params: Mapping[str, Array], context: Context
    ) -> tuple[Array, Cache]:
        y = context.scratch("y", (len(x), x.shape[3]))
        np.add.reduce(x, axis=(1, 2), out=y)
        y *= 1.0 / math.prod(x.shape[1:3])
        return y, (x,)

    def backward(
        self,
        d_y: Array,
        cache: Cache,
        params: Mapping[str, Array],
        grads: Mapping[str, Array],
        context: Context,
    ) -> Array | None:
        (x,) = cache
        d_x = context.scratch("d_x", x.shape)
        np.multiply(d_y[:, None, None, :], 1.0 / math.prod(x.shape[1:3]), out=d_x)
        return d_x
