"""The kinds of array that everything here is written in."""

from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.floating[Any]]
"""FloatRange numbers, float32 unless float64 was asked for."""

Labels: TypeAlias = npt.NDArray[np.integer[Any]]
"""Class numbers, one per example: (N,)."""

Shape: TypeAlias = tuple[int, ...]


def repeated(values: Array, count: int) -> Array:
    """Rows (..., D) one `count` times after the other: (..., count * D).

    As np.tile, which takes several times as long over a few numbers.
    """
    *outer, width = values.shape
    rows = np.empty((*outer, count, width), values.dtype)
    rows[...] = values[..., None, :]
    return rows.reshape(*outer, count * width)


class LazyArray(Protocol):
    """Examples (N, ...) that are not in memory, and are read when they are asked for."""

    @property
    def shape(self) -> Shape:
        """(N, ...), as of an array."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """What kind of numbers they are."""

    def __len__(self) -> int:
        """N."""

    def __getitem__(self, rows: slice, /) -> npt.NDArray[Any]:
        """The examples of a slice, read into an array."""

    def read(self, rows: npt.NDArray[np.intp], out: npt.NDArray[Any]) -> None:
        """Put the examples at these indices, in any order, into `out`."""


Examples: TypeAlias = npt.NDArray[Any] | LazyArray
"""What a network is trained and judged on: in memory, or read as it is needed."""
