"""How good the answers are, in figures that people read."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core.activations import sigmoid, softmax
from nn_core.arrays import Array, Labels
from nn_core.errors import DataError, ShapeError


def predicted_labels(logits: Array) -> Labels:
    """The likeliest class of each example: (N,) from (N, C), or from (N, 1) or (N,) by sign."""
    if logits.ndim == 1 or logits.shape[1] == 1:
        return (logits.reshape(-1) > 0).astype(np.int64)
    labels: Labels = logits.argmax(axis=1)
    return labels


def probabilities(logits: Array) -> Array:
    """P(class | example), (N, C): softmax of (N, C); 1 - p and p with p = sigmoid of (N, 1)."""
    if logits.ndim == 1 or logits.shape[1] == 1:
        p = sigmoid(logits.reshape(-1))
        return np.stack([1.0 - p, p], axis=1)
    return softmax(logits)


def accuracy(logits: Array, labels: Labels) -> float:
    """The share of examples whose likeliest class is the right one, in [0, 1].

    Of sequences, logits (N, T, V) and labels (N, T), the share of steps, without those whose
    label is -1, for none.
    Raises ShapeError unless there is one label for each example, DataError for no examples.
    """
    if logits.ndim == 3 and labels.shape == logits.shape[:2]:
        there = labels >= 0
        logits, labels = logits[there], labels[there]
    if labels.shape != logits.shape[:1]:
        raise ShapeError(
            f"logits {logits.shape} take labels {logits.shape[:1]}, not {labels.shape}"
        )
    if len(labels) == 0:
        raise DataError("accuracy needs at least one example")
    return int(np.count_nonzero(predicted_labels(logits) == labels)) / len(labels)


def confusion_matrix(predicted: Labels, labels: Labels, classes: int) -> npt.NDArray[np.int64]:
    """How often class i was taken for class j: (classes, classes), truth in rows."""
    counts: npt.NDArray[np.int64] = np.bincount(
        labels.astype(np.intp) * classes + predicted.astype(np.intp), minlength=classes * classes
    )
    return counts.reshape(classes, classes)


def precision_and_recall(confusion: npt.NDArray[np.int64]) -> tuple[Array, Array]:
    """Per class: right among those called it, and found among those that are it.

    precision_j = M[j, j] / sum_i M[i, j],   recall_i = M[i, i] / sum_j M[i, j]
    NaN where the divisor is 0: the class was never called, or never there.
    """
    right: npt.NDArray[Any] = np.diagonal(confusion).astype(np.float64)
    called = confusion.sum(axis=0)
    there = confusion.sum(axis=1)
    nothing = np.full(len(right), np.nan)
    precision = np.divide(right, called, out=nothing.copy(), where=called > 0)
    recall = np.divide(right, there, out=nothing.copy(), where=there > 0)
    return precision, recall


def perplexity(nats: float) -> float:
    """exp(mean negative log-likelihood): among how many equal choices the model wavers."""
    try:
        return math.exp(nats)
    except OverflowError:
        return math.inf
