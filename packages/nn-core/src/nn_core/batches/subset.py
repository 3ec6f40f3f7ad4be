"""A subset of a lazy array, read on demand."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Examples, LazyArray


@dataclass(frozen=True)
class Subset(LazyArray):
    """A `LazyArray` of the examples of another one at the given indices."""

    examples: LazyArray
    rows: npt.NDArray[np.intp]

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, ...)."""
        return (len(self.rows), *self.examples.shape[1:])

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the examples."""
        return self.examples.dtype

    def read(self, rows: npt.NDArray[np.intp], out: npt.NDArray[Any]) -> None:
        """Read the examples at these indices, in any order, into `out`."""
        self.examples.read(self.rows[rows], out)


def take_examples(x: Examples, rows: npt.NDArray[np.intp]) -> Examples:
    """The examples at these indices: a copy of an array, or a `Subset` of a `LazyArray`."""
    return x[rows] if isinstance(x, np.ndarray) else Subset(x, rows)
