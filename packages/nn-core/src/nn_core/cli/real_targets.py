"""Real-valued targets in files of arrays, for regression."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Shape
from nn_core.errors import DataError, ShapeError, remark

FEW = 20
"""Different whole numbers that are always classes."""
MANY = 100
"""Different whole numbers from which they are a quantity, unless they number classes."""


def are_real(targets: Sequence[npt.NDArray[Any]], task: str, name: str) -> bool:
    """Whether the targets of the sets of a file are real numbers rather than classes.

    task  "classify", "regress" or "auto": real if one of them is not whole, or if they are a quantity,
          which a DataWarning says, starting with the name
    """
    if task != "auto":
        return task == "regress"
    flat = [y for y in targets if y.dtype.kind in "uif" and y.size == max(y.shape, default=0)]
    reason = next(filter(None, map(_why_real, flat)), None)
    if reason is not None:
        remark(f"{name}: y holds {reason}; predicting a number (--task regress)")
    return reason is not None


def _why_real(y: npt.NDArray[Any]) -> str | None:
    if (np.isfinite(y) & (y != np.rint(y))).any():
        return "fractions"
    numbers = y.reshape(-1)
    return f"{len(np.unique(y)):,} distinct numbers" if is_quantity(numbers[np.isfinite(numbers)]) else None


def is_quantity(numbers: npt.NDArray[Any]) -> bool:
    """Whether whole numbers look like a quantity, such as prices, rather than classes.

    They do if there are more than FEW different ones, with fewer than 10 examples each, or more than MANY;
    unless they number classes from 0 or 1, with two examples each on average.
    """
    present = np.unique(numbers)
    count, rows = len(present), len(numbers)
    if count <= FEW or (count <= MANY and 10 * count <= rows):
        return False
    numbers_classes = present[0] in {0, 1} and present[-1] - present[0] == count - 1
    return not (numbers_classes and 2 * count <= rows)


def read_targets(y: npt.NDArray[Any], x_shape: Shape, source: str) -> npt.NDArray[np.float64]:
    """Targets (N,), stored as (N,), (N, 1) or (1, N).

    x_shape  shape of the examples, (N, ...)
    source   for messages
    Raises ShapeError or DataError, starting with the source, for text and for values that are not finite.
    """
    if y.size != max(y.shape, default=0) or y.size != x_shape[0]:
        raise ShapeError(f"{source}: expected one target per example, but x has shape {x_shape} and y {y.shape}")
    if y.dtype.kind not in "buif":
        raise DataError(f"{source}: targets must be numbers, not {y.dtype}")
    targets = y.reshape(-1).astype(np.float64)
    wrong = np.flatnonzero(~np.isfinite(targets))
    if wrong.size:
        raise DataError(
            f"{source}: the target of example {wrong[0]} (from 0) is {targets[wrong[0]]}; leave such examples out:"
            " keep = np.isfinite(y); x, y = x[keep], y[keep]"
        )
    return targets
