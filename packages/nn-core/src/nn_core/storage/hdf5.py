"""Arrays in HDF5 files, read into memory or on demand."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core.errors import DataError
from nn_core.storage.files import check_bytes, check_file, decoding_errors, printable

SUFFIXES = frozenset({".h5", ".hdf5"})
READ_BYTES = 16 * 1024 * 1024
"""Bytes that an HDF5Array reads from its file at a time."""

Convert = Callable[[npt.NDArray[Any]], npt.NDArray[Any]]


@contextmanager
def open_hdf5(path: Path) -> Iterator[Any]:
    """An open h5py.File; errors in the block become a DataError that names the file."""
    import h5py

    check_file(path)
    with decoding_errors(path, "an HDF5 file"), h5py.File(path, "r") as file:
        yield file


def datasets_of(file: Any) -> dict[str, Any]:
    """The arrays at the root of an open file, by name; groups are skipped.

    Raises DataError for an array stored in another file: reading an untrusted file must not read
    other files.
    """
    import h5py

    found = {}
    for name in file:
        link = file.get(name, getlink=True)
        if isinstance(link, h5py.ExternalLink):
            raise DataError(f"{printable(file.filename)}: {printable(name)} is in another file")
        if isinstance(file[name], h5py.Dataset):
            _check_inside(file[name], file.filename)
            found[name] = file[name]
    return found


def read_array(dataset: Any, path: Path) -> npt.NDArray[Any]:
    """Read an array of an open file. Raises DataError if it exceeds the size limit."""
    check_bytes(dataset.nbytes, f"{printable(path)} ({printable(dataset.name.lstrip('/'))})")
    return np.asarray(dataset[()])


def read_hdf5(path: Path, names: Collection[str]) -> tuple[dict[str, npt.NDArray[Any]], list[str]]:
    """The arrays with these names at the root of a file, if present, and all keys of the file.

    Raises DataError, naming the file.
    """
    with open_hdf5(path) as file:
        found = datasets_of(file)
        return ({name: read_array(found[name], path) for name in found if name in names}, list(file))


class HDF5Array:
    """An array (N, ...) in an HDF5 file, whose rows are read on demand.

    path, key   the file, and the name of the array in it
    rows        indices of the stored rows, in this order; all rows by default
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
        rows: npt.NDArray[np.intp] | None = None,
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
        self.dtype = self.stored_dtype if dtype is None else np.dtype(dtype)
        self._item_shape = self.stored_shape[1:] if item_shape is None else item_shape
        self._rows = np.arange(self.stored_shape[0]) if rows is None else rows

    @property
    def source(self) -> str:
        """The file and the array in it, for messages."""
        return f"{printable(self.path)} ({printable(self.key)})"

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, *item_shape)."""
        return (len(self._rows), *self._item_shape)

    @property
    def nbytes(self) -> int:
        """Memory size of all rows, in bytes."""
        return int(np.prod(self.shape)) * self.dtype.itemsize

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, rows: slice, /) -> npt.NDArray[Any]:
        indices = np.arange(len(self))[rows]
        out = np.empty((len(indices), *self._item_shape), self.dtype)
        self.read(indices, out)
        return out

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_dataset": None}

    def subset(self, indices: npt.NDArray[np.intp]) -> "HDF5Array":
        """The rows at these indices, without reading them."""
        return HDF5Array(
            self.path,
            self.key,
            rows=self._rows[indices],
            convert=self.convert,
            item_shape=self._item_shape,
            dtype=self.dtype,
        )

    def read(self, rows: npt.NDArray[np.intp], out: npt.NDArray[Any]) -> None:
        """Read the rows at these indices, in any order, into `out`.

        The file is read sequentially, and each stored row once.
        """
        wanted, positions = np.unique(self._rows[rows], return_inverse=True)
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
        with decoding_errors(self.path, "an HDF5 file"):
            dataset = self._open()
            if rows[-1] - rows[0] + 1 == len(rows):
                return np.asarray(dataset[int(rows[0]) : int(rows[-1]) + 1])
            return np.asarray(dataset[rows])

    def _open(self) -> Any:
        if self._dataset is None:
            import h5py

            check_file(self.path)
            with decoding_errors(self.path, "an HDF5 file"):
                found = datasets_of(h5py.File(self.path, "r"))
                if self.key not in found:
                    raise DataError(f"{self.source} is missing")
                self._dataset = found[self.key]
        return self._dataset


def _check_inside(dataset: Any, filename: str) -> None:
    """Raise DataError if the values are in other files (external storage or virtual datasets)."""
    if dataset.is_virtual or dataset.external:
        name = printable(dataset.name.lstrip("/"))
        raise DataError(f"{printable(filename)}: {name} is in another file")
