"""Class labels in data files: names or numbers, as text or bytes."""

import re
from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Labels, Shape
from nn_core.errors import CheckpointError, DataError, ShapeError

INTEGER = re.compile(r"([+-]?\d{1,18})(\.0*)?")


def integer(text: str) -> str | None:
    """The integer in a text, in its shortest form, or None: "1.0" becomes "1"."""
    stated = INTEGER.fullmatch(text)
    return str(int(stated[1])) if stated else None


def in_order(names: set[str]) -> list[str]:
    """Class names in numeric order if all are integers, otherwise in alphabetical order."""
    if all(map(integer, names)):
        return sorted(names, key=lambda name: int(integer(name) or 0))
    return sorted(names)


def read_labels(
    y: npt.NDArray[Any], class_names: npt.NDArray[Any] | None, x_shape: Shape, source: str
) -> tuple[Labels, tuple[str, ...] | None]:
    """Labels as indices (N,) into class names; if there are no names, unchanged labels and None.

    y            (N,), (N, 1) or (1, N): names, or integers
    class_names  of any shape, indexed by integer labels; ignored if y holds names
    x_shape      shape of the examples, (N, ...)
    source       for messages
    Raises ShapeError or DataError, starting with the source.
    """
    if y.ndim == 2 and 1 in y.shape:
        y = y.reshape(-1)
    if y.ndim != 1 or len(y) != x_shape[0]:
        raise ShapeError(f"{source}: expected one label per example, but x has shape {x_shape} and y {y.shape}")
    if y.dtype.kind in "SUO":
        labels = as_text(y)
        names = in_order(set(labels.tolist()))
        position = {name: i for i, name in enumerate(names)}
        return np.array([position[label] for label in labels.tolist()], np.int64), tuple(names)
    numbers = _class_numbers(y, source)
    if class_names is None:
        return numbers, None
    given = tuple(as_text(class_names.reshape(-1)).tolist())
    wrong = numbers[numbers >= len(given)]
    if wrong.size:
        raise DataError(f"{source}: label {wrong[0]} is out of range; there are {len(given)} classes")
    if len(set(given)) != len(given):
        raise DataError(f"{source}: duplicate name in list_classes")
    return numbers, given


def match_classes(
    y: Labels, names: tuple[str, ...] | None, classes: tuple[str, ...], *, source: str, owner: str
) -> Labels:
    """Labels as indices into `classes`, the class names of `owner`.

    names  names of the labels, matched by name; None for numeric labels, which are matched by
           name if any of `classes` is a number, and are indices otherwise.
    Raises DataError, starting with the source, for a class that the owner lacks.
    """
    present = np.unique(y)
    used = [str(label) if names is None else names[label] for label in present]
    known = {integer(name) or name: position for position, name in enumerate(classes)}
    if all(map(integer, used)) and not any(map(integer, classes)):
        known = {str(position): position for position in range(len(classes))}
    for name in used:
        if (integer(name) or name) not in known:
            raise DataError(
                f"{source}: class {name!r} is unknown to the {owner}; its classes are"
                f" {', '.join(map(repr, classes[:20]))}"
            )
    positions = np.array([known[integer(name) or name] for name in used])
    return positions[np.searchsorted(present, y)]


def check_for_training(y: Labels, names: tuple[str, ...] | None, source: str) -> tuple[str, ...]:
    """The class names of a training set; numeric labels are their own names.

    Raises DataError, starting with the source, if there is only one class, or if numeric
    labels skip a class.
    """
    present = np.unique(y).tolist()
    classes = names or tuple(str(number) for number in range(len(present)))
    if names is None and present[-1] >= len(present):
        raise DataError(
            f"{source}: label {present[-1]} is out of range; {len(present)} classes without"
            f" names must be numbered 0 to {len(present) - 1}"
        )
    if len(present) < 2:
        only = classes[present[0]]
        raise DataError(f"{source}: only one class ({only!r}); training needs two or more")
    return classes


def class_names(names: Any) -> tuple[str, ...]:
    """Validate the class names of a checkpoint: two or more, all different.

    Raises CheckpointError if they are not.
    """
    if len(names) < 2 or len(set(names)) != len(names) or not all(isinstance(n, str) for n in names):
        raise CheckpointError(f"expected two or more different class names, found {names!r}")
    return tuple(names)


def as_text(values: npt.NDArray[Any]) -> npt.NDArray[np.str_]:
    """Names of any type as text."""
    return np.array(
        [value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for value in values.tolist()],
        dtype=np.str_,
    )


def _class_numbers(y: npt.NDArray[Any], source: str) -> Labels:
    if y.dtype.kind not in "buif":
        raise DataError(f"{source}: labels must be integers or text, not {y.dtype}")
    wrong = y[~((y >= 0) & (y < 2**31) & (y == np.floor(y)))] if y.dtype.kind != "b" else y[:0]
    if wrong.size:
        raise DataError(f"{source}: label {wrong[0]} is not a class number (0, 1, 2, ...)")
    return y.astype(np.int64)
