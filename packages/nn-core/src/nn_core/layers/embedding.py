"""From numbers that name things to rows of features."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array, Shape
from nn_core.errors import DataError, ShapeError
from nn_core.initializers import initializer
from nn_core.layers.layer import Cache, Context, Layer, Parameter
from nn_core.registry import require

SMALL = 256
"""Up to so many words a product with one-hot rows is faster than sorting."""


@dataclass(frozen=True)
class Embedding(Layer):
    """Each word of a vocabulary has a row of features, which is learnt.

    y[n] = W[x[n]]          x (N,) integers, W (vocabulary, dimensions), y (N, dimensions)

    It is the product of one-hot rows, o[n, v] = 1 if v = x[n] else 0, with W: y = o @ W. So
    the gradient is o^T @ d_y, in which W[v] is moved by every place where v stands:

    dL/dW[v] = sum over all n with x[n] = v of d_y[n]

    For a small vocabulary that product is made; for a large one, nearly all zeros, the rows
    of d_y are sorted by their word and each run of them is summed. Integers have no gradient.

    dimensions   features of a word
    vocabulary   how many words there are, 0 to vocabulary - 1
    initializer  how W begins
    Raises ShapeError if there is more than one integer for each example or step, DataError
    for a number that is no word.
    Source: Bengio et al., A neural probabilistic language model (2003), sec. 2.
    """

    dimensions: int
    vocabulary: int
    initializer: str = "normal:scale=1"

    takes_integers: ClassVar[bool] = True

    def __post_init__(self) -> None:
        require(
            self.dimensions >= 1,
            f"Embedding needs at least one dimension, not {self.dimensions}",
        )
        require(self.vocabulary >= 1, f"Embedding needs at least one word, not {self.vocabulary}")
        initializer(self.initializer)

    def output_shape(self, input_shape: Shape) -> Shape:
        if input_shape != ():
            raise ShapeError(f"expected one integer, shape (), got {input_shape}")
        return (self.dimensions,)

    def parameters(self, input_shape: Shape) -> Mapping[str, Parameter]:
        shape = (self.vocabulary, self.dimensions)
        return {"W": Parameter(shape, self.initializer, decays=True)}

    def forward(
        self, x: Array, params: Mapping[str, Array], context: Context
    ) -> tuple[Array, Cache]:
        words = self.words(x)
        y = context.scratch("y", (len(words), self.dimensions))
        # The words are in range; "clip" spares NumPy a copy that it makes in case they are not.
        return np.take(params["W"], words, axis=0, out=y, mode="clip"), (words,)

    def backward(
        self,
        d_y: Array,
        cache: Cache,
        params: Mapping[str, Array],
        grads: Mapping[str, Array],
        context: Context,
    ) -> Array | None:
        (words,) = cache
        self.sum_by_word(words, d_y, grads["W"], context)
        return None

    def words(self, x: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
        """x as indices into a vocabulary in which each of them is sure to be."""
        words = x.astype(np.intp, copy=False)
        if words.size and (words.min() < 0 or words.max() >= self.vocabulary):
            wrong = words.min() if words.min() < 0 else words.max()
            raise DataError(f"{wrong} is no word of a vocabulary of 0 to {self.vocabulary - 1}")
        return words

    def sum_by_word(
        self, words: npt.NDArray[np.intp], rows: Array, out: Array, context: Context
    ) -> None:
        """out[v] = sum over all n with words[n] = v of rows[n]; out (vocabulary, ...)."""
        if self.vocabulary <= SMALL:
            one_hot = context.scratch("one_hot", (len(words), self.vocabulary))
            one_hot.fill(0.0)
            one_hot[np.arange(len(words)), words] = 1.0
            np.dot(one_hot.T, rows, out=out)
            return
        order = words.argsort(kind="stable")
        in_order = words[order]
        starts = np.flatnonzero(np.diff(in_order, prepend=-1))
        out.fill(0.0)
        out[in_order[starts]] = np.add.reduceat(rows[order], starts, axis=0)
