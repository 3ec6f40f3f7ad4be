"""Arrays in HDF5 files, read into memory or on demand."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core.arrays import LazyArray
from nn_core.errors import DataError
from nn_core.storage.file_kinds import describe_kind
from nn_core.storage.files import check_file, decoding_errors, printable
from nn_core.storage.hdf5_links import hard_linked, storage_problem

SUFFIXES = frozenset({".h5", ".hdf5"})
READ_BYTES = 16 * 1024 * 1024
"""Bytes that an HDF5Array reads from its file at a time."""

Convert = Callable[[npt.NDArray[Any]], npt.NDArray[Any]]


@contextmanager
def open_hdf5(path: Path) -> Iterator[Any]:
    """An open h5py.File; errors in the block become a DataError that names the file."""
    with _open(path) as file, decoding_errors(path, None):
        yield file


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
        self._dataset: Any = None
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
        with decoding_errors(self.path, None):
            if rows[-1] - rows[0] + 1 == len(rows):
                return np.asarray(dataset[int(rows[0]) : int(rows[-1]) + 1])
            return np.asarray(dataset[rows])

    def _open(self) -> Any:
        if self._dataset is None:
            file = _open(self.path)
            with decoding_errors(self.path, None):
                try:
                    dataset = hard_linked(file, self.key)
                except KeyError:
                    raise DataError(f"{self.source} is missing") from None
                problem = storage_problem(dataset, self.path)
                if problem is not None:
                    raise DataError(f"{self.source} {problem}")
                self._dataset = dataset
        return self._dataset


def _open(path: Path) -> Any:
    """An open h5py.File. Raises DataError that says why a file cannot be opened."""
    import h5py

    check_file(path)
    name = printable(path)
    try:
        return h5py.File(path, "r")
    except BlockingIOError:
        raise DataError(
            f"{name} is open in another program for writing; close it there (file.close()) and try again"
        ) from None
    except Exception as error:  # noqa: BLE001
        reason = printable(" ".join(str(error).split())[:200])
        if "unable to lock file" in reason:
            raise DataError(
                f"{name} cannot be locked on this file system; run: export HDF5_USE_FILE_LOCKING=FALSE"
            ) from None
        if "already open for write" in reason:
            raise DataError(
                f"{name} is open in another program for writing, or was not closed by the one that wrote it;"
                f" close it there, or run: h5clear -s {name}"
            ) from None
        if h5py.is_hdf5(path):
            raise DataError(f"{name} is damaged or incomplete: {reason}") from None
        found = describe_kind(path)
        raise DataError(f"{name} is not an HDF5 file{f', but {found}' if found else ''}") from None
