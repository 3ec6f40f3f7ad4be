"""Array types, and the shapes of examples."""

import math
from collections.abc import Mapping
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.floating[Any]]
"""Real numbers, float32 by default."""

Labels: TypeAlias = npt.NDArray[np.integer[Any]]
"""Class numbers, one per example: (N,)."""

Arrays: TypeAlias = Mapping[str, Array]
"""Arrays by name, such as the parameters of a layer."""

Shape: TypeAlias = tuple[int | None, ...]
"""The shape of one example, without the batch axis; None is a variable number of steps."""


def element_count(shape: Shape) -> int:
    """Number of elements of an example of this shape; of one step for a sequence."""
    return math.prod(size for size in shape if size is not None)


class LazyArray(Protocol):
    """Examples (N, ...) read from storage on demand; a subclass defines `shape`, `dtype` and `read`."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, ...)."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Data type of the examples."""

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice, /) -> npt.NDArray[Any]:
        """The examples of a slice, read into an array."""
        indices = np.arange(len(self))[rows]
        out = np.empty((len(indices), *self.shape[1:]), self.dtype)
        self.read(indices, out)
        return out

    def read(self, rows: npt.NDArray[np.intp], out: npt.NDArray[Any]) -> None:
        """Read the examples at these indices, in any order, into `out`."""


Examples: TypeAlias = npt.NDArray[Any] | LazyArray
"""Training or evaluation examples, in memory or read on demand."""
