"""Flatten an image to a feature vector."""

import math
from dataclasses import dataclass
from typing import ClassVar

from nn_core.arrays import Array, Arrays, Shape
from nn_core.errors import ShapeError
from nn_core.layers.base import Cache, Layer
from nn_core.layers.context import Context


@dataclass(frozen=True)
class Flatten(Layer):
    """Flatten all axes of an example: x (N, D1, D2, ...) to y (N, D1 * D2 * ...).

    The elements and their order are unchanged, so d_x is d_y reshaped to the shape of x.

    Raises ShapeError for sequences of variable length.
    """

    rearranges: ClassVar[bool] = True

    def output_shape(self, input_shape: Shape) -> Shape:
        sizes = [size for size in input_shape if size is not None]
        if len(sizes) < len(input_shape):
            raise ShapeError(f"expected axes of fixed sizes, got {input_shape}")
        return (math.prod(sizes),)

    def forward(self, x: Array, params: Arrays, context: Context) -> tuple[Array, Cache]:
        return x.reshape(len(x), math.prod(x.shape[1:])), x.shape

    def backward(self, d_y: Array, cache: Cache, params: Arrays, grads: Arrays, context: Context) -> Array | None:
        return d_y.reshape(cache)
