"""Metrics of predictions: accuracy, confusion matrix, precision and recall, perplexity."""

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from nn_core.activations import sigmoid, softmax
from nn_core.arrays import Array, Labels
from nn_core.errors import DataError, ShapeError
from nn_core.losses import IGNORE_INDEX

Metric: TypeAlias = Callable[[Array, Any], float]
"""Maps network output and targets to a number that is a mean over the targets."""


def predicted_labels(logits: Array) -> Labels:
    """The most likely class of each example: (N,) from (N, C), or by sign from (N, 1) or (N,)."""
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
    """The fraction of examples whose most likely class is the correct one, in [0, 1].

    For sequences, with logits (N, T, C) and labels (N, T), the fraction of steps. Labels of -1 are
    ignored, as they are by the losses.
    Raises ShapeError unless there is one label per example, DataError if there are no examples.
    """
    if labels.shape in (logits.shape[:-1], logits.shape[:1]):
        labeled = labels != IGNORE_INDEX
        logits, labels = logits[labeled], labels[labeled]
    if labels.shape != logits.shape[:1]:
        raise ShapeError(f"logits {logits.shape} take labels {logits.shape[:1]}, not {labels.shape}")
    if len(labels) == 0:
        raise DataError("accuracy needs at least one example")
    return int(np.count_nonzero(predicted_labels(logits) == labels)) / len(labels)


def confusion_matrix(predicted: Labels, labels: Labels, classes: int) -> npt.NDArray[np.int64]:
    """Counts of class i predicted as class j: (classes, classes), with true labels in rows."""
    counts: npt.NDArray[np.int64] = np.bincount(
        labels.astype(np.intp) * classes + predicted.astype(np.intp), minlength=classes * classes
    )
    return counts.reshape(classes, classes)


def precision_and_recall(confusion: npt.NDArray[np.int64]) -> tuple[Array, Array]:
    """Precision and recall of each class: (classes,) each.

    precision_j = M[j, j] / sum_i M[i, j],   recall_i = M[i, i] / sum_j M[i, j]
    NaN where the divisor is 0: the class was never predicted, or has no examples.
    """
    correct: npt.NDArray[Any] = np.diagonal(confusion).astype(np.float64)
    predicted = confusion.sum(axis=0)
    actual = confusion.sum(axis=1)
    undefined = np.full(len(correct), np.nan)
    precision = np.divide(correct, predicted, out=undefined.copy(), where=predicted > 0)
    recall = np.divide(correct, actual, out=undefined.copy(), where=actual > 0)
    return precision, recall


def perplexity(nats: float) -> float:
    """exp(mean negative log-likelihood): the effective number of equally likely tokens."""
    try:
        return math.exp(nats)
    except OverflowError:
        return math.inf
