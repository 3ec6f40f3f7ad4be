"""An array in a file of any format, described before it is read."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core.storage.files import check_bytes


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
        return int(np.prod(self.shape, dtype=object)) * self.dtype.itemsize

    @property
    def is_flat(self) -> bool:
        """Whether all axes but one have length 1."""
        return bool(self.shape) and int(np.prod(self.shape, dtype=object)) == max(self.shape)

    def read(self, source: str) -> npt.NDArray[Any]:
        """The array, with the axes of `shape`. Raises DataError, starting with the source, if it is too large."""
        check_bytes(self.nbytes, f"{source} ({self.name})")
        array = self.load()
        return array.T if self.reversed else array


def describe_array(array: StoredArray) -> str:
    """Name and shape, for messages: "x (60000, 28, 28)"."""
    return f"{array.name} {array.shape}"
