"""Convert targets to the arrays that losses take.

Class labels become integers, real-valued targets an array of the output's shape. Errors show the
line that converts other targets.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Labels, Shape
from nn_core.errors import DataError, ShapeError


def as_class_labels(given: object, output_shape: Shape, *, classes: int) -> Labels:
    """Integer labels (N,), or (N, T) for sequences.

    given         integers, bools or integral floats; a last axis of length 1 is dropped
    output_shape  shape of the logits of one example: (C,), or (None, C) for sequences
    classes       number of classes, 0 if each logit is a separate binary decision
    Raises DataError for strings, one-hot rows, fractions, and labels outside 0 to classes - 1 (-1 is ignored).
    """
    y = as_numbers(given, "labels")
    axes = max(len(output_shape), 1)
    if y.ndim == axes + 1 and y.shape[-1] == 1:
        y = y[..., 0]
    if y.ndim == axes + 1 and classes:
        line = f"y.argmax(axis={1 if axes == 1 else -1})"
        raise DataError(f"labels are class numbers {y.shape[:-1]}, not one-hot rows {y.shape}: {line}")
    if y.ndim < axes:
        raise ShapeError(
            f"the network has an output for each step, but labels are {y.shape}; for one per example, add LastStep()"
        )
    labels = _whole_numbers(y)
    if labels.size and classes:
        lowest, highest = int(labels.min()), int(labels.max())
        if classes == 2 and (lowest, highest) == (-1, 1) and labels.all():
            raise DataError("labels are 0 and 1, not -1 and 1: (y > 0).astype(int)")
        if lowest < -1 or highest >= classes:
            wrong = lowest if lowest < -1 else highest
            hint = "; classes count from 0: y - 1" if (lowest, highest) == (1, classes) else ""
            raise DataError(f"label {wrong} is outside 0 to {classes - 1}{hint}")
    return labels


def as_real_targets(given: object, output_shape: Shape) -> npt.NDArray[Any]:
    """Real-valued targets (N, *output_shape); an axis of length 1 may be missing.

    Raises DataError for strings and non-finite values, ShapeError for another shape.
    """
    y = as_numbers(given, "targets")
    if output_shape[-1:] == (1,) and y.ndim == len(output_shape):
        y = y[..., None]
    fixed = None not in output_shape
    if fixed and y.shape[1:] != output_shape:
        hint = "; for class labels use softmax-cross-entropy" if y.ndim == 1 and y.dtype.kind in "biu" else ""
        raise ShapeError(f"outputs {output_shape} take targets {(len(y), *output_shape)}, not {y.shape}{hint}")
    if y.ndim != 1 + len(output_shape):
        raise ShapeError(
            f"the network has an output for each step, but targets are {y.shape}; for one per example, add LastStep()"
        )
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        row = int(np.argwhere(~np.isfinite(y))[0, 0])
        raise DataError(f"target {row} is not finite; remove such examples, or replace the values")
    return y


def as_numbers(given: object, what: str) -> npt.NDArray[Any]:
    """An array of bools, integers or floats. Raises DataError for anything else."""
    y = given if isinstance(given, np.ndarray) else _array(given, what)
    if y.dtype == object and y.ndim:
        y = _array(y.tolist(), what)
    if y.ndim and y.dtype.kind in "OSU":
        line = "classes, y = np.unique(y, return_inverse=True)"
        raise DataError(f"{what} are numbers, not text" + (f": {line}" if what == "labels" else ""))
    if y.dtype.kind not in "biuf" or not y.ndim:
        raise DataError(f"{what} are an array of numbers, not {y.dtype if y.ndim else type(given).__name__}")
    return y


def _array(given: object, what: str) -> npt.NDArray[Any]:
    try:
        return np.asarray(given)
    except ValueError:
        raise DataError(f"{what} differ in length; pad them to the same length") from None


def _whole_numbers(y: npt.NDArray[Any]) -> Labels:
    if y.dtype.kind in "iu":
        return y
    if y.dtype.kind == "f":
        whole = y == np.rint(y)
        if not whole.all():
            wrong = y[~whole].flat[0]
            raise DataError(f"labels are class numbers, not {wrong:g}; for real targets use mean-squared-error")
    return y.astype(np.int64)
