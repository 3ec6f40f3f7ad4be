"""An array in a file of any format, described before it is read."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from nn_core.errors import DataError
from nn_core.memory import require_memory

MAX_EMPTY = 2**31
"""Most elements of an array without values, by its axes that are not 0."""
BLOCK = 1 << 20
"""Bytes that `fill_array` reads at a time."""


@dataclass(frozen=True)
class StoredArray:
    """An array in a file, not yet read.

    name      its key: "x", "train/x" in a group of HDF5, or the name of its own file
    shape     as NumPy sees it, with the axes of a MATLAB file in MATLAB's order
    dtype     as stored; object for texts of any length
    load      reads it, as stored
    problem   why it cannot be read, to follow its name, and the line of Python that fixes it;
              None if it can be read
    objects   whether it is a pickle of Python objects, which is never read
    reversed  whether the stored axes are those of `shape` in reverse
    hdf5      the HDF5 file and the key in it, where rows can be read apart; None in other formats
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    load: Callable[[], npt.NDArray[Any]]
    problem: str | None = None
    objects: bool = False
    reversed: bool = False
    hdf5: tuple[Path, str] | None = None

    @property
    def nbytes(self) -> int:
        """Size in memory, in bytes."""
        return math.prod(self.shape) * self.dtype.itemsize

    @property
    def is_flat(self) -> bool:
        """Whether all axes but one have length 1."""
        return bool(self.shape) and math.prod(self.shape) == max(self.shape)

    def read(self, source: str) -> npt.NDArray[Any]:
        """The array, with the axes of `shape`. Raises DataError, starting with the source, if it is too large."""
        require_memory(self.nbytes, f"{source} ({self.name})")
        array = self.load()
        return array.T if self.reversed else array


def describe_array(array: StoredArray) -> str:
    """Name and shape, for messages: "x (60000, 28, 28)"."""
    return f"{array.name} {array.shape}"


def check_declared(array: StoredArray, room: int, source: str) -> None:
    """Raise DataError for an array that declares a negative size or more bytes than it can have.

    room  bytes that the file holds for it, or holds at most, if it is compressed
    """
    if min(array.shape, default=0) < 0 or array.dtype.itemsize == 0:
        raise DataError(f"{source} is damaged: shape {array.shape}, data type {array.dtype.str}")
    if array.nbytes > room:
        raise DataError(f"{source} is cut off or damaged: {array.nbytes:,} bytes declared, {room:,} stored")
    if math.prod(max(1, size) for size in array.shape) > max(MAX_EMPTY, room):
        raise DataError(f"{source} has the shape {array.shape}, without values")


def fill_array(array: npt.NDArray[Any], file: IO[bytes], source: str) -> None:
    """Read the values of a contiguous array in blocks. Raises DataError if the file has fewer, or more."""
    flat = array.reshape(-1).view(np.uint8).data.cast("B") if array.size else memoryview(b"")
    done = 0
    while done < len(flat) and (count := file.readinto(flat[done : done + BLOCK])):  # type: ignore[attr-defined]
        done += count
    if done < len(flat):
        raise DataError(f"{source} is cut off: {len(flat):,} bytes declared, {done:,} found")
    if file.read(1):
        raise DataError(f"{source} is damaged: more values than its header declares, {array.shape}")
