"""Embedding: a learned feature vector per token."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array, Arrays, Shape
from nn_core.errors import DataError
from nn_core.initializers import initializer
from nn_core.layers.base import Cache, Layer, Parameter
from nn_core.layers.context import Context
from nn_core.registry import require


@dataclass(frozen=True)
class Embedding(Layer):
    """A lookup table with a learned row of features per token.

    y[n] = W[x[n]]      x (N, ...) integers, W (vocabulary_size, dimensions), y (N, ..., dimensions)

    It is the product of one-hot rows, o[n, v] = 1 if v = x[n] else 0, with W: y = o @ W. So
    the gradient is o^T @ d_y, in which dL/dW[v] sums over all positions where v occurs:

    dL/dW[v] = sum over all n with x[n] = v of d_y[n]

    Integers have no gradient: there is no d_x. In a branch of `Parallel`, tokens may be integral floats.

    vocabulary_size  number of tokens, which are 0 to vocabulary_size - 1
    dimensions       number of features per token
    initializer      initializer of W
    Raises DataError for an integer outside the vocabulary.
    Source: Bengio et al., A neural probabilistic language model (2003), sec. 2.
    """

    vocabulary_size: int
    dimensions: int
    _: KW_ONLY
    initializer: str = "normal:scale=1"

    takes_integers: ClassVar[bool] = True

    def __post_init__(self) -> None:
        size, dimensions = self.vocabulary_size, self.dimensions
        require(size >= 1, f"Embedding needs a vocabulary of at least one token, not {size}")
        require(dimensions >= 1, f"Embedding needs at least one dimension, not {dimensions}")
        initializer(self.initializer)

    def output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape, self.dimensions)

    def parameters(self, input_shape: Shape) -> Mapping[str, Parameter]:
        return {"W": Parameter((self.vocabulary_size, self.dimensions), self.initializer)}

    def forward(self, x: npt.NDArray[Any], params: Arrays, context: Context) -> tuple[Array, Cache]:
        self.check_tokens(x)
        if x.dtype.kind == "f":
            x = x.astype(np.intp)
        return params["W"][x], x

    def backward(self, d_y: Array, cache: Cache, params: Arrays, grads: Arrays, context: Context) -> Array | None:
        x = cache
        grads["W"][...] = 0.0
        np.add.at(grads["W"], x, d_y)
        return None

    def check_tokens(self, x: npt.NDArray[Any]) -> None:
        """Raise DataError unless all elements of x are tokens of the vocabulary."""
        if x.size == 0:
            return
        if x.dtype.kind == "f" and not (np.isfinite(x) & (np.trunc(x) == x)).all():
            raise DataError("tokens must be integers")
        least, largest = int(x.min()), int(x.max())
        if least < 0 or largest >= self.vocabulary_size:
            wrong = least if least < 0 else largest
            raise DataError(f"token {wrong} is outside 0 to {self.vocabulary_size - 1}")
