"""Readers of data files: .h5, .npz and .csv."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from deep_nn.datasets.dataset import Examples, check_examples
from deep_nn.datasets.tables import read_table
from nn_core.arrays import Labels
from nn_core.cli.labels import read_labels
from nn_core.errors import DataError, ShapeError
from nn_core.storage.files import check_file, listing, printable
from nn_core.storage.hdf5 import read_hdf5
from nn_core.storage.npz import read_npz

Arrays = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Part:
    """The training or the test set of a file.

    source  the file and the keys, for messages
    y       (N,) indices into `names`; the class numbers of the file where it has no names
    """

    source: str
    x: Examples
    y: Labels
    names: tuple[str, ...] | None


@dataclass(frozen=True, eq=False)
class Contents:
    """The training set and the test set of a file, one of which may be missing."""

    train: Part | None
    test: Part | None


def read(path: Path) -> Contents:
    """Read a data file, by its suffix.

    .h5, .hdf5  train_set_x and train_set_y, test_set_x and test_set_y, or both pairs;
                optionally list_classes, the class names that integer labels index
    .npz        x and y; optionally x_test and y_test
    .csv        the label in the last column; optionally a header; no test set

    Images are (N, H, W, C) or (N, H, W), integers from 0 to 255; tables are (N, D).
    Labels are (N,), (N, 1) or (1, N): names or integers.
    Raises DataError or ShapeError, naming the file.
    """
    check_file(path)
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        suffix = printable(path.suffix) or "none"
        raise DataError(
            f"{printable(path)}: unknown suffix ({suffix}); data files end in {', '.join(READERS)}"
        )
    return reader(path)


def _read_csv(path: Path) -> Contents:
    x, labels = read_table(path)
    y, names = read_labels(np.array(labels), None, x.shape, printable(path))
    return Contents(Part(printable(path), x, y, names), None)


def _read_npz(path: Path) -> Contents:
    arrays, keys = read_npz(path, NPZ_KEYS)
    name = printable(path)
    train = _part(f"{name} (x, y)", arrays, "x", "y")
    test = _part(f"{name} (x_test, y_test)", arrays, "x_test", "y_test")
    if train is None and test is None:
        raise DataError(f"{name} has no x and y; {listing(keys)}")
    return Contents(train, test)


def _read_hdf5(path: Path) -> Contents:
    arrays, keys = read_hdf5(path, HDF5_KEYS)
    name = printable(path)
    train = _part(f"{name} (train_set)", arrays, "train_set_x", "train_set_y")
    test = _part(f"{name} (test_set)", arrays, "test_set_x", "test_set_y")
    if train is None and test is None:
        raise DataError(
            f"{name} has neither train_set_x and train_set_y nor test_set_x and test_set_y;"
            f" {listing(keys)}"
        )
    return Contents(train, test)


READERS: Mapping[str, Callable[[Path], Contents]] = {
    ".csv": _read_csv,
    ".npz": _read_npz,
    ".h5": _read_hdf5,
    ".hdf5": _read_hdf5,
}
NPZ_KEYS = frozenset({"x", "y", "x_test", "y_test"})
HDF5_KEYS = frozenset({"train_set_x", "train_set_y", "test_set_x", "test_set_y", "list_classes"})


def _part(source: str, arrays: Arrays, x_key: str, y_key: str) -> Part | None:
    """The validated part under two keys; None if the file has neither."""
    if x_key not in arrays and y_key not in arrays:
        return None
    for key in (x_key, y_key):
        if key not in arrays:
            raise DataError(f"{source}: {key} is missing")
    x = _examples(arrays[x_key], source)
    y, names = read_labels(arrays[y_key], arrays.get("list_classes"), x.shape, source)
    return Part(source, x, y, names)


def _examples(x: npt.NDArray[Any], source: str) -> Examples:
    """Images as uint8 (N, H, W, C), tables as float64 (N, D)."""
    if x.dtype.kind not in "buif":
        raise DataError(f"{source}: examples must be numbers, not {x.dtype}")
    if x.ndim not in {2, 3, 4}:
        raise ShapeError(
            f"{source}: examples must be a table (N, D) or images (N, H, W) or (N, H, W, C),"
            f" not {x.shape}"
        )
    if x.ndim == 2:
        with np.errstate(over="ignore"):
            x = x.astype(np.float64)
    elif x.dtype.kind in "ui" and x.size and x.min() >= 0 and x.max() <= 255:
        x = x.astype(np.uint8)
    elif x.size:
        raise DataError(f"{source}: pixels must be integers from 0 to 255")
    if x.ndim == 3:
        x = x[..., np.newaxis]
    check_examples(x, source)
    return x
