"""The fully connected layer."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass

from nn_core.arrays import Array, Arrays, Shape, element_count
from nn_core.initializers import initializer
from nn_core.layers.base import Cache, Layer, Parameter, as_rows, features
from nn_core.layers.context import Context
from nn_core.registry import require


@dataclass(frozen=True)
class Dense(Layer):
    """Every output is a weighted sum of all inputs.

    y = x @ W + b          x (N, D), W (D, units), b (units,), y (N, units)

    For sequences (N, T, D), every step is a separate row; additional axes likewise.

    Elementwise, y[n, j] = sum_i x[n, i] W[i, j] + b[j]. So the derivative of y[n, j] by W[i, j] is
    x[n, i] for each example n, by b[j] it is 1, and by x[n, i] it is W[i, j]; the chain rule sums
    over all outputs:

    dL/dW[i, j] = sum_n x[n, i] d_y[n, j]        d_W = x^T @ d_y
    dL/db[j]    = sum_n d_y[n, j]                d_b = sum over the batch of d_y
    dL/dx[n, i] = sum_j d_y[n, j] W[i, j]        d_x = d_y @ W^T

    units        outputs per example
    initializer  initializer of W; b is initialized to zero
    Raises ShapeError for an input without features.
    Source: Goodfellow, Bengio, Courville, Deep Learning (2016), sec. 6.5.6.
    """

    units: int
    _: KW_ONLY
    initializer: str = "he"

    def __post_init__(self) -> None:
        require(self.units >= 1, f"Dense needs at least one unit, not {self.units}")
        initializer(self.initializer)

    def output_shape(self, input_shape: Shape) -> Shape:
        features(input_shape)
        return (*input_shape[:-1], self.units)

    def parameters(self, input_shape: Shape) -> Mapping[str, Parameter]:
        return {
            "W": Parameter((features(input_shape), self.units), self.initializer),
            "b": Parameter((self.units,), "zeros", weight_decay=False),
        }

    def macs(self, input_shape: Shape) -> int:
        return element_count(input_shape) * self.units

    def forward(self, x: Array, params: Arrays, context: Context) -> tuple[Array, Cache]:
        return x @ params["W"] + params["b"], x

    def backward(self, d_y: Array, cache: Cache, params: Arrays, grads: Arrays, context: Context) -> Array | None:
        x = cache
        grads["W"][...] = as_rows(x).T @ as_rows(d_y)
        grads["b"][...] = as_rows(d_y).sum(axis=0)
        return d_y @ params["W"].T if context.needs_d_x else None
