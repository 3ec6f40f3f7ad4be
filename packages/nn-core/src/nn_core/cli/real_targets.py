"""Real-valued targets in data files: whether labels are numbers to predict, and their values."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Shape
from nn_core.cli.labels import remark
from nn_core.errors import DataError, ShapeError

FEW = 20
"""Different whole numbers that are always classes."""
MANY = 100
"""Different whole numbers from which they are quantities, unless they number the classes from 0 or 1."""


def is_quantity(numbers: npt.NDArray[Any]) -> bool:
    """Whether finite numbers look like a quantity rather than classes.

    They are one if any is not whole, or if there are many different ones, as in prices.
    """
    if not (numbers == np.floor(numbers)).all():
        return True
    present = np.unique(numbers)
    count, rows = len(present), len(numbers)
    if count <= FEW or (count <= MANY and 10 * count <= rows):
        return False
    numbers_classes = present[0] in {0, 1} and present[-1] - present[0] == count - 1
    return not (numbers_classes and 2 * count <= rows)


def are_targets(labels: Sequence[npt.NDArray[Any]], task: str, source: str) -> bool:
    """Whether the labels of the sets of a file are numbers to predict.

    task  "classify", "regress", or "auto": by their values, with a DataWarning if they are
    """
    if task != "auto":
        return task == "regress"
    if any(y.dtype.kind not in "iuf" or y.size > max(y.shape, default=0) for y in labels):
        return False
    values = np.concatenate([y.reshape(-1) for y in labels])
    if not np.isfinite(values).all() or not is_quantity(values):
        return False
    remark(f"{source}: y is predicted as a number: it has {len(np.unique(values)):,} different values")
    return True


def read_targets(y: npt.NDArray[Any], x_shape: Shape, source: str) -> npt.NDArray[np.float64]:
    """Real-valued targets (N,) from (N,), (N, 1) or (1, N).

    Raises ShapeError or DataError, starting with the source, for another shape, text, or a value that is
    not finite.
    """
    if y.size != max(y.shape, default=0) or y.size != x_shape[0]:
        raise ShapeError(f"{source}: expected one number per example, but x has shape {x_shape} and y {y.shape}")
    if y.dtype.kind not in "biuf":
        raise DataError(f"{source}: targets must be numbers, not {y.dtype}; --task classify predicts classes")
    targets = y.reshape(-1).astype(np.float64)
    wrong = np.flatnonzero(~np.isfinite(targets))
    if wrong.size:
        raise DataError(
            f"{source}: target {targets[wrong[0]]} of example {wrong[0]} (from 0) is not finite;"
            " leave such examples out: keep = np.isfinite(y); x, y = x[keep], y[keep]"
        )
    return targets
