"""A residual block: a chain of layers with a skip connection."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from nn_core.arrays import Array, Arrays, Shape
from nn_core.errors import ShapeError
from nn_core.layers.base import Cache, Layer, State
from nn_core.layers.chain import Chain
from nn_core.layers.context import Context


class Residual(Chain):
    """y = x + f(x), with f the chain of its layers.

    dL/dx = d_y + J_f^T d_y: the gradient reaches x unchanged through the skip connection, and
    through f.

    Raises ShapeError if f changes the shape.
    Source: He, Zhang, Ren, Sun, Deep residual learning for image recognition (2016), eq. 1.
    """

    if TYPE_CHECKING:

        def __init__(self, layers: Iterable[Layer | str], *, trainable: bool = True) -> None: ...

    def output_shape(self, input_shape: Shape) -> Shape:
        shape = super().output_shape(input_shape)
        if shape != input_shape:
            raise ShapeError(f"Residual needs equal input and output shapes, not {input_shape} and {shape}")
        return shape

    def forward_with_state(
        self, x: Array, state: State, params: Arrays, context: Context
    ) -> tuple[Array, State, Cache]:
        y, left, cache = super().forward_with_state(x, state, params, context)
        return x + y, left, cache

    def backward_with_state(
        self, d_y: Array, d_state: State, cache: Cache, params: Arrays, grads: Arrays, context: Context
    ) -> tuple[Array | None, State]:
        d_x, d_initial = super().backward_with_state(d_y, d_state, cache, params, grads, context)
        if not context.needs_d_x:
            return None, d_initial
        return (d_y if d_x is None else d_y + d_x), d_initial
