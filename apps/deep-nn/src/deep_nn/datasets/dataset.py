"""Labeled examples, raw: as read or generated, before scaling."""

import hashlib
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Labels, Shape
from nn_core.errors import DataError, ShapeError

Examples: TypeAlias = npt.NDArray[Any]
"""Images (N, H, W, C) as uint8, or a table (N, D) as float64."""

CHANNELS = {1: "gray", 3: "RGB", 4: "RGBA"}


@dataclass(frozen=True, eq=False)
class Dataset:
    """Examples with integer labels.

    name     its source, for messages and titles
    x        (N, H, W, C) uint8 images with C of 1, 3 or 4, or (N, D) float64 columns, finite
    y        (N,) integers in [0, len(classes))
    classes  distinct names
    Raises ShapeError or DataError, naming the data set, for anything else.
    """

    name: str
    x: Examples
    y: Labels
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        check_examples(self.x, self.name)
        check_lengths(self.x, self.y, self.name)
        check_range(self.y, len(self.classes), self.name)
        if len(set(self.classes)) != len(self.classes):
            raise DataError(f"{self.name}: two classes have the same name")

    def __len__(self) -> int:
        return len(self.y)

    @property
    def example_shape(self) -> Shape:
        """(H, W, C) of images, (D,) of a table."""
        return self.x.shape[1:]

    def subset(self, indices: npt.NDArray[np.intp], name: str) -> "Dataset":
        """The examples at these indices, under another name."""
        return Dataset(name, self.x[indices], self.y[indices], self.classes)


def describe_shape(shape: Shape) -> str:
    """The shape of one example in words: "2 columns", "64x64x3 images"."""
    if len(shape) == 1:
        return f"{shape[0]} column{'' if shape[0] == 1 else 's'}"
    return f"{'x'.join(map(str, shape))} images"


def check_examples(x: Examples, name: str) -> None:
    """Raise ShapeError or DataError unless x has the form of `Examples` and is not empty."""
    if x.ndim not in {2, 4}:
        raise ShapeError(f"{name}: examples must be (N, D) or (N, H, W, C), not {x.shape}")
    if x.size == 0:
        raise DataError(f"{name}: no examples (shape {x.shape})")
    if x.ndim == 4:
        if x.dtype != np.uint8:
            raise DataError(f"{name}: pixels must be uint8, not {x.dtype}")
        if x.shape[3] not in CHANNELS:
            known = " or ".join(f"{count} ({mode})" for count, mode in CHANNELS.items())
            raise ShapeError(
                f"{name}: images must have {known} channels, not {x.shape[3]} (shape {x.shape})"
            )
    elif x.dtype != np.float64:
        raise DataError(f"{name}: columns must be float64, not {x.dtype}")
    elif not np.isfinite(x).all():
        row, column = (int(i) for i in np.argwhere(~np.isfinite(x))[0])
        raise DataError(f"{name}: {x[row, column]} at example {row}, column {column} (from 0)")


def check_lengths(x: Examples, y: Labels, name: str) -> None:
    """Raise ShapeError unless there is one label per example."""
    if y.ndim != 1 or len(x) != len(y):
        shapes = f"x is {x.shape} and y is {y.shape}"
        raise ShapeError(f"{name}: expected one label per example, but {shapes}")


def check_range(y: Labels, classes: int, name: str) -> None:
    """Raise DataError for a label outside [0, classes)."""
    wrong = y[(y < 0) | (y >= classes)]
    if wrong.size:
        raise DataError(f"{name}: label {wrong[0]} is out of range; there are {classes} classes")


def fingerprint(dataset: Dataset) -> str:
    """16 hexadecimal digits that identify examples, labels and classes, on any machine.

    The first 64 bits of the SHA-256 of shapes, class names, x and y; not of the name.
    """
    digest = hashlib.sha256(repr((dataset.x.shape, dataset.classes)).encode())
    pixels = "u1" if dataset.x.dtype == np.uint8 else "<f8"
    digest.update(np.ascontiguousarray(dataset.x, dtype=pixels).data)
    digest.update(np.ascontiguousarray(dataset.y, dtype="<i8").data)
    return digest.hexdigest()[:16]
