"""From an image to a vector of features."""

import math
from dataclasses import dataclass

from nn_core.arrays import Array, Arrays, Shape
from nn_core.errors import ShapeError
from nn_core.layers.base import Cache, Layer
from nn_core.layers.context import Context


@dataclass(frozen=True)
class Flatten(Layer):
    """All axes of an example in one: y (N, D1 * D2 * ...) from x (N, D1, D2, ...).

    The numbers stay the same and in the same order, so d_x is d_y in the shape of x.

    Raises ShapeError for sequences of any length, whose steps have no fixed number.
    """

    def output_shape(self, input_shape: Shape) -> Shape:
        sizes = [size for size in input_shape if size is not None]
        if len(sizes) < len(input_shape):
            raise ShapeError(f"expected axes of fixed sizes, got {input_shape}")
        return (math.prod(sizes),)

    def forward(self, x: Array, params: Arrays, context: Context) -> tuple[Array, Cache]:
        return x.reshape(len(x), math.prod(x.shape[1:])), x.shape

    def backward(self, d_y: Array, cache: Cache, params: Arrays, grads: Arrays, context: Context) -> Array | None:
        return d_y.reshape(cache)
