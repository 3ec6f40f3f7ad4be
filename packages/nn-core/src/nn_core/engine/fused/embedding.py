"""Embedding, with its gradient as a product or as sums of sorted rows."""

from typing import Any, cast

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array, Arrays
from nn_core.engine.fused.base import Fused
from nn_core.engine.workspace import Workspace
from nn_core.layers.base import Cache
from nn_core.layers.context import Context
from nn_core.layers.embedding import Embedding
from nn_core.sequences import merge_time, split_time

SMALL = 256
"""Vocabulary size up to which a product with one-hot rows is faster than sorting."""


class FusedEmbedding(Fused):
    """An Embedding whose output is time-major in memory, as recurrent layers need it.

    For dL/dW see `sum_by_token`.
    """

    def forward_fused(
        self, x: npt.NDArray[Any], params: Arrays, context: Context, workspace: Workspace
    ) -> tuple[Array, Cache]:
        embedding = cast(Embedding, self.layers[0])
        tokens = token_rows(embedding, x)
        W = params["0/W"]
        y = workspace.array("y", (len(tokens), embedding.dimensions), W.dtype)
        # The tokens are in range; "clip" avoids a copy that NumPy would make for the check.
        np.take(W, tokens, axis=0, out=y, mode="clip")
        if x.ndim == 1:
            return y, tokens
        N, T, *others = x.shape
        return split_time(y.reshape(T * N, *others, embedding.dimensions), N, T), tokens

    def backward_fused(
        self, d_y: Array, cache: Cache, params: Arrays, grads: Arrays, context: Context, workspace: Workspace
    ) -> Array | None:
        tokens = cache
        rows = (merge_time(d_y) if d_y.ndim > 2 else d_y).reshape(len(tokens), d_y.shape[-1])
        sum_by_token(tokens, rows, grads["0/W"], workspace)
        return None


def token_rows(embedding: Embedding, x: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
    """The tokens of x (N, ...), flattened in time-major order. Raises DataError, like the layer."""
    embedding.check_tokens(x)
    in_order = merge_time(x) if x.ndim > 1 else x
    return in_order.reshape(-1).astype(np.intp, copy=False)


def sum_by_token(tokens: npt.NDArray[np.intp], rows: Array, out: Array, workspace: Workspace) -> None:
    """out[v] = sum over all n with tokens[n] = v of rows[n]; out (vocabulary_size, ...).

    For a small vocabulary, this is the product of transposed one-hot rows with `rows`. For a large
    one, they would be nearly all zeros: the rows are sorted by token, and each run of equal tokens
    is summed.
    """
    if len(out) <= SMALL:
        one_hot = workspace.array("one_hot", (len(tokens), len(out)), rows.dtype)
        one_hot.fill(0.0)
        one_hot[np.arange(len(tokens)), tokens] = 1.0
        np.dot(one_hot.T, rows, out=out)
        return
    out.fill(0.0)
    order = tokens.argsort(kind="stable")
    in_order = tokens[order]
    starts = np.flatnonzero(np.diff(in_order, prepend=-1))
    if len(starts):
        out[in_order[starts]] = np.add.reduceat(rows[order], starts, axis=0)
