"""A set of labelled photos, in memory or left on disk, before any scaling."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cnn_sign_digits.stored import StoredImages
from nn_core.arrays import Labels
from nn_core.errors import DataError, ShapeError

SIZE = 64
"""Photos are squares of so many pixels a side."""

Images = npt.NDArray[np.uint8] | StoredImages
"""Photos (N, H, W, 3), bytes."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Photos with their classes.

    name     where they come from, for messages and titles
    x        (N, H, W, 3) bytes, in memory or read as they are needed
    y        (N,) integers in [0, len(classes))
    classes  their names, distinct
    groups   (N,) who is on each photo, as numbers of any kind; None if that is not known
    Raises ShapeError or DataError, starting with the name, if this does not hold.
    """

    name: str
    x: Images
    y: Labels
    classes: tuple[str, ...]
    groups: Labels | None = None

    def __post_init__(self) -> None:
        if len(self.x.shape) != 4 or self.x.shape[3] != 3 or self.x.dtype != np.uint8:
            raise ShapeError(
                f"{self.name}: photos must be (N, H, W, 3) bytes, not {self.x.shape} {self.x.dtype}"
            )
        if len(self.x) == 0:
            raise DataError(f"{self.name}: there are no photos")
        for what, values in (("label", self.y), ("group", self.groups)):
            if values is not None and values.shape != (len(self.x),):
                raise ShapeError(
                    f"{self.name}: there must be one {what} per photo, but there are"
                    f" {len(self.x)} photos, and {what}s are {values.shape}"
                )
        wrong = self.y[(self.y < 0) | (self.y >= len(self.classes))]
        if wrong.size:
            raise DataError(
                f"{self.name}: label {wrong[0]} is out of range; there are"
                f" {len(self.classes)} classes"
            )
        if len(set(self.classes)) != len(self.classes):
            raise DataError(f"{self.name}: two classes have the same name")

    def __len__(self) -> int:
        return len(self.y)

    def subset(self, indices: npt.NDArray[np.intp], name: str) -> "Dataset":
        """The photos at these indices, under another name; what is on disk stays there."""
        x = self.x[indices] if isinstance(self.x, np.ndarray) else self.x.subset(indices)
        groups = None if self.groups is None else self.groups[indices]
        return Dataset(name, x, self.y[indices], self.classes, groups)


def fingerprint(dataset: Dataset) -> str:
    """16 hexadecimal digits that differ for other photos, labels, shapes or classes.

    The first 64 bits of the SHA-256 of all of them; the same on every machine, and whether the
    photos are in memory or not. Names of sets and groups do not count.
    """
    digest = hashlib.sha256(repr((tuple(dataset.x.shape), dataset.classes)).encode())
    for start in range(0, len(dataset), 1024):
        photos: npt.NDArray[Any] = dataset.x[start : start + 1024]
        digest.update(np.ascontiguousarray(photos).data)
    digest.update(np.ascontiguousarray(dataset.y, dtype="<i8").data)
    return digest.hexdigest()[:16]
