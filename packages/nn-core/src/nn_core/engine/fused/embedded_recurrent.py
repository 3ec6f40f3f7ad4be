"""Fused embedding and recurrent layer: input projections are looked up by token."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array, Arrays, Shape
from nn_core.engine.fused.base import Fused
from nn_core.engine.fused.embedding import SMALL, sum_by_token, token_rows
from nn_core.engine.fused.gru_scan import GRUScan
from nn_core.engine.fused.lstm_scan import LSTMScan
from nn_core.engine.fused.recurrent_scan import RecurrentScan
from nn_core.engine.fused.simple_rnn_scan import SimpleRNNScan
from nn_core.engine.workspace import Workspace
from nn_core.layers.base import Cache, Layer, State
from nn_core.layers.chain import below
from nn_core.layers.context import Context
from nn_core.layers.embedding import Embedding
from nn_core.layers.gru import GRU
from nn_core.layers.lstm import LSTM
from nn_core.layers.recurrent import Recurrent
from nn_core.layers.simple_rnn import SimpleRNN

SCANS: dict[type[Recurrent], type[RecurrentScan]] = {SimpleRNN: SimpleRNNScan, GRU: GRUScan, LSTM: LSTMScan}
"""The scan of each recurrent layer."""


class EmbeddedRecurrent(Fused):
    """An Embedding and a recurrent layer that computes x @ W_x + b once per token.

    x[n, t] = E[w], w = tokens[n, t], has only as many distinct rows as there are tokens, and so does
    its projection in the recurrent layer:

    S = E @ W_x + b,   x[n, t] @ W_x + b = S[w]

    w (N, T) integers, E (V, D), W_x (D, gates * units), S (V, gates * units). A batch has many
    more steps than an alphabet has letters: a product with V rows and N T lookups replace a
    product with N T rows. In the backward pass, gradients are first summed by token:

    dL/dS[v] = sum over all n, t with tokens[n, t] = v of d_z[n, t]
    dL/dE = dL/dS @ W_x^T,   dL/dW_x = E^T @ dL/dS,   dL/db = sum_v dL/dS[v]

    so that these products have V rows as well. Everything else is as in the recurrent layer.
    """

    @classmethod
    def accepts(cls, layers: Sequence[Layer], input_shape: Shape) -> bool:
        embedding, cell = layers
        return (
            isinstance(embedding, Embedding)
            and embedding.vocabulary_size <= SMALL
            and isinstance(cell, Recurrent)
            and SCANS[type(cell)].accepts([cell], embedding.output_shape(input_shape))
        )

    @cached_property
    def embedding(self) -> Embedding:
        """The embedding layer."""
        return cast(Embedding, self.layers[0])

    @cached_property
    def recurrent(self) -> RecurrentScan:
        """The fused recurrent layer."""
        cell = cast(Recurrent, self.layers[1])
        return SCANS[type(cell)]((cell,))

    def saved_activations(self, input_shape: Shape) -> int:
        return self.recurrent.saved_activations(self.embedding.output_shape(input_shape))

    def forward_fused_with_state(
        self, x: npt.NDArray[Any], state: State, params: Arrays, context: Context, workspace: Workspace
    ) -> tuple[Array, State, Cache]:
        (N, T), recurrent, cell = x.shape, self.recurrent, self.recurrent.cell
        tokens = token_rows(self.embedding, x)
        E, params = params["0/W"], below(params, 1)

        def make() -> Array:
            shape = cell.gates, len(E), cell.units
            S = workspace.array("sums of tokens", shape, E.dtype)
            recurrent.input_projection(E, params, workspace, S)
            return S

        S = workspace.derived("sums of tokens", make)
        sums = workspace.array("sums", (cell.gates, T * N, cell.units), E.dtype)
        for of_token, of_step in zip(S, sums, strict=True):
            np.take(of_token, tokens, axis=0, out=of_step, mode="clip")  # as in FusedEmbedding
        h, left, cache = recurrent.scan(sums.reshape(cell.gates, T, N, cell.units), state[1], params, workspace)
        return h.swapaxes(0, 1), ((), left), (tokens, cache)

    def backward_fused_with_state(
        self,
        d_y: Array,
        d_state: State,
        cache: Cache,
        params: Arrays,
        grads: Arrays,
        context: Context,
        workspace: Workspace,
    ) -> tuple[Array | None, State]:
        tokens, of_scan = cache
        E, d_E = params["0/W"], grads["0/W"]
        params, grads = below(params, 1), below(grads, 1)
        d_z, d_initial = self.recurrent.scan_backward(
            d_y, d_state[1] if d_state else (), of_scan, params, grads, workspace
        )
        d_S = workspace.array("d_S", (len(E), d_z.shape[1]), d_z.dtype)
        sum_by_token(tokens, d_z, d_S, workspace)
        np.dot(d_S, params["W_x"].T, out=d_E)
        np.dot(E.T, d_S, out=grads["W_x"])
        np.add.reduce(d_S, axis=0, out=grads["b"])
        return None, ((), d_initial)
