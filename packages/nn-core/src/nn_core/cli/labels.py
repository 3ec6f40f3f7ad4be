"""Class labels in data files: names or numbers, as text or bytes."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Labels, Shape
from nn_core.errors import CheckpointError, DataError, ShapeError, remark
from nn_core.storage.files import first_few, printable
from nn_core.storage.json_schema import Items, Schema, Text, is_valid_text

INTEGER = re.compile(r"([+-]?\d{1,18})(\.0*)?")

MANY_CLASSES = 20
"""Fewer classes than this are accepted however few examples there are."""


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
    y: npt.NDArray[Any], class_names: npt.NDArray[Any] | None, x_shape: Shape, source: str, *, one_based: bool = False
) -> tuple[Labels, tuple[str, ...] | None]:
    """Labels as indices (N,) into class names; if there are no names, unchanged labels and None.

    y            (N,), (N, 1) or (1, N): names, or integers; or one-hot (N, C) or (C, N)
    class_names  of any shape, indexed by integer labels; ignored if y holds names
    x_shape      shape of the examples, (N, ...)
    source       for messages
    one_based    whether label 1 has the first name (see `counts_from_one`)
    Warns with a DataWarning of labels that were converted. Raises ShapeError or DataError, starting
    with the source.
    """
    y, one_hot_classes = _one_axis(y, x_shape, source)
    if y.dtype.kind in "SUO":
        labels = as_text(y)
        if (blank := np.flatnonzero(labels == "")).size:
            raise DataError(
                f"{source}: the label of example {blank[0]} (from 0) is blank; leave such examples out:"
                " keep = y != ''; x, y = x[keep], y[keep]"
            )
        names = in_order(set(labels.tolist()))
        remark_on_case(names, source)
        position = {name: i for i, name in enumerate(names)}
        return np.array([position[label] for label in labels.tolist()], np.int64), tuple(names)
    numbers = _class_numbers(y, source)
    if class_names is None:
        return numbers, tuple(map(str, range(one_hot_classes))) or None
    given = tuple(as_text(class_names.reshape(-1)).tolist())
    if one_based:
        remark(f"{source}: labels count from 1: label 1 is {given[0]!r}, the first of the class names")
        numbers = numbers - 1
    wrong = numbers[(numbers < 0) | (numbers >= len(given))]
    if wrong.size:
        raise DataError(f"{source}: label {wrong[0]} is out of range; there are {len(given)} classes")
    if len(set(given)) != len(given):
        twice = next(name for i, name in enumerate(given) if name in given[:i])
        raise DataError(f"{source}: duplicate name in list_classes: {printable(twice)!r}")
    return numbers, given


def remark_on_case(names: Sequence[str], source: str) -> None:
    """Warn with a DataWarning of classes whose names differ in case only."""
    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault(name.casefold(), []).append(name)
    for group in alike.values():
        if len(group) > 1:
            remark(f"{source}: {' and '.join(map(repr, group))} are classes of their own, which differ in case only")


def counts_from_one(labels: Sequence[npt.NDArray[Any]], names: int) -> bool:
    """Whether numeric labels of the sets of a file are 1 to `names`, as in MATLAB, rather than 0 to `names` - 1."""
    numbers = [y for y in labels if y.dtype.kind in "uif" and y.size and (y.ndim == 1 or 1 in y.shape)]
    return bool(numbers) and min(y.min() for y in numbers) >= 1 and max(y.max() for y in numbers) == names


def match_classes(
    y: Labels, names: tuple[str, ...] | None, classes: tuple[str, ...], *, source: str, owner: str
) -> Labels:
    """Labels as indices into `classes`, the class names of `owner`.

    names  names of the labels, matched by name; None for numeric labels, which are matched by
           name if any of `classes` is a number, and are indices otherwise, with a DataWarning if
           none is 0, since they may count from 1.
    Raises DataError, starting with the source, for a class that the owner lacks.
    """
    present = np.unique(y)
    used = [str(label) if names is None else names[label] for label in present]
    known = {integer(name) or name: position for position, name in enumerate(classes)}
    by_position = all(map(integer, used)) and not any(map(integer, classes))
    if by_position:
        known = {str(position): position for position in range(len(classes))}
    for name in used:
        if (integer(name) or name) not in known:
            raise DataError(
                f"{source}: class {name!r} is unknown to the {owner}; its classes are"
                f" {', '.join(map(repr, classes[:20]))}"
            )
    positions = np.array([known[integer(name) or name] for name in used])
    if by_position and names is None and 0 not in positions:
        first = min(positions)
        remark(
            f"{source}: labels read as positions in the classes of the {owner}, from 0: {first} is {classes[first]!r}"
        )
    return positions[np.searchsorted(present, y)]


def training_classes(y: Labels, names: tuple[str, ...] | None, source: str) -> tuple[Labels, tuple[str, ...]]:
    """The labels of a training set as indices into its classes, and their names.

    Numeric labels are their own names; those other than 0 to K - 1 are numbered anew, with a
    DataWarning. Raises DataError, starting with the source, if there is only one class, or nearly as
    many as examples.
    """
    present = np.unique(y)
    classes = names or tuple(map(str, present.tolist()))
    require_valid_names(classes, source)
    if len(present) < 2:
        only = classes[0] if names is None else names[int(present[0])]
        raise DataError(f"{source}: only one class ({only!r}); training needs two or more")
    if names is not None or (present[0] == 0 and present[-1] == len(present) - 1):
        return y, classes
    if len(present) > max(MANY_CLASSES, len(y) // 2):
        raise DataError(
            f"{source}: {len(present):,} distinct labels, {present[0]} to {present[-1]}, for {len(y):,} examples;"
            " labels must be classes, with several examples each"
        )
    remark(f"{source}: {len(present)} classes, named by their numbers: {_ranges(present)}")
    return np.searchsorted(present, y).astype(np.int64), classes


MAX_NAME = 1000
"""Characters of the name of a class."""
CLASSES: Schema = Items(Text(MAX_NAME, controls=False), most=2**20)
"""The class names of a checkpoint; see `class_names`."""


def class_names(names: Sequence[str]) -> tuple[str, ...]:
    """The class names of a checkpoint, which must be two or more, all different.

    Raises CheckpointError if they are not.
    """
    if len(names) < 2 or len(set(names)) != len(names):
        found = first_few([repr(name) for name in names], 5)
        raise CheckpointError(f"expected two or more different class names, found {found or 'none'}")
    return tuple(names)


def require_valid_names(names: Sequence[str], source: str) -> None:
    """Raise DataError for the name of a class that is too long, or has characters that cannot be shown."""
    for name in names:
        if len(name) > MAX_NAME or not is_valid_text(name, controls=False):
            what = f"{len(name):,} characters" if len(name) > MAX_NAME else "control characters, or is not Unicode"
            raise DataError(f"{source}: the name of the class {printable(name, 60)!r} has {what}; rename it")


def as_text(values: npt.NDArray[Any]) -> npt.NDArray[np.str_]:
    """Names of any type as text, without spaces at their ends, with which fixed lengths are filled up."""
    return np.array(
        [
            (value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)).strip()
            for value in values.tolist()
        ],
        dtype=np.str_,
    )


def _one_axis(y: npt.NDArray[Any], x_shape: Shape, source: str) -> tuple[npt.NDArray[Any], int]:
    """Labels (N,) and, if they were one-hot, the number of classes; otherwise 0."""
    count = x_shape[0]
    if y.ndim > 1 and y.size == max(y.shape):
        y = y.reshape(-1)
    if y.ndim == 1 and len(y) == count:
        return y, 0
    if y.ndim != 2 or count not in y.shape or y.dtype.kind not in "buif":
        raise ShapeError(f"{source}: expected one label per example, but x has shape {x_shape} and y {y.shape}")
    scores = y if len(y) == count else y.T
    wrong = np.flatnonzero(~(((scores == 0) | (scores == 1)).all(axis=1) & (scores.sum(axis=1) == 1)))
    if wrong.size:
        row = first_few([f"{value:g}" for value in scores[wrong[0]].astype(float)], 6)
        raise DataError(
            f"{source}: y has shape {y.shape}, but is not one-hot: example {wrong[0]} has ({row});"
            f" expected one label per example, such as y.argmax(axis={1 if scores is y else 0})"
        )
    remark(f"{source}: one-hot labels {y.shape} read as the class numbers 0 to {scores.shape[1] - 1}")
    return scores.argmax(axis=1), scores.shape[1]


def _ranges(numbers: Labels) -> str:
    """Sorted numbers as ranges: "0 to 8, 10 to 24"."""
    starts = np.flatnonzero(np.diff(numbers, prepend=numbers[0] - 2) != 1)
    ends = [*(starts[1:] - 1), len(numbers) - 1]
    parts = [
        f"{numbers[a]} to {numbers[b]}" if b > a + 1 else ", ".join(map(str, numbers[a : b + 1].tolist()))
        for a, b in zip(starts, ends, strict=True)
    ]
    return ", ".join(parts if len(parts) <= 10 else [*parts[:10], "..."])


def _class_numbers(y: npt.NDArray[Any], source: str) -> Labels:
    if y.dtype.kind not in "buif":
        raise DataError(f"{source}: labels must be integers or text, not {y.dtype}")
    numbers = y.astype(np.float64)  # float16 has no 2**31, the smallest int64 no absolute value
    wrong = np.flatnonzero(~((abs(numbers) < 2**31) & (numbers == np.floor(numbers))))
    if wrong.size:
        label = f"label {y[wrong[0]]} of example {wrong[0]} (from 0)"
        keep = "; leave such examples out: keep = ~np.isnan(y); x, y = x[keep], y[keep]" if np.isnan(y).any() else ""
        raise DataError(f"{source}: {label} is not a class number (0, 1, 2, ...){keep}")
    return y.astype(np.int64)
