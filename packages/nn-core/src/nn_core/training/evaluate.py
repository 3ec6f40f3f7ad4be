"""Evaluate metrics of a network, without noise or penalties."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array, Examples
from nn_core.batches.minibatches import check_examples
from nn_core.batches.streams import bptt_chunks
from nn_core.errors import DataError
from nn_core.layers.base import State
from nn_core.losses import IGNORE_INDEX
from nn_core.metrics import Metric


class Predictor(Protocol):
    """The part of a backend needed for evaluation; see `nn_core.reference.Backend`."""

    def predict(self, x: Examples, state: State | None = None) -> tuple[Array, State]:
        """The outputs for any number of examples, and the final state."""


def evaluate(backend: Predictor, x: Examples, y: npt.NDArray[Any], metrics: Mapping[str, Metric]) -> dict[str, float]:
    """Each metric over all examples. Raises ShapeError or DataError for invalid input."""
    check_examples(x, y)
    output, _ = backend.predict(x)
    return {name: metric(output, y) for name, metric in metrics.items()}


def evaluate_text(
    backend: Predictor,
    x: npt.NDArray[Any],
    y: npt.NDArray[np.integer[Any]],
    metrics: Mapping[str, Metric],
    *,
    streams: int = 64,
    bptt_length: int = 100,
) -> dict[str, float]:
    """Each metric over a long text x (L, ...) with labels y (L,), carrying the state along.

    The mean over all labels is the weighted mean over chunks, so that memory does not grow with
    the text; see `nn_core.batches.streams.bptt_chunks`. With one stream, the text is read from
    start to end; more streams are faster, each with its own burn-in.
    """
    totals, count = dict.fromkeys(metrics, 0.0), 0
    state: State | None = None
    for chunk, labels in bptt_chunks(x, y, streams=streams, bptt_length=bptt_length):
        output, state = backend.predict(chunk, state)
        own = int(np.count_nonzero(labels != IGNORE_INDEX))
        if own:
            count += own
            for name, metric in metrics.items():
                totals[name] += own * metric(output, labels)
    if not count:
        raise DataError("no labels to evaluate on")
    return {name: total / count for name, total in totals.items()}
