"""The training and the test set of a file of arrays."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from nn_core.cli.arrays.axes import Axes, find_axes
from nn_core.cli.arrays.choice import Pair, Rename, check_readable, choose_pairs, count_examples
from nn_core.cli.arrays.keys import parse_key
from nn_core.cli.dataset import Contents, Part
from nn_core.cli.labels import as_text, counts_from_one, read_labels
from nn_core.cli.real_targets import are_real, read_targets
from nn_core.errors import ShapeError, remark
from nn_core.storage.files import check_size
from nn_core.storage.stored_array import StoredArray

MAX_LABELS = 1 << 30
"""Bytes of the labels of a set as 64-bit integers, which a file can store in far fewer."""


@dataclass(frozen=True)
class ArraySet:
    """The examples of a set, not yet read.

    source  the file and the arrays in it, for messages
    x       the examples as stored
    axes    how the stored axes become (N, ...)
    """

    source: str
    x: StoredArray
    axes: Axes

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, ...)."""
        return self.axes.shape(self.x.shape)

    def read(self) -> npt.NDArray[Any]:
        """The examples (N, ...) in memory. Raises DataError if they are too large."""
        return self.axes.apply(self.x.read(self.source))


def read_sets(
    arrays: Mapping[str, StoredArray],
    name: str,
    rename: Rename,
    examples: Callable[[ArraySet], Any],
    task: str = "classify",
) -> Contents[Any]:
    """The training and the test set among the arrays of a file.

    name      of the file, for messages
    rename    the line of Python that names two arrays of the file x and y, for messages
    examples  reads the examples of a set in the form that the program takes
    task      what y holds: "classify" classes, "regress" real numbers, "auto" by the values

    Arrays are recognized by name ("x_train", "train/images"), or by shape where that is unambiguous.
    Warns with a DataWarning of conversions and of ignored links.
    Raises DataError or ShapeError, starting with the name.
    """
    pairs = choose_pairs(arrays, name, rename)
    for pair in pairs.values():
        check_size(8 * max(pair.y.shape, default=0), f"{_source(name, pair)}: {pair.y.name} as numbers", MAX_LABELS)
    stored = {split: pair.y.read(_source(name, pair)) for split, pair in pairs.items()}
    names = _class_names(arrays, name, pairs, stored)
    one_based = names is not None and counts_from_one(list(stored.values()), names.size)
    parts = {}
    real = are_real(list(stored.values()), task, name)
    for split, pair in pairs.items():
        found = _set(name, pair)
        if real:
            targets = read_targets(stored[split], found.shape, found.source)
            parts[split] = Part(found.source, examples(found), targets, None)
            continue
        y, classes = read_labels(stored[split], names, found.shape, found.source, one_based=one_based)
        parts[split] = Part(found.source, examples(found), y, classes)
    return Contents(parts.get("train"), parts.get("test"))


def _set(name: str, pair: Pair) -> ArraySet:
    source = _source(name, pair)
    count = count_examples(pair.x.shape, pair.y.shape)
    axes = None if count is None else find_axes(pair.x.shape, count)
    if axes is None:
        raise ShapeError(
            f"{source}: expected one label per example, but x has shape {pair.x.shape} and y {pair.y.shape}"
        )
    if pair.x.shape == (count, count) and pair.y.shape == (1, count) and count != 1:
        raise ShapeError(
            f"{source}: x has shape {pair.x.shape} and y {pair.y.shape}, so that an example may be a row or a column"
            " of x; for rows, store y = y.reshape(-1); for columns, also x = x.T"
        )
    if axes.layout:
        remark(f"{source}: x {pair.x.shape} read as {axes.layout}")
    return ArraySet(source, pair.x, axes)


def _source(name: str, pair: Pair) -> str:
    """The file and the set in it: "photos.h5 (train_set)" for train_set_x and train_set_y."""
    x, y = pair.x.name, pair.y.name
    if x.endswith("_x") and y == f"{x[:-2]}_y":
        return f"{name} ({x[:-2]})"
    return f"{name} ({x}, {y})"


def _class_names(
    arrays: Mapping[str, StoredArray], name: str, pairs: Mapping[str, Pair], labels: Mapping[str, npt.NDArray[Any]]
) -> npt.NDArray[Any] | None:
    """The array of class names, if there is one that fits the labels; `list_classes` must fit."""
    used = {array.name for pair in pairs.values() for array in pair}
    for array in arrays.values():
        if parse_key(array.name).role != "names" or array.name in used:
            continue
        required = array.name.rpartition("/")[2] == "list_classes"
        if not required and (array.objects or array.problem is not None):
            remark(f"{name}: ignored, since it cannot be read: {array.name}")
        elif required or array.is_flat:
            check_readable(array, "y", name)
            names = array.read(name)
            if required:
                return names
            if names.dtype.kind in "SUO" and _names_fit(names, labels):
                remark(f"{name}: class names from {array.name}: {', '.join(as_text(names.reshape(-1)[:10]).tolist())}")
                return names
    return None


def _names_fit(names: npt.NDArray[Any], labels: Mapping[str, npt.NDArray[Any]]) -> bool:
    """Whether there is one name for each label, and no more."""
    numbers = [y for y in labels.values() if y.size and y.dtype.kind in "uif"]
    if not numbers:
        return False
    if any(y.ndim == 2 and 1 not in y.shape for y in numbers):
        return all(names.size in y.shape for y in numbers)
    low, high = min(y.min() for y in numbers), max(y.max() for y in numbers)
    return bool((low >= 0 and high == names.size - 1) or (low >= 1 and high == names.size))
