"""Example weights from sample weights and class weights."""

import math
from collections.abc import Mapping
from numbers import Real
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array
from nn_core.errors import DataError, SettingError, ShapeError
from nn_core.losses import IGNORE_INDEX

ClassWeight: TypeAlias = Literal["balanced"] | Mapping[int, float] | None
"""The weight of each class, or "balanced" for inverse class frequencies."""


def example_weights(
    y: npt.NDArray[Any],
    class_weight: ClassWeight = None,
    sample_weight: npt.ArrayLike | None = None,
    *,
    class_count: int = 0,
) -> Array | None:
    """The product of sample weight and class weight of each example; None if all are 1.

    y              targets; with class_weight, labels (N,), or (N, T) for sequences
    class_weight   "balanced": N / (C N_c) for class c with N_c of the N labels and C classes, so
                   that every class has the same total weight N / C. A mapping: label -> weight;
                   missing classes have weight 1
    sample_weight  (N,), nonnegative, with a positive sum
    class_count    number of classes; class_weight may contain classes that do not occur in y
    Returns (N,), or the shape of y.
    The loss of a batch is the weighted mean sum_n w_n L_n / sum_n w_n.
    Raises SettingError, ShapeError or DataError for invalid weights.
    """
    weights = None if sample_weight is None else _sample_weights(len(y), sample_weight)
    if class_weight is None:
        return weights
    if y.dtype.kind not in "iu":
        raise SettingError(f"class_weight needs class labels, not targets of {y.dtype}; use sample_weight")
    classes, members, counts = np.unique(y.reshape(-1), return_inverse=True, return_counts=True)
    of_class = _class_weights(class_weight, classes, counts, class_count)[members].reshape(y.shape)
    return of_class if weights is None else of_class * weights.reshape(-1, *(1,) * (y.ndim - 1))


def _sample_weights(count: int, given: npt.ArrayLike) -> Array:
    try:
        weights = np.asarray(given, np.float64)
    except (TypeError, ValueError):
        raise DataError("sample_weight must be real numbers, one per example") from None
    if weights.shape != (count,):
        raise ShapeError(f"sample_weight must be ({count},), one per example, not {weights.shape}")
    if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.any()):
        raise DataError("sample_weight must be finite, nonnegative and not all zero")
    return weights


def _class_weights(given: object, classes: npt.NDArray[Any], counts: npt.NDArray[np.intp], class_count: int) -> Array:
    """The weight of each of these classes."""
    labeled = classes != IGNORE_INDEX
    if isinstance(given, str) and given == "balanced":
        return np.where(labeled, counts[labeled].sum() / (labeled.sum() * counts), 1.0)
    if not isinstance(given, Mapping):
        raise SettingError(f"class_weight must be 'balanced' or a mapping such as {{0: 1.0, 1: 5.0}}, not {given!r}")
    known = {*classes[labeled].tolist(), *range(class_count)}
    for label, weight in given.items():
        if label not in known:
            raise SettingError(
                f"class_weight has {label!r}, which is not a label: {', '.join(map(str, sorted(known)[:10]))}"
            )
        if not isinstance(weight, Real) or not 0 <= float(weight) < math.inf:
            raise SettingError(f"class_weight[{label!r}] must be finite and nonnegative, not {weight!r}")
    weights = np.array([float(given.get(label, 1.0)) for label in classes.tolist()])
    if not weights[labeled].any():
        raise SettingError("class_weight is zero for all classes")
    return weights
