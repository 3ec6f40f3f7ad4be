"""From an image to a row of numbers."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from nn_core.arrays import Array, Shape
from nn_core.layers.layer import Cache, Context, Layer


@dataclass(frozen=True)
class Flatten(Layer):
    """All axes of an example in one: y (N, D1 * D2 * ...) from x (N, D1, D2, ...).

    The numbers stay the same and in the same order, so d_x is d_y in the shape of x.
    """

    def output_shape(self, input_shape: Shape) -> Shape:
        return (math.prod(input_shape),)

    def forward(
        self, x: Array, params: Mapping[str, Array], context: Context
    ) -> tuple[Array, Cache]:
        return x.reshape(len(x), math.prod(x.shape[1:])), (x,)

    def backward(
        self,
        d_y: Array,
        cache: Cache,
        params: Mapping[str, Array],
        grads: Mapping[str, Array],
        context: Context,
    ) -> Array | None:
        (x,) = cache
        return d_y.reshape(x.shape)
