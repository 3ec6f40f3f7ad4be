"""Labeled photos, in memory or on disk."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cnn_sign_digits.datasets.lazy_images import LazyImages
from nn_core.arrays import Labels
from nn_core.errors import DataError, ShapeError

SIZE = 64
"""Width and height of photos in pixels."""

Images = npt.NDArray[np.uint8] | LazyImages
"""Photos (N, H, W, 3), bytes."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Photos with their classes.

    name     of their source, for messages and titles
    x        (N, H, W, 3) bytes, in memory or read on demand
    y        (N,) integers in [0, len(classes))
    classes  distinct names
    groups   (N,) the subject of each photo, as any integers; None if unknown
    Raises ShapeError or DataError, starting with the name, for anything else.
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
        """The photos at these indices, under another name; those on disk stay there."""
        x = self.x[indices] if isinstance(self.x, np.ndarray) else self.x.subset(indices)
        groups = None if self.groups is None else self.groups[indices]
        return Dataset(name, x, self.y[indices], self.classes, groups)


def fingerprint(dataset: Dataset) -> str:
    """A hash of photos, labels and classes, in 16 hexadecimal digits.

    The first 64 bits of their SHA-256; the same on every machine, and for photos in memory or on
    disk. It does not depend on name and groups.
    """
    digest = hashlib.sha256(repr((tuple(dataset.x.shape), dataset.classes)).encode())
    for start in range(0, len(dataset), 1024):
        photos: npt.NDArray[Any] = dataset.x[start : start + 1024]
        digest.update(np.ascontiguousarray(photos).data)
    digest.update(np.ascontiguousarray(dataset.y, dtype="<i8").data)
    return digest.hexdigest()[:16]
