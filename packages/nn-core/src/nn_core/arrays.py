"""Array types, and the shapes of examples."""

import math
from collections.abc import Mapping
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.floating[Any]]
"""Real numbers, float32 unless float64 was asked for."""

Labels: TypeAlias = npt.NDArray[np.integer[Any]]
"""Class numbers, one per example: (N,)."""

Arrays: TypeAlias = Mapping[str, Array]
"""Arrays by name, such as the parameters of a layer."""

Shape: TypeAlias = tuple[int | None, ...]
"""The shape of one example, without the batch axis; None is a number of steps that may vary."""


def element_count(shape: Shape) -> int:
    """The numbers in an example of this shape; of a sequence, those of one step."""
    return math.prod(size for size in shape if size is not None)


class LazyArray(Protocol):
    """Examples (N, ...) that are not in memory, and are read when they are asked for."""

    @property
    def shape(self) -> tuple[int, ...]:
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
