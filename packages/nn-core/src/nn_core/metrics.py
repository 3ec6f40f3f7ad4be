"""Metrics: accuracy, precision, recall, F1, ROC AUC, average precision, regression errors, perplexity."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from nn_core.activations import sigmoid, softmax
from nn_core.arrays import Array, Labels
from nn_core.errors import DataError, SettingError, ShapeError
from nn_core.hints import unknown_names
from nn_core.losses import IGNORE_INDEX
from nn_core.ranking_metrics import binary_average_precision, binary_roc_auc
from nn_core.registry import Registry

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

    For sequences, with logits (N, T, C) and labels (N, T), the fraction of steps. For K binary
    decisions, with logits and labels (N, K), the fraction of decisions. Labels of -1 are ignored, as
    in the losses.
    Raises ShapeError unless there is one label per example, DataError if there are no examples.
    """
    logits, labels = _labeled(logits, labels)
    return int(np.count_nonzero(predicted_labels(logits) == labels)) / len(labels)


def mean_absolute_error(output: Array, targets: npt.NDArray[Any]) -> float:
    """mean |y - t| over all elements, in the units of the targets. Raises ShapeError if the shapes differ."""
    return float(np.abs(_errors(output, targets)).mean())


def root_mean_squared_error(output: Array, targets: npt.NDArray[Any]) -> float:
    """sqrt(mean (y - t)^2) over all elements, in the units of the targets. Raises ShapeError if the shapes differ."""
    return math.sqrt(float(np.square(_errors(output, targets)).mean()))


def r2(output: Array, targets: npt.NDArray[Any]) -> float:
    """The fraction of the variance of the targets that is explained, averaged over columns; at most 1.

    R^2 = 1 - sum (y - t)^2 / sum (t - mean(t))^2

    For a column of equal targets it is 1 if all predictions are exact, else 0.
    Raises ShapeError if the shapes differ.
    """
    missed = np.square(_errors(output, targets)).reshape(len(targets), -1).sum(axis=0)
    t = np.asarray(targets, np.float64).reshape(len(targets), -1)
    variation = np.square(t - t.mean(axis=0)).sum(axis=0)
    ratio = np.divide(missed, variation, out=(missed > 0).astype(np.float64), where=variation > 0)
    return float(1.0 - ratio.mean())


def _errors(output: Array, targets: npt.NDArray[Any]) -> Array:
    """output - targets, in float64."""
    if output.shape != targets.shape:
        raise ShapeError(f"predictions {output.shape} and targets {targets.shape} differ in shape")
    if not len(targets):
        raise DataError("a metric needs at least one example")
    errors: Array = np.subtract(output, targets, dtype=np.float64)
    return errors


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


def f1_scores(confusion: npt.NDArray[np.int64]) -> Array:
    """F1 of each class, the harmonic mean of precision and recall: (classes,).

    F1_c = 2 M[c, c] / (sum_i M[i, c] + sum_j M[c, j])

    0 for a class that is present but never predicted, or the reverse; NaN for a class that is neither.
    """
    total = confusion.sum(axis=0) + confusion.sum(axis=1)
    undefined = np.full(len(total), np.nan)
    scores: Array = np.divide(2.0 * np.diagonal(confusion), total, out=undefined, where=total > 0)
    return scores


def macro_average(values: Array, confusion: npt.NDArray[np.int64]) -> float:
    """The mean of a metric over the classes that are present or predicted, counting NaN as 0.

    values  (classes,) precision, recall or F1
    As in scikit-learn with zero_division=0. NaN for an empty confusion matrix.
    """
    known = confusion.sum(axis=0) + confusion.sum(axis=1) > 0
    return float(np.nan_to_num(values[known]).mean()) if known.any() else math.nan


def f1(logits: Array, labels: Labels) -> float:
    """The macro average of F1 over the classes that are present or predicted, in [0, 1].

    Shapes and errors as in `accuracy`.
    """
    logits, labels = _labeled(logits, labels)
    predicted = predicted_labels(logits)
    confusion = confusion_matrix(predicted, labels, 1 + int(max(predicted.max(), labels.max())))
    return macro_average(f1_scores(confusion), confusion)


def roc_auc(logits: Array, labels: Labels) -> float:
    """Area under the ROC curve; for more than two classes, the mean of one class against the rest.

    Two classes are ranked by the logit of the second, more classes by the probability of each. The mean
    is over the classes with both examples and other examples; NaN if there is none.
    Shapes and errors as in `accuracy`.
    """
    return _one_vs_rest(binary_roc_auc, logits, labels)


def average_precision(logits: Array, labels: Labels) -> float:
    """Average precision of the second of two classes; of more, the mean over the classes present.

    Ranked as in `roc_auc`. Shapes and errors as in `accuracy`.
    """
    return _one_vs_rest(binary_average_precision, logits, labels)


def _one_vs_rest(binary: Callable[[Array, npt.NDArray[np.bool_]], float], logits: Array, labels: Labels) -> float:
    logits, labels = _labeled(logits, labels)
    if logits.ndim == 1 or logits.shape[1] == 1:
        return binary(logits.reshape(-1), labels == 1)
    if logits.shape[1] == 2:
        return binary(logits[:, 1] - logits[:, 0], labels == 1)
    p = probabilities(logits)
    of_class = [binary(p[:, c], labels == c) for c in range(logits.shape[1])]
    defined = [value for value in of_class if not math.isnan(value)]
    return math.fsum(defined) / len(defined) if defined else math.nan


def _labeled(logits: Array, labels: Labels) -> tuple[Array, Labels]:
    """The logits and labels whose label is not -1, with one label per row of logits."""
    if labels.shape in (logits.shape, logits.shape[:-1], logits.shape[:1]):
        labeled = labels != IGNORE_INDEX
        logits, labels = logits[labeled], labels[labeled]
    if labels.shape != logits.shape[:1]:
        raise ShapeError(f"logits {logits.shape} take labels {logits.shape[:1]}, not {labels.shape}")
    if len(labels) == 0:
        raise DataError("a metric of classes needs at least one example")
    return logits, labels


def perplexity(nats: float) -> float:
    """exp(mean negative log-likelihood): the effective number of equally likely tokens."""
    try:
        return math.exp(nats)
    except OverflowError:
        return math.inf


METRICS: Registry[Metric] = Registry(
    "metric",
    {
        "accuracy": accuracy,
        "f1": f1,
        "roc-auc": roc_auc,
        "average-precision": average_precision,
        "mean-absolute-error": mean_absolute_error,
        "root-mean-squared-error": root_mean_squared_error,
        "r2": r2,
    },
    group="nn_core.metrics",
    kebab_case=True,
    foreign={
        "acc": "accuracy",
        "sparse-categorical-accuracy": "accuracy",
        "binary-accuracy": "accuracy",
        "mae": "mean-absolute-error",
        "rmse": "root-mean-squared-error",
        "f1-score": "f1",
        "f1-macro": "f1",
        "auc": "roc-auc",
        "roc-auc-score": "roc-auc",
        "average-precision-score": "average-precision",
        "r2-score": "r2",
        "r-squared": "r2",
    },
)
"""All metrics by name."""


def metrics_by_name(given: str | Metric | Iterable[str | Metric] | Mapping[str, str | Metric]) -> dict[str, Metric]:
    """Metrics by column name: "mean-absolute-error" becomes `mean_absolute_error`.

    given  names and functions, or a mapping from column names to them
    Raises SettingError for an unknown name, or anything other than a name or function.
    """
    if isinstance(given, Mapping):
        return {str(name): _metric(each) for name, each in given.items()}
    if isinstance(given, str) or not isinstance(given, Iterable):
        given = [given]
    named: dict[str, Metric] = {}
    for each in given:
        name = _column(each)
        if named.get(name, _metric(each)) is not _metric(each):
            raise SettingError(f"two metrics are named {name!r}; rename them: metrics={{'first': ..., 'second': ...}}")
        named[name] = _metric(each)
    return named


def _column(metric: str | Metric) -> str:
    name = metric if isinstance(metric, str) else getattr(metric, "__name__", type(metric).__name__)
    return name.replace("-", "_")


def _metric(given: str | Metric) -> Metric:
    if isinstance(given, str):
        return METRICS[given if given in METRICS else given.replace("_", "-")]
    if isinstance(given, type) or not callable(given):
        raise SettingError(f"a metric is a name or a function of outputs and targets, not {given!r}")
    return given


if not TYPE_CHECKING:
    __getattr__ = unknown_names(__name__)
