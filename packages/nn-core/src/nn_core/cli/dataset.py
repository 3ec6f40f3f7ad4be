"""Labeled data sets, their splits and their fingerprints."""

import hashlib
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Examples, Labels
from nn_core.batches.subset import take_examples
from nn_core.cli.labels import match_classes, training_classes
from nn_core.errors import DataError, ShapeError

X = TypeVar("X", bound=Examples)
"""Type of a program's examples: in memory, or also lazily read from a file."""

CHANNELS = {1: "gray", 3: "RGB", 4: "RGBA"}
"""Channels that images may have."""


@dataclass(frozen=True, eq=False)
class Dataset(Generic[X]):
    """Labeled examples, or examples with real-valued targets.

    name     where they come from, for messages and titles
    x        (N, ...) examples, as read
    y        (N,) integers in [0, len(classes)); for regression, floats
    classes  their names, distinct; none for regression
    groups   (N,) integers; no group may be in both the training and the validation set (such as
             the person in a photo); None if unknown
    schema   what the program knows of the examples besides their shape, such as column names
    Raises ShapeError or DataError, starting with the name, if a field is invalid.
    """

    name: str
    x: X
    y: npt.NDArray[Any]
    classes: tuple[str, ...]
    groups: Labels | None = None
    schema: Any = None

    def __post_init__(self) -> None:
        if len(self.x) == 0:
            raise DataError(f"{self.name}: no examples (shape {self.x.shape})")
        for what, values in (("label", self.y), ("group", self.groups)):
            if values is not None and values.shape != (len(self.x),):
                raise ShapeError(
                    f"{self.name}: expected one {what} per example, but x has shape"
                    f" {self.x.shape} and {what}s {values.shape}"
                )
        if self.y.dtype.kind == "f":
            return
        wrong = self.y[(self.y < 0) | (self.y >= len(self.classes))]
        if wrong.size:
            raise DataError(f"{self.name}: label {wrong[0]} is out of range; there are {len(self.classes)} classes")
        if len(set(self.classes)) != len(self.classes):
            raise DataError(f"{self.name}: two classes have the same name")

    def __len__(self) -> int:
        return len(self.y)

    @property
    def example_shape(self) -> tuple[int, ...]:
        """(H, W, C) of images, (D,) of a table."""
        return tuple(self.x.shape[1:])

    def subset(self, indices: npt.NDArray[np.intp], name: str) -> "Dataset[X]":
        """The examples at these indices, under another name; lazily read examples stay in their file."""
        groups = None if self.groups is None else self.groups[indices]
        x: Any = take_examples(self.x, indices)
        return Dataset(name, x, self.y[indices], self.classes, groups, self.schema)


@dataclass(frozen=True, eq=False)
class Part(Generic[X]):
    """The training or the test set of a file, before its classes are matched to a model's.

    source  the file and the location in it, for messages
    y       (N,) indices into `names`, or class numbers if the file has no names; for regression, floats
    groups  as in `Dataset`
    schema  as in `Dataset`
    """

    source: str
    x: X
    y: npt.NDArray[Any]
    names: tuple[str, ...] | None
    groups: Labels | None = None
    schema: Any = None

    def for_training(self) -> Dataset[X]:
        """This part with its own classes. Raises DataError if there are fewer than two."""
        if self.y.dtype.kind == "f":
            return Dataset(self.source, self.x, self.y, (), self.groups, self.schema)
        y, classes = training_classes(self.y, self.names, self.source)
        return Dataset(self.source, self.x, y, classes, self.groups, self.schema)

    def matched(self, classes: tuple[str, ...], owner: str) -> Dataset[X]:
        """This part with the classes of `owner`, such as "model" (see `labels.match_classes`)."""
        if classes and self.y.dtype.kind == "f":
            raise DataError(f"{self.source}: real-valued targets, but the {owner} has classes")
        if not classes:
            if self.names is not None:
                raise DataError(f"{self.source}: class names, but the {owner} predicts numbers")
            targets = np.asarray(self.y, np.float64)
            return Dataset(self.source, self.x, targets, (), self.groups, self.schema)
        y = match_classes(self.y, self.names, classes, source=self.source, owner=owner)
        return Dataset(self.source, self.x, y, classes, self.groups, self.schema)


@dataclass(frozen=True, eq=False)
class Contents(Generic[X]):
    """The training set and the test set of a file, one of which may be missing."""

    train: Part[X] | None
    test: Part[X] | None

    def for_evaluation(self, name: str) -> Part[X]:
        """The test set, or else the training set. Raises DataError if there is neither."""
        part = self.test or self.train
        if part is None:
            raise DataError(f"{name} has no labeled examples")
        return part


@dataclass(frozen=True, eq=False)
class Splits(Generic[X]):
    """A training set and a validation set with the same classes and example shape.

    validation  None if nothing is held out
    origin      description of where the validation set comes from
    original    the training set before data was added to it; None if none was
    """

    train: Dataset[X]
    validation: Dataset[X] | None
    origin: str
    original: Dataset[X] | None = None

    @property
    def held_out(self) -> Dataset[X]:
        """The validation set. Raises DataError if there is none."""
        if self.validation is None:
            raise DataError(nothing_held_out(self.train.name))
        return self.validation

    @property
    def fingerprint(self) -> str:
        """Identifies the training set, as read."""
        dataset = self.original or self.train
        key = repr((tuple(dataset.x.shape), dataset.classes))
        return fingerprint(dataset.x, dataset.y, key=key)


def describe_shape(shape: tuple[int, ...]) -> str:
    """The shape of one example in words: "2 columns", "64x64x3 images"."""
    if len(shape) == 1:
        return f"{shape[0]} column{'' if shape[0] == 1 else 's'}"
    return f"{'x'.join(map(str, shape))} images"


def fingerprint(*arrays: Examples, key: str) -> str:
    """16 hexadecimal digits that identify arrays and a key.

    key  anything else to identify, such as shapes and class names
    The first 64 bits of the SHA-256 of the key and all values: bytes as is, other integers as
    64-bit and floats as double precision, little-endian. The same on every machine, for arrays
    in memory or in a file.
    """
    digest = hashlib.sha256(key.encode())
    for array in arrays:
        kind = "u1" if array.dtype == np.uint8 else "<f8" if array.dtype.kind == "f" else "<i8"
        for start in range(0, len(array), 1024):
            block = np.ascontiguousarray(array[start : start + 1024], dtype=kind)
            digest.update(block.data)
    return digest.hexdigest()[:16]


def nothing_held_out(source: str) -> str:
    """The message for a model that was trained with `--validation 0`, and is to be evaluated on its own data."""
    return f"the model was trained on all of {source}, with no validation set; give --data"


def require_same_data(source: str, found: str, expected: str, advice: str = "") -> None:
    """Raise DataError if the fingerprints differ.

    source  where the data comes from, for the message
    advice  what to do about it, after the message
    """
    if found != expected:
        raise DataError(f"{source} is not the data that the model was trained on{advice}")
