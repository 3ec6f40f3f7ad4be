"""Arrays in HDF5 files, read into memory or on demand."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core.arrays import LazyArray
from nn_core.errors import DataError
from nn_core.storage.files import printable
from nn_core.storage.hdf5_file import HDF5Dataset, HDF5File, damage_of

SUFFIXES = frozenset({".h5", ".hdf5"})
READ_BYTES = 16 * 1024 * 1024
"""Bytes that an HDF5Array reads from its file at a time."""

Convert = Callable[[npt.NDArray[Any]], npt.NDArray[Any]]


class HDF5Array(LazyArray):
    """An array (N, ...) in an HDF5 file, whose rows are read on demand.

    path, key   the file, and the name of the array in it
    convert     function applied to each block of rows read, such as resizing; must be picklable
    item_shape  shape of a row after `convert`; by default, that of the stored rows
    dtype       dtype after `convert`; by default, the stored one

    The file stays open, and is reopened when a pickled HDF5Array is loaded. `stored_shape` and
    `stored_dtype` describe the array in the file. Errors are DataErrors that name the file.
    """

    def __init__(
        self,
        path: Path,
        key: str,
        *,
        convert: Convert | None = None,
        item_shape: tuple[int, ...] | None = None,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        self.path, self.key, self.convert = path, key, convert
        self._dataset: HDF5Dataset | None = None
        dataset = self._open()
        self.stored_shape: tuple[int, ...] = dataset.shape
        self.stored_dtype: np.dtype[Any] = dataset.dtype
        if not self.stored_shape:
            raise DataError(f"{self.source}: a single number, not an array")
        self._dtype = self.stored_dtype if dtype is None else np.dtype(dtype)
        self._item_shape = self.stored_shape[1:] if item_shape is None else item_shape

    @property
    def source(self) -> str:
        """The file and the array in it, for messages."""
        return f"{printable(self.path)} ({printable(self.key)})"

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, *item_shape)."""
        return (self.stored_shape[0], *self._item_shape)

    @property
    def nbytes(self) -> int:
        """Memory size of all rows, in bytes."""
        return int(np.prod(self.shape)) * self.dtype.itemsize

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype after `convert`."""
        return self._dtype

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_dataset": None}

    def read(self, rows: npt.NDArray[np.intp], out: npt.NDArray[Any]) -> None:
        """Read the rows at these indices, in any order, into `out`.

        The file is read sequentially, and each stored row once.
        """
        wanted, positions = np.unique(rows, return_inverse=True)
        row_bytes = int(np.prod(self.stored_shape[1:])) * self.stored_dtype.itemsize
        step = max(1, READ_BYTES // max(1, row_bytes))
        order = np.argsort(positions, kind="stable")
        positions = positions[order]
        for start in range(0, len(wanted), step):
            block = self._stored(wanted[start : start + step])
            if self.convert is not None:
                block = self.convert(block)
            first, last = np.searchsorted(positions, [start, start + step])
            out[order[first:last]] = block[positions[first:last] - start]

    def _stored(self, rows: npt.NDArray[np.intp]) -> npt.NDArray[Any]:
        """Read stored rows at ascending positions."""
        dataset = self._open()
        with damage_of(self.path):
            if rows[-1] - rows[0] + 1 == len(rows):
                return dataset.rows(slice(int(rows[0]), int(rows[-1]) + 1))
            return dataset.rows(rows)

    def _open(self) -> HDF5Dataset:
        if self._dataset is None:
            with damage_of(self.path):
                try:
                    self._dataset = HDF5File(self.path).root().dataset(self.key)
                except KeyError:
                    raise DataError(f"{self.source} is missing") from None
        return self._dataset
