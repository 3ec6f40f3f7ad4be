"""How wrong the network was, and in which direction: loss(logits, targets) -> (value, d_logits).

Sigmoid and softmax live in here, where they and the logarithm cancel: neither can overflow,
and the gradient is a plain difference. Each value is a mean over the N examples, so d_logits
carries the 1/N and nothing divides again.
"""

from collections.abc import Callable
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np

from nn_core.activations import sigmoid, softplus
from nn_core.arrays import Array, Labels
from nn_core.errors import DataError, ShapeError
from nn_core.sequences import merge_time, split_time

Loss: TypeAlias = Callable[[Array, Any], tuple[float, Array]]

IGNORE_INDEX = -1
"""What stands among the targets of a sequence where there is none."""


def binary_cross_entropy(logits: Array, labels: Labels) -> tuple[float, Array]:
    """Mean negative log-likelihood of labels 0 and 1 under sigmoid(logits).

    L = -1/N sum_n [ y log p + (1 - y) log(1 - p) ]
      = 1/N sum_n log(1 + exp(z)) if y = 0, log(1 + exp(-z)) if y = 1
    dL/dz = (p - y) / N,   p = sigmoid(z)

    logits  (N, 1) or (N,), any finite values: log(1 + exp(z)) is computed without overflow
    labels  (N,) integers 0 or 1
    Returns the loss in nats and dL/dlogits in the shape of the logits.
    Raises ShapeError if the batch sizes differ, DataError for a label that is neither.
    Source: Goodfellow, Bengio, Courville, Deep Learning (2016), sec. 6.2.2.2.
    """
    if logits.shape not in ((len(labels), 1), (len(labels),)):
        raise ShapeError(
            f"binary cross-entropy of {len(labels)} labels takes logits "
            f"({len(labels)}, 1), not {logits.shape}"
        )
    _check_labels(labels, 2)
    z, y = logits.reshape(-1), labels.astype(logits.dtype)
    value = float(np.add.reduce(softplus((1.0 - 2.0 * y) * z))) / len(y)
    d_z = sigmoid(z)
    d_z -= y
    d_z /= len(y)
    return value, d_z.reshape(logits.shape)


def softmax_cross_entropy(logits: Array, labels: Labels) -> tuple[float, Array]:
    """Mean negative log-likelihood of integer labels under softmax(logits).

    L = -1/N sum_n log p[n, labels[n]],   p = softmax(logits)
    dL/dlogits = (p - onehot(labels)) / N

    logits  (N, C), any finite values; computed as logits - max so that exp cannot overflow
    labels  (N,) integers in [0, C)
    Returns the loss in nats and dL/dlogits (N, C).
    Raises ShapeError if the batch sizes differ, DataError for a label outside [0, C).
    Source: Goodfellow, Bengio, Courville, Deep Learning (2016), sec. 6.2.2.3.
    """
    if logits.ndim != 2 or len(logits) != len(labels):
        raise ShapeError(
            f"softmax cross-entropy of {len(labels)} labels takes logits "
            f"({len(labels)}, classes), not {logits.shape}"
        )
    _check_labels(labels, logits.shape[1])
    N, classes = logits.shape
    shifted = np.subtract(logits, np.maximum.reduce(logits, axis=1, keepdims=True), order="C")
    p = np.exp(shifted)
    total = np.add.reduce(p, axis=1, keepdims=True)
    # Where p[n, labels[n]] stands in p as one row.
    wanted = np.arange(0, N * classes, classes) + labels.astype(np.intp)
    losses = np.log(total[:, 0])
    losses -= shifted.reshape(-1)[wanted]
    value = float(np.add.reduce(losses)) / N
    total *= N  # so that p / total carries the 1/N, too
    p /= total
    p.reshape(-1)[wanted] -= 1.0 / N
    return value, p


def sequence_cross_entropy(logits: Array, targets: Labels) -> tuple[float, Array]:
    """Mean negative log-likelihood of the next word, over the steps that have one.

    L = -1/M sum over (n, t) with a target of log p[n, t, targets[n, t]],   p = softmax(logits)
    dL/dlogits = (p - onehot(targets)) / M there, 0 elsewhere

    logits   (N, T, V), any finite values
    targets  (N, T) integers in [0, V), or -1 for no target: the padding of short sequences;
             M is how many there are
    Returns the loss in nats and dL/dlogits (N, T, V).
    Raises ShapeError if the shapes do not fit, DataError for a target outside [0, V) that is
    not -1, or if there is no target at all.
    Source: as `softmax_cross_entropy`; Graves, Generating sequences with recurrent neural
    networks (2013), sec. 2.
    """
    if logits.ndim != 3 or logits.shape[:2] != targets.shape:
        raise ShapeError(
            f"sequence cross-entropy of targets {targets.shape} takes logits "
            f"(N, T, classes) with the same N and T, not {logits.shape}"
        )
    rows, labels = merge_time(logits), merge_time(targets)
    _check_labels(labels, logits.shape[2], least=IGNORE_INDEX)
    there = labels != IGNORE_INDEX
    if there.all():
        value, d_rows = softmax_cross_entropy(rows, labels)
    elif there.any():
        value, d_there = softmax_cross_entropy(rows[there], labels[there])
        d_rows = np.zeros_like(rows)
        d_rows[there] = d_there
    else:
        raise DataError("a loss needs at least one target; all of these are -1, for none")
    return value, split_time(d_rows, *targets.shape)


def mean_squared_error(predictions: Array, targets: Array) -> tuple[float, Array]:
    """Mean squared difference between predictions and real-valued targets.

    L = 1/(N D) sum_n sum_d (y[n, d] - t[n, d])^2
    dL/dy = 2 (y - t) / (N D)

    predictions, targets  (N, D) or any one shape in common
    Returns the loss in squared units of the targets and dL/dpredictions.
    Raises ShapeError if the shapes differ.
    Source: Goodfellow, Bengio, Courville, Deep Learning (2016), sec. 5.1.4.
    """
    if predictions.shape != targets.shape:
        raise ShapeError(
            f"mean squared error takes targets of the predictions' shape "
            f"{predictions.shape}, not {targets.shape}"
        )
    if len(predictions) == 0:
        raise DataError("a loss needs at least one example")
    difference = np.subtract(predictions, targets, dtype=predictions.dtype)
    value = float(np.square(difference).mean())
    difference *= 2.0 / difference.size
    return value, difference


def _check_labels(labels: Labels, classes: int, *, least: int = 0) -> None:
    """Raise DataError unless there are labels, all integers in [least, classes)."""
    if labels.ndim != 1:
        raise ShapeError(f"class labels must be (N,), not {labels.shape}")
    if len(labels) == 0:
        raise DataError("a loss needs at least one example")
    if labels.dtype.kind not in "iu":
        raise DataError(f"class labels are integers, not {labels.dtype}")
    lowest, highest = np.minimum.reduce(labels), np.maximum.reduce(labels)
    if lowest < least or highest >= classes:
        wrong = lowest if lowest < least else highest
        raise DataError(f"label {wrong} is outside 0 to {classes - 1}")


LOSSES: MappingProxyType[str, Loss] = MappingProxyType(
    {
        "binary-cross-entropy": binary_cross_entropy,
        "softmax-cross-entropy": softmax_cross_entropy,
        "sequence-cross-entropy": sequence_cross_entropy,
        "mean-squared-error": mean_squared_error,
    }
)
"""Every loss by name, as checkpoints keep it."""
