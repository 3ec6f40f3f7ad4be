"""Reshape each example."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from nn_core.arrays import Array, Arrays, Shape
from nn_core.errors import SettingError, ShapeError
from nn_core.layers.base import Cache, Layer
from nn_core.layers.context import Context
from nn_core.registry import require


@dataclass(frozen=True)
class Reshape(Layer):
    """Reshape each example in C order: x (N, ...) to y (N, *shape).

    The elements and their order are unchanged, so d_x is d_y reshaped to the shape of x.

    shape  shape of one output example; one size may be -1, which is inferred
    Raises ShapeError if the number of elements differs, or for sequences of variable length.
    """

    shape: tuple[int, ...]

    rearranges: ClassVar[bool] = True

    if TYPE_CHECKING:

        def __init__(self, shape: int | Iterable[int], *, trainable: bool = True) -> None: ...

    def __post_init__(self) -> None:
        given: int | Iterable[int] = self.shape
        given = given if isinstance(given, Iterable) else (given,)
        try:
            shape = tuple(operator.index(size) for size in given)
        except TypeError:
            raise SettingError(f"shape must be integers, such as Reshape((8, 8, 1)), not {self.shape!r}") from None
        require(all(size >= 1 or size == -1 for size in shape), f"sizes must be at least 1, or -1, not {shape}")
        require(shape.count(-1) <= 1, f"only one size may be -1, not {shape}")
        object.__setattr__(self, "shape", shape)

    def output_shape(self, input_shape: Shape) -> Shape:
        sizes = [size for size in input_shape if size is not None]
        if len(sizes) < len(input_shape):
            raise ShapeError(f"expected axes of fixed sizes, got {input_shape}")
        count, known = math.prod(sizes), math.prod(size for size in self.shape if size != -1)
        shape = tuple(count // known if size == -1 else size for size in self.shape)
        if math.prod(shape) != count:
            raise ShapeError(f"an example of shape {input_shape} has {count} elements, which do not fit {self.shape}")
        return shape

    def forward(self, x: Array, params: Arrays, context: Context) -> tuple[Array, Cache]:
        shape = self.output_shape(x.shape[1:])
        return x.reshape(len(x), *(size or 0 for size in shape)), x.shape

    def backward(self, d_y: Array, cache: Cache, params: Arrays, grads: Arrays, context: Context) -> Array | None:
        return d_y.reshape(cache)
