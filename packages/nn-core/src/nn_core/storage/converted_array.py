"""An array in memory whose rows are converted on demand, because they are larger afterwards."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core.arrays import LazyArray

BLOCK_ROWS = 256
"""Rows that are converted at a time."""


class ConvertedArray(LazyArray):
    """Rows (N, ...) computed from stored rows when they are read, such as photos that are enlarged.

    stored      (N, ...) in memory
    convert     function applied to each block of rows; must be picklable
    item_shape  shape of a row after `convert`
    dtype       dtype after `convert`
    """

    def __init__(
        self,
        stored: npt.NDArray[Any],
        convert: Callable[[npt.NDArray[Any]], npt.NDArray[Any]],
        *,
        item_shape: tuple[int, ...],
        dtype: npt.DTypeLike,
    ) -> None:
        self.stored, self.convert = stored, convert
        self._dtype: np.dtype[Any] = np.dtype(dtype)
        self._item_shape = item_shape

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, *item_shape)."""
        return (len(self.stored), *self._item_shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype after `convert`."""
        return self._dtype

    def read(self, rows: npt.NDArray[np.intp], out: npt.NDArray[Any]) -> None:
        """Convert the rows at these indices, in any order, into `out`."""
        for start in range(0, len(rows), BLOCK_ROWS):
            out[start : start + BLOCK_ROWS] = self.convert(self.stored[rows[start : start + BLOCK_ROWS]])
