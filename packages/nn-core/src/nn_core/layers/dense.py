"""The fully connected layer."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nn_core.arrays import Array, Shape
from nn_core.errors import ShapeError
from nn_core.initializers import initializer
from nn_core.layers.layer import Cache, Context, Layer, Parameter
from nn_core.products import product
from nn_core.registry import require


@dataclass(frozen=True)
class Dense(Layer):
    """Every output is a weighted sum of all inputs.

    y = x @ W + b          x (N, D), W (D, units), b (units,), y (N, units)

    Element by element y[n, j] = sum_i x[n, i] W[i, j] + b[j]. So W[i, j] moves y[n, j] by
    x[n, i] for each example n, b[j] moves every y[n, j] by 1, and x[n, i] moves each
    y[n, j] by W[i, j]; the chain rule sums over what moved:

    dL/dW[i, j] = sum_n x[n, i] d_y[n, j]        d_W = x^T @ d_y
    dL/db[j]    = sum_n d_y[n, j]                d_b = sum over the batch of d_y
    dL/dx[n, i] = sum_j d_y[n, j] W[i, j]        d_x = d_y @ W^T

    units        outputs per example
    initializer  how W begins; b begins at zero
    Raises ShapeError for an input that is not a row of numbers (put a Flatten before it).
    Source: Goodfellow, Bengio, Courville, Deep Learning (2016), sec. 6.5.6.
    """

    units: int
    initializer: str = "he"

    def __post_init__(self) -> None:
        require(self.units >= 1, f"Dense needs at least one unit, not {self.units}")
        initializer(self.initializer)

    def output_shape(self, input_shape: Shape) -> Shape:
        if len(input_shape) != 1:
            raise ShapeError(f"expected one axis of features, got {input_shape}")
        return (self.units,)

    def parameters(self, input_shape: Shape) -> Mapping[str, Parameter]:
        return {
            "W": Parameter((input_shape[0], self.units), self.initializer, decays=True),
            "b": Parameter((self.units,), "zeros", decays=False),
        }

    def multiply_adds(self, input_shape: Shape) -> int:
        return input_shape[0] * self.units

    def forward(
        self, x: Array, params: Mapping[str, Array], context: Context
    ) -> tuple[Array, Cache]:
        y = context.scratch("y", (len(x), self.units))
        product(x, params["W"], y, context.crew)
        y += params["b"]
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
        product(x.T, d_y, grads["W"], context.crew)
        np.add.reduce(d_y, axis=0, out=grads["b"])
        if not context.needs_d_x:
            return None
        d_x = context.scratch("d_x", x.shape)
        return product(d_y, params["W"].T, d_x, context.crew)
