"""Calibrated probabilities, and how far an example is from those of training."""

import base64
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core.activations import softmax
from nn_core.arrays import Array, Labels
from nn_core.errors import DataError, ShapeError
from nn_core.registry import require
from nn_core.storage.json_schema import Integer, Row, Schema, Text, check_json

COLDEST, HOTTEST = 0.05, 20.0
"""Bounds of a temperature."""
MAX_FEATURES = 4096
DISTRIBUTION: Schema = {
    "shape": Row(Integer(1, 2**20), Integer(1, MAX_FEATURES)),
    "normalized?": bool,
    "float32": Text(2**31),
}
"""The fields of `FeatureDistribution` in a checkpoint."""
LEAST_VARIANCE = 1e-8
"""Smaller variances of features count as this: below are the rounding errors of float32."""


def temper(p: Array, temperature: float) -> Array:
    """Probabilities (N, C) under a temperature T: p^(1/T), normalized, which is softmax(log(p) / T).

    Above 1 they are less certain, below 1 more; their order stays.
    """
    return softmax(np.log(np.maximum(p, 1e-30)) / temperature)


def fit_temperature(p: Array, labels: Labels) -> float:
    """The temperature T that minimizes the mean negative log-likelihood of held-out labels.

    L(b) = mean_n [log sum_c exp(b z[n, c]) - sum_c t[n, c] b z[n, c]],   z = log p,  b = 1 / T
    dL/db = mean_n sum_c (softmax(b z)[n, c] - t[n, c]) z[n, c],   which never falls as b grows

    so b is found by bisection. The targets t are 1 - 1/(2N + 2) for the label, as if half an example
    more were wrong, so that T stays above 0 where all labels are predicted.

    p       (N, C), probabilities of a classifier of examples that it was not trained on
    labels  (N,) integers in [0, C)
    Returns a number from COLDEST to HOTTEST.
    Raises ShapeError unless there is one label for each row, DataError if there are none.
    Sources: Guo et al., On Calibration of Modern Neural Networks (2017), sec. 4.2; targets that are
    not 1, with another prior, are those of Platt, Probabilistic Outputs for Support Vector Machines (1999).
    """
    _check(p, labels)
    z = np.log(np.maximum(p, 1e-30)).astype(np.float64)
    N, C = z.shape
    wrong = 1 / (2 * N + 2)
    targets = np.full((N, C), wrong / max(1, C - 1))
    targets[np.arange(N), labels] = 1 - wrong
    low, high = math.log(1 / HOTTEST), math.log(1 / COLDEST)
    for _ in range(40):
        middle = (low + high) / 2
        slope = ((softmax(math.exp(middle) * z) - targets) * z).sum(axis=1).mean()
        low, high = (middle, high) if slope < 0 else (low, middle)
    return math.exp(-(low + high) / 2)


def expected_calibration_error(p: Array, labels: Labels, bins: int = 15) -> float:
    """How far the probability of the predicted class is from its accuracy, in [0, 1].

    ECE = sum_b n_b / N |accuracy_b - mean probability_b|

    over bins of equal width of the largest probability.
    Raises ShapeError unless there is one label for each row, DataError if there are none.
    Source: Guo et al., On Calibration of Modern Neural Networks (2017), eq. 3.
    """
    _check(p, labels)
    confidence = p.max(axis=1).astype(np.float64)
    right = (p.argmax(axis=1) == labels).astype(np.float64)
    index = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    gaps = np.bincount(index, weights=right - confidence, minlength=bins)
    return float(np.abs(gaps).sum() / len(p))


@dataclass(frozen=True, eq=False)
class FeatureDistribution:
    """Gaussians of the features of each class, with one covariance for all classes.

    means       (C, D)
    factor      (D, D), lower triangular: factor @ factor.T is the inverse of the covariance
    normalized  whether features are first scaled to length 1
    """

    means: Array
    factor: Array
    normalized: bool = True

    @classmethod
    def fit(
        cls, features: Array, labels: Labels, *, shrinkage: float = 0.01, normalized: bool = True
    ) -> "FeatureDistribution":
        """The distribution of features (N, D), such as the input of the last layer.

        shrinkage   multiple of the mean variance that is added to each variance
        normalized  whether features are first scaled to length 1
        Classes without examples are left out.
        Raises ShapeError unless there is one label for each row, DataError if there are none.
        """
        _check(features, labels)
        x = _rows(features, normalized)
        present, index = np.unique(labels, return_inverse=True)
        means = np.stack([x[index == i].mean(axis=0) for i in range(len(present))])
        residual = x - means[index]
        covariance = residual.T @ residual / len(x)
        D = x.shape[1]
        variance = max(float(np.trace(covariance)) / D, LEAST_VARIANCE)
        inverse = np.linalg.inv(covariance + shrinkage * variance * np.eye(D))
        return cls(means, np.linalg.cholesky((inverse + inverse.T) / 2), normalized)

    def distances(self, features: Array) -> Array:
        """How far features (N, D) are from the nearest class mean: (N,), in units of training.

        d = min_c (f - m_c)' S^-1 (f - m_c) / D,   f = x / |x|, or x if they are not normalized

        the squared Mahalanobis distance, about 1 for those of training.
        Sources: Lee et al., A Simple Unified Framework for Detecting Out-of-Distribution Samples
        (2018), eq. 2; Müller and Hein, Mahalanobis++ (2025), for the normalization.
        """
        if features.ndim != 2 or features.shape[1] != self.means.shape[1]:
            raise ShapeError(f"expected features (N, {self.means.shape[1]}), not {features.shape}")
        x, means = _rows(features, self.normalized) @ self.factor, self.means @ self.factor
        squared = np.stack([((x - mean) ** 2).sum(axis=1) for mean in means], axis=1)
        nearest: Array = squared.min(axis=1) / self.means.shape[1]
        return nearest

    def to_dict(self) -> dict[str, Any]:
        """For JSON: the sizes, and the numbers as base64 of little-endian float32."""
        C, D = self.means.shape
        numbers = np.concatenate([self.means.ravel(), self.factor[np.tril_indices(D)]])
        return {
            "shape": [C, D],
            "normalized": self.normalized,
            "float32": base64.b64encode(numbers.astype("<f4").tobytes()).decode("ascii"),
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "FeatureDistribution":
        """The distribution that `to_dict` described. Raises DataError or SettingError if it is damaged."""
        check_json(stored, DISTRIBUTION, source="features")
        C, D = stored["shape"]
        try:
            numbers = np.frombuffer(base64.b64decode(stored["float32"], validate=True), "<f4").astype(np.float64)
        except ValueError as error:
            raise DataError(f"features: float32 is not base64 of numbers: {error}") from None
        require(len(numbers) == C * D + D * (D + 1) // 2, f"{len(numbers)} numbers do not fit ({C}, {D})")
        require(bool(np.isfinite(numbers).all()), "the distribution of the features is not finite")
        factor = np.zeros((D, D))
        factor[np.tril_indices(D)] = numbers[C * D :]
        return cls(numbers[: C * D].reshape(C, D), factor, stored.get("normalized", True))


def _rows(features: Array, normalized: bool) -> npt.NDArray[np.float64]:
    """Features in float64, on request as rows of length 1; rows of zeros stay."""
    x = features.astype(np.float64)
    if not normalized:
        return x
    unit: npt.NDArray[np.float64] = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)
    return unit


def _check(rows: Array, labels: Labels) -> None:
    if rows.ndim != 2 or labels.shape != (len(rows),):
        raise ShapeError(f"expected one label for each row, not {labels.shape} for {rows.shape}")
    if len(rows) == 0:
        raise DataError("calibration needs at least one example")
