"""A layer and the activation after it in one: the numbers between them are written over."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nn_core.arrays import Array, Shape
from nn_core.layers.activation import Activation
from nn_core.layers.layer import Cache, Context, Layer, Parameter
from nn_core.registry import require

LINEAR = ("Conv2D", "Dense", "WinogradConv2D")
"""Layers whose way back does not need what they put out."""


@dataclass(frozen=True)
class Activated(Layer):
    """y = f(z), z = layer(x), where y stands in the memory in which z stood.

    A network predicts with it (`nn_core.folding`): half the memory is touched. There is a way
    back if the slope of f is known from y alone, as those of ReLU (y > 0), of the sigmoid,
    y (1 - y), and of tanh, 1 - y^2, and if that of the layer does not need z, as that of Dense,
    x^T d_z and d_z W^T, or of a convolution; that of a pool does:

    d_z = d_y f'(z),   and then the layer's own d_x and gradients.

    layer       what makes z, in memory of its own
    activation  f
    """

    layer: Layer
    activation: Activation

    @classmethod
    def of(cls, layers: tuple[Any, Any]) -> "Activated":
        """What stands for a layer and an activation."""
        return cls(*layers)

    def output_shape(self, input_shape: Shape) -> Shape:
        return self.layer.output_shape(input_shape)

    def parameters(self, input_shape: Shape) -> Mapping[str, Parameter]:
        return self.layer.parameters(input_shape)

    def multiply_adds(self, input_shape: Shape) -> int:
        return self.layer.multiply_adds(input_shape)

    def kept(self, input_shape: Shape) -> int:
        return self.layer.kept(input_shape)

    def forward(
        self, x: Array, params: Mapping[str, Array], context: Context
    ) -> tuple[Array, Cache]:
        z, cache = self.layer.forward(x, params, context)
        y = self.activation.function(z, z)
        return y, (y, cache)

    def backward(
        self,
        d_y: Array,
        cache: Cache,
        params: Mapping[str, Array],
        grads: Mapping[str, Array],
        context: Context,
    ) -> Array | None:
        require(
            type(self.layer).__name__ in LINEAR,
            f"{self.layer!r} has no way back once its output is written over",
        )
        y, of_layer = cache
        d_z = self.activation.derivative(y, y, context.scratch("d_z", y.shape))
        d_z *= d_y
        return self.layer.backward(d_z, of_layer, params, grads, context)
