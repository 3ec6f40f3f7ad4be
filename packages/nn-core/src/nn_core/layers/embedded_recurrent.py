"""An embedding and the recurrent layer that reads it in one: words are looked up as sums."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from nn_core.arrays import Array, Shape
from nn_core.layers.embedding import SMALL, Embedding
from nn_core.layers.layer import Cache, Context, Layer, Parameter
from nn_core.layers.recurrent import Recurrent
from nn_core.sequences import merge_time


@dataclass(frozen=True)
class EmbeddedRecurrent(Layer):
    """A recurrent layer for which each word's x @ W_x + b is made once.

    x[n, t] = E[w], w = words[n, t], is one of no more rows than there are words, and so is what
    the recurrent layer makes of it before it comes to the state:

    S = E @ W_x + b,   x[n, t] @ W_x + b = S[w]

    w (N, T) integers, E (V, D), W_x (D, gates * units), S (V, gates * units). A batch has many
    more steps than an alphabet letters: one product with V rows and N T look-ups take the place
    of a product with N T rows. Going back, the gradients of a word's sums come together first:

    dL/dS[v] = sum over all n, t with words[n, t] = v of d_z[n, t]
    dL/dE = dL/dS @ W_x^T,   dL/dW_x = E^T @ dL/dS,   dL/db = sum_v dL/dS[v]

    so that these products have V rows as well. All else is as in the recurrent layer.

    embedding  the Embedding and
    cell       the recurrent layer that it stands for
    """

    embedding: Embedding
    cell: Recurrent

    over_time: ClassVar[bool] = True
    takes_integers: ClassVar[bool] = True

    @classmethod
    def of(cls, layers: tuple[Any, Any], input_shape: Shape) -> "EmbeddedRecurrent | None":
        """What stands for an Embedding and a recurrent layer, if the vocabulary is small."""
        embedding, cell = layers
        return cls(embedding, cell) if embedding.vocabulary <= SMALL else None

    def output_shape(self, input_shape: Shape) -> Shape:
        return self.cell.output_shape(self.embedding.output_shape(input_shape))

    def parameters(self, input_shape: Shape) -> Mapping[str, Parameter]:
        between = self.embedding.output_shape(input_shape)
        return {**self.embedding.parameters(input_shape), **self.cell.parameters(between)}

    def multiply_adds(self, input_shape: Shape) -> int:
        return self.cell.multiply_adds(self.embedding.output_shape(input_shape))

    def forward(
        self, x: Array, params: Mapping[str, Array], context: Context
    ) -> tuple[Array, Cache]:
        (N, T), cell = x.shape, self.cell
        words = self.embedding.words(merge_time(x))
        S = context.of_weights(
            "sums of words",
            (cell.gates, self.embedding.vocabulary, cell.units),
            lambda out: cell.sums(params["W"], params, context, out),
        )
        sums = context.scratch("sums", (cell.gates, T * N, cell.units))
        for of_word, of_step in zip(S, sums, strict=True):
            np.take(of_word, words, axis=0, out=of_step, mode="clip")  # as in Embedding
        y, context.final_state, cache = cell.loop(
            sums.reshape(cell.gates, T, N, cell.units), context.initial_state, params, context
        )
        return y, (words, *cache)

    def backward(
        self,
        d_y: Array,
        cache: Cache,
        params: Mapping[str, Array],
        grads: Mapping[str, Array],
        context: Context,
    ) -> Array | None:
        words, *rest = cache
        d_z, context.d_initial_state = self.cell.loop_back(
            d_y, context.d_final_state, tuple(rest), params, grads, context
        )
        E, W_x = params["W"], params["W_x"]
        d_S = context.scratch("d_S", (len(E), W_x.shape[1]))
        self.embedding.sum_by_word(words, d_z.reshape(len(words), -1), d_S, context)
        np.dot(d_S, W_x.T, out=grads["W"])
        np.dot(E.T, d_S, out=grads["W_x"])
        np.add.reduce(d_S, axis=0, out=grads["b"])
        return None
