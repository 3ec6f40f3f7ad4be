"""Photos that stay in an HDF5 file and are read on demand."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core.cli.images import fit_images
from nn_core.errors import DataError, ShapeError
from nn_core.storage.files import decoding_errors, printable

READ_BYTES = 16 * 1024 * 1024
"""Bytes read from a file at a time."""

CHANNELS = {1: "grayscale", 3: "RGB", 4: "RGBA"}


class LazyImages:
    """Photos in a file, as an array of bytes (N, size, size, 3) that is read on demand.

    path, key  the file and its data set of photos, (M, h, w) or (M, h, w, C) with C = 1, 3 or 4
    size       each photo is resized to it (see `nn_core.cli.images.fit_images`)
    rows       the photos among the M, in this order; by default all

    The file stays open; unpickling opens it again. A read error is a DataError naming the file.
    Raises ShapeError or DataError if the file has no such photos.
    """

    def __init__(
        self, path: Path, key: str, *, size: int, rows: npt.NDArray[np.intp] | None = None
    ) -> None:
        self.path, self.key, self.size = path, key, size
        self._photos: Any = None
        stored = self._open()
        _check(stored.shape, stored.dtype, f"{printable(path)} ({key})")
        self.rows = np.arange(len(stored)) if rows is None else rows
        self._raw_bytes = int(np.prod(stored.shape[1:])) * stored.dtype.itemsize

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, size, size, 3)."""
        return (len(self.rows), self.size, self.size, 3)

    @property
    def dtype(self) -> np.dtype[np.uint8]:
        """uint8."""
        return np.dtype(np.uint8)

    @property
    def nbytes(self) -> int:
        """Size of all of them in memory."""
        return int(np.prod(self.shape))

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, rows: slice, /) -> npt.NDArray[np.uint8]:
        indices = np.arange(len(self))[rows]
        out = np.empty((len(indices), *self.shape[1:]), np.uint8)
        self.read(indices, out)
        return out

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_photos": None}

    def subset(self, indices: npt.NDArray[np.intp]) -> "LazyImages":
        """The photos at these indices, still in the file."""
        return LazyImages(self.path, self.key, size=self.size, rows=self.rows[indices])

    def read(self, rows: npt.NDArray[np.intp], out: npt.NDArray[Any]) -> None:
        """Read the photos at these indices, in any order, into `out`.

        The file is read front to back, each photo once.
        """
        wanted, inverse = np.unique(self.rows[rows], return_inverse=True)
        step = max(1, READ_BYTES // self._raw_bytes)
        order = np.argsort(inverse, kind="stable")
        inverse = inverse[order]
        for start in range(0, len(wanted), step):
            photos = fit_images(self._raw(wanted[start : start + step]), (self.size, self.size, 3))
            first, last = np.searchsorted(inverse, [start, start + step])
            out[order[first:last]] = photos[inverse[first:last] - start]

    def _raw(self, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.uint8]:
        """The stored photos at ascending rows."""
        source = f"{printable(self.path)} ({self.key})"
        with decoding_errors(self.path, "an HDF5 file"):
            stored = self._open()
            if rows[-1] - rows[0] + 1 == len(rows):
                raw = stored[int(rows[0]) : int(rows[-1]) + 1]
            else:
                raw = stored[rows]
        if raw.dtype != np.uint8:
            if raw.min() < 0 or raw.max() > 255:
                raise DataError(f"{source}: pixels must be integers from 0 to 255")
            raw = raw.astype(np.uint8)
        photos: npt.NDArray[np.uint8] = raw if raw.ndim == 4 else raw[..., np.newaxis]
        return photos

    def _open(self) -> Any:
        if self._photos is None:
            import h5py

            with decoding_errors(self.path, "an HDF5 file"):
                self._photos = h5py.File(self.path, "r")[self.key]
        return self._photos


def _check(shape: tuple[int, ...], dtype: np.dtype[Any], source: str) -> None:
    if len(shape) not in {3, 4}:
        raise ShapeError(f"{source}: photos must be (N, H, W) or (N, H, W, C), not {shape}")
    if 0 in shape:
        raise DataError(f"{source}: there are no photos (shape {shape})")
    if len(shape) == 4 and shape[3] not in CHANNELS:
        allowed = ", ".join(f"{count} ({what})" for count, what in CHANNELS.items())
        raise ShapeError(
            f"{source}: photos have {shape[3]} channels (shape {shape}); allowed are {allowed}"
        )
    if dtype.kind not in "ui":
        raise DataError(f"{source}: pixels must be integers from 0 to 255, not {dtype}")
