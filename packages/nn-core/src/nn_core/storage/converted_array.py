"""An array in memory whose rows are converted on demand, because they are larger afterwards."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

BLOCK_ROWS = 256
"""Rows that are converted at a time."""


class ConvertedArray:
    """Rows (N, ...) computed from stored rows when they are read, such as photos that are enlarged.

    stored      (N, ...) in memory
    convert     function applied to each block of rows; must be picklable
    item_shape  shape of a row after `convert`
    dtype       dtype after `convert`
    rows        indices of the stored rows, in this order; all rows by default
    """

    def __init__(
        self,
        stored: npt.NDArray[Any],
        convert: Callable[[npt.NDArray[Any]], npt.NDArray[Any]],
        *,
        item_shape: tuple[int, ...],
        dtype: npt.DTypeLike,
        rows: npt.NDArray[np.intp] | None = None,
    ) -> None:
        self.stored, self.convert = stored, convert
        self.dtype: np.dtype[Any] = np.dtype(dtype)
        self._item_shape = item_shape
        self._rows = np.arange(len(stored)) if rows is None else rows

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, *item_shape)."""
        return (len(self._rows), *self._item_shape)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, rows: slice, /) -> npt.NDArray[Any]:
        indices = np.arange(len(self))[rows]
        out = np.empty((len(indices), *self._item_shape), self.dtype)
        self.read(indices, out)
        return out

    def subset(self, indices: npt.NDArray[np.intp]) -> "ConvertedArray":
        """The rows at these indices; the stored rows are shared."""
        return ConvertedArray(
            self.stored, self.convert, item_shape=self._item_shape, dtype=self.dtype, rows=self._rows[indices]
        )

    def read(self, rows: npt.NDArray[np.intp], out: npt.NDArray[Any]) -> None:
        """Convert the rows at these indices, in any order, into `out`."""
        wanted = self._rows[rows]
        for start in range(0, len(wanted), BLOCK_ROWS):
            out[start : start + BLOCK_ROWS] = self.convert(self.stored[wanted[start : start + BLOCK_ROWS]])
