"""Losses: a sum over targets and its gradient with respect to the output.

Sigmoid and softmax are part of the loss, where they cancel with the logarithm: neither can
overflow, and the gradient is a simple difference. A loss returns sums and counts its targets; the
caller divides once for the whole batch, L = total / count, so a batch may be split arbitrarily.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from nn_core.activations import sigmoid, softplus
from nn_core.arrays import Array, Labels, Shape
from nn_core.errors import DataError, ShapeError
from nn_core.hints import HelpfulErrors, unknown_names
from nn_core.registry import Registry, require
from nn_core.targets import as_class_labels, as_real_targets

IGNORE_INDEX = -1
"""The label of a step without a target, such as padding."""


@dataclass(frozen=True)
class Loss(HelpfulErrors, ABC):
    """A sum over the targets of a batch, or of any part of it.

    Calling it with a whole batch returns the mean and its gradient, including the factor 1 / count.

    default_metrics  names of the metrics to evaluate by default
    takes_logits     whether the loss includes the sigmoid or softmax
    """

    default_metrics: ClassVar[tuple[str, ...]] = ()
    takes_logits: ClassVar[bool] = False

    @abstractmethod
    def count(self, y: npt.NDArray[Any], weights: Array | None = None) -> float:
        """The number of targets in y, or the sum of their weights."""

    @abstractmethod
    def total(self, output: Array, y: npt.NDArray[Any], weights: Array | None = None) -> tuple[float, Array]:
        """The sum of the losses and its gradient, as a new array."""

    def as_targets(self, y: object, output_shape: Shape) -> npt.NDArray[Any]:
        """Convert targets, such as lists and DataFrames, to the array that `total` takes.

        output_shape  shape of the network's output for one example
        Raises DataError or ShapeError for unusable targets.
        """
        return np.asarray(y)

    def __call__(self, output: Array, y: npt.NDArray[Any], weights: Array | None = None) -> tuple[float, Array]:
        """The mean over the targets, and its gradient.

        Raises DataError if there is no target.
        """
        count = self.count(y, weights)
        if not count:
            raise DataError("a loss needs at least one target")
        total, d_output = self.total(output, y, weights)
        d_output *= 1.0 / count
        return total / count, d_output


class BinaryCrossEntropy(Loss):
    """Negative log-likelihood of labels 0 and 1 under sigmoid(logits).

    L = -sum_n w_n [ y log p + (1 - y) log(1 - p) ]
      = sum_n w_n log(1 + exp(z)) if y = 0, w_n log(1 + exp(-z)) if y = 1
    dL/dz = w (p - y),   p = sigmoid(z)

    logits   (N, 1) or (N,), for sequences (N, T, 1) or (N, T); any finite values: log(1 + exp(z))
             is computed without overflow
    labels   (N,) or (N, T) integers 0 or 1; -1 is ignored
    weights  (N,) or in the shape of the labels
    The loss is in nats. Raises ShapeError if the shapes do not match, DataError for another label.
    Source: Goodfellow, Bengio, Courville, Deep Learning (2016), sec. 6.2.2.2.
    """

    default_metrics: ClassVar[tuple[str, ...]] = ("accuracy",)
    takes_logits: ClassVar[bool] = True

    def as_targets(self, y: object, output_shape: Shape) -> Labels:
        """Integer labels (N,), or 0 and 1 for each of several logits; see `as_class_labels`."""
        outputs = math.prod(size or 1 for size in output_shape[-1:])
        labels = as_class_labels(y, output_shape, classes=2 if outputs == 1 else 0)
        if outputs > 1 and labels.shape[1:] != output_shape and None not in output_shape:
            raise ShapeError(
                f"binary cross-entropy of labels {labels.shape} takes one logit, Dense(1), not {outputs};"
                f" for {outputs} classes use softmax-cross-entropy"
            )
        return labels

    def count(self, y: npt.NDArray[Any], weights: Array | None = None) -> float:
        return _count_labels(y, weights)

    def total(self, output: Array, y: npt.NDArray[Any], weights: Array | None = None) -> tuple[float, Array]:
        if output.shape not in (y.shape, (*y.shape, 1)):
            raise ShapeError(
                f"binary cross-entropy of labels {y.shape} takes logits {(*y.shape, 1)}, not {output.shape}"
            )
        w = _label_weights(y, weights, 2, output.dtype)
        z = output.reshape(-1)
        labels = y.reshape(-1).astype(z.dtype)

        losses = softplus((1.0 - 2.0 * labels) * z)
        d_z = sigmoid(z)
        d_z -= labels
        if w is not None:
            losses *= w
            d_z *= w
        return float(losses.sum()), d_z.reshape(output.shape)


class SoftmaxCrossEntropy(Loss):
    """Negative log-likelihood of integer labels under softmax(logits).

    L = -sum_n w_n log p[n, labels[n]],   p = softmax(logits)
    dL/dlogits = w (p - onehot(labels))

    logits   (N, C), for sequences (N, T, C); any finite values: exp(logits - max) cannot overflow
    labels   (N,) or (N, T) integers in [0, C); -1 is ignored
    weights  (N,) or in the shape of the labels
    The loss is in nats. Raises ShapeError if the shapes do not match, DataError for a label outside
    [0, C) that is not -1.
    Source: Goodfellow, Bengio, Courville, Deep Learning (2016), sec. 6.2.2.3.
    """

    default_metrics: ClassVar[tuple[str, ...]] = ("accuracy",)
    takes_logits: ClassVar[bool] = True

    def as_targets(self, y: object, output_shape: Shape) -> Labels:
        """Integer labels (N,), or (N, T) for sequences; see `as_class_labels`.

        Raises SettingError for a single logit, whose softmax is always 1.
        """
        classes = output_shape[-1] if output_shape else None
        require(
            classes != 1,
            "softmax cross-entropy takes a logit per class, such as Dense(2); for Dense(1) use binary-cross-entropy",
        )
        return as_class_labels(y, output_shape, classes=classes or 0)

    def count(self, y: npt.NDArray[Any], weights: Array | None = None) -> float:
        return _count_labels(y, weights)

    def total(self, output: Array, y: npt.NDArray[Any], weights: Array | None = None) -> tuple[float, Array]:
        if output.ndim < 2 or output.shape[:-1] != y.shape:
            raise ShapeError(
                f"softmax cross-entropy of labels {y.shape} takes logits "
                f"({', '.join(map(str, (*y.shape, 'classes')))}), not {output.shape}"
            )
        classes = output.shape[-1]
        w = _label_weights(y, weights, classes, output.dtype)
        logits, labels = output.reshape(-1, classes), y.reshape(-1).astype(np.intp)
        rows = np.arange(len(labels))
        target = labels if w is None else np.where(labels == IGNORE_INDEX, 0, labels)

        shifted = logits - logits.max(axis=1, keepdims=True)
        p = np.exp(shifted)
        total = p.sum(axis=1, keepdims=True)
        losses = np.log(total[:, 0]) - shifted[rows, target]  # -log p[n, labels[n]]
        d_logits: Array = np.divide(p, total, out=p)
        d_logits[rows, target] -= 1.0
        if w is not None:
            losses *= w
            d_logits *= w[:, None]
        return float(losses.sum()), d_logits.reshape(output.shape)


class MeanSquaredError(Loss):
    """Squared difference between predictions and real-valued targets.

    L = sum w (y - t)^2
    dL/dy = 2 w (y - t)

    It counts every element, N * D for (N, D), so that the mean over a batch is
    1/(N D) sum_n sum_d (y[n, d] - t[n, d])^2.

    predictions, targets  arrays of the same shape
    weights               (N,), or the first axes of that shape
    The loss is in squared units of the targets. Raises ShapeError if the shapes differ, DataError
    for targets that are not an array of real numbers.
    Source: Goodfellow, Bengio, Courville, Deep Learning (2016), sec. 5.1.4.
    """

    default_metrics: ClassVar[tuple[str, ...]] = ("mean-absolute-error",)

    def as_targets(self, y: object, output_shape: Shape) -> npt.NDArray[Any]:
        """Real numbers in the shape of the output, or (N,) for one output; see `as_real_targets`."""
        return as_real_targets(y, output_shape)

    def count(self, y: npt.NDArray[Any], weights: Array | None = None) -> float:
        _check_numbers(y, "targets")
        return float(y.size if weights is None else weights_like(y, weights, np.float64).sum())

    def total(self, output: Array, y: npt.NDArray[Any], weights: Array | None = None) -> tuple[float, Array]:
        _check_numbers(y, "targets")
        if output.shape != y.shape:
            raise ShapeError(
                f"mean squared error takes targets of the predictions' shape {output.shape}, not {y.shape}"
            )
        difference = np.subtract(output, y, dtype=output.dtype)
        squares = np.square(difference)
        difference *= 2.0
        if weights is not None:
            w = weights_like(y, weights, output.dtype)
            squares *= w
            difference *= w
        return float(squares.sum()), difference


def weights_like(y: npt.NDArray[Any], weights: Array, dtype: npt.DTypeLike) -> Array:
    """Broadcast weights of examples (N,), or of the first axes of y, to the shape of y.

    Raises ShapeError for other shapes, DataError for negative or non-finite weights.
    """
    given = np.asarray(weights, dtype)
    if given.shape != y.shape[: given.ndim]:
        raise ShapeError(f"weights {given.shape} do not fit targets {y.shape}")
    if given.size and not (np.isfinite(given).all() and given.min() >= 0):
        raise DataError("weights must be finite and nonnegative")
    return np.broadcast_to(given.reshape(given.shape + (1,) * (y.ndim - given.ndim)), y.shape)


def _count_labels(y: Labels, weights: Array | None) -> float:
    """The number of labels that are not ignored, or the sum of their weights."""
    _check_numbers(y, "class labels", "iu")
    if weights is None:
        return float(np.count_nonzero(y != IGNORE_INDEX))
    return float(weights_like(y, weights, np.float64)[y != IGNORE_INDEX].sum())


def _label_weights(y: Labels, weights: Array | None, classes: int, dtype: npt.DTypeLike) -> Array | None:
    """The flattened weight of each label, 0 if it is ignored; None if all weights are 1.

    Raises DataError unless all labels are integers in [0, classes), or -1.
    """
    _check_numbers(y, "class labels", "iu")
    if y.size == 0:
        return None
    lowest, highest = int(np.minimum.reduce(y, None)), int(np.maximum.reduce(y, None))
    if lowest < IGNORE_INDEX or highest >= classes:
        wrong = lowest if lowest < IGNORE_INDEX else highest
        raise DataError(f"label {wrong} is outside 0 to {classes - 1}")
    if weights is None and lowest > IGNORE_INDEX:
        return None
    given = np.ones(y.shape, dtype) if weights is None else weights_like(y, weights, dtype)
    return np.where(y == IGNORE_INDEX, 0.0, given).reshape(-1).astype(dtype)


def _check_numbers(values: object, what: str, kinds: str = "biuf") -> None:
    """Raise DataError unless `values` is an array of real numbers, or of integers if `kinds` is "iu"."""
    if not isinstance(values, np.ndarray) or values.dtype.kind not in kinds:
        found = values.dtype if isinstance(values, np.ndarray) else type(values).__name__
        raise DataError(f"{what} are {'integers' if kinds == 'iu' else 'real numbers'}, not {found}")


binary_cross_entropy = BinaryCrossEntropy()
softmax_cross_entropy = SoftmaxCrossEntropy()
mean_squared_error = MeanSquaredError()

BINARY, SOFTMAX, SQUARED = "binary-cross-entropy", "softmax-cross-entropy", "mean-squared-error"

LOSSES: Registry[type[Loss]] = Registry(
    "loss",
    {BINARY: BinaryCrossEntropy, SOFTMAX: SoftmaxCrossEntropy, SQUARED: MeanSquaredError},
    group="nn_core.losses",
    kebab_case=True,
    foreign=dict.fromkeys(("bce", "bceloss", "bcewithlogitsloss", "binary-crossentropy", "log-loss", "log"), BINARY)
    | dict.fromkeys(("cross-entropy", "crossentropy", "crossentropyloss", "nll", "nllloss", "softmax"), SOFTMAX)
    | dict.fromkeys(("categorical-crossentropy", "sparse-categorical-crossentropy"), SOFTMAX)
    | dict.fromkeys(("mse", "mseloss", "squared-error", "squared-loss", "l2"), SQUARED),
)
"""All losses by their name in checkpoints."""


def loss(given: str | Loss) -> Loss:
    """The loss for a spec such as "softmax-cross-entropy"; a Loss is returned unchanged.

    Raises SettingError for an unknown name or setting, and for a class instead of an instance.
    """
    made: Loss = LOSSES.create(given, Loss)
    return made


if not TYPE_CHECKING:
    __getattr__ = unknown_names(__name__)
