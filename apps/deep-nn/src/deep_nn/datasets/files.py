"""Readers of data files: .h5, .npz and .csv."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from deep_nn.datasets import ExampleShape, RawExamples
from deep_nn.datasets.tables import read_rows, read_table
from nn_core.cli.dataset import CHANNELS, Contents, Part, describe_shape
from nn_core.cli.images import read_image
from nn_core.cli.labels import read_labels
from nn_core.errors import DataError, ShapeError
from nn_core.storage.files import check_file, listing, printable
from nn_core.storage.hdf5 import read_hdf5
from nn_core.storage.npz import read_npz

Arrays = Mapping[str, npt.NDArray[Any]]


def read(path: Path) -> Contents[RawExamples]:
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
        raise DataError(f"{printable(path)}: unsupported suffix ({suffix}); expected one of {', '.join(READERS)}")
    return reader(path)


def read_for_prediction(path: Path, shape: ExampleShape) -> RawExamples:
    """Examples (N, ...) without labels: one image, or the rows of a CSV file.

    shape  of one training example: (H, W, C) or (D,)
    Raises DataError for a file that is unreadable or does not fit the shape.
    """
    if len(shape) == 3:
        return read_image(path, shape)
    if path.is_file() and path.suffix.lower() != ".csv":
        raise DataError(f"the model was trained on {describe_shape(shape)}; {printable(path)} is not a .csv file")
    return read_rows(path, shape[0])


def _read_csv(path: Path) -> Contents[RawExamples]:
    x, labels = read_table(path)
    y, names = read_labels(np.array(labels), None, x.shape, printable(path))
    return Contents(Part(printable(path), x, y, names), None)


def _read_npz(path: Path) -> Contents[RawExamples]:
    arrays, keys = read_npz(path, NPZ_KEYS)
    name = printable(path)
    train = _part(f"{name} (x, y)", arrays, "x", "y")
    test = _part(f"{name} (x_test, y_test)", arrays, "x_test", "y_test")
    if train is None and test is None:
        raise DataError(f"{name} has no x and y; {listing(keys)}")
    return Contents(train, test)


def _read_hdf5(path: Path) -> Contents[RawExamples]:
    arrays, keys = read_hdf5(path, HDF5_KEYS)
    name = printable(path)
    train = _part(f"{name} (train_set)", arrays, "train_set_x", "train_set_y")
    test = _part(f"{name} (test_set)", arrays, "test_set_x", "test_set_y")
    if train is None and test is None:
        raise DataError(
            f"{name} has neither train_set_x and train_set_y nor test_set_x and test_set_y; {listing(keys)}"
        )
    return Contents(train, test)


READERS: Mapping[str, Callable[[Path], Contents[RawExamples]]] = {
    ".csv": _read_csv,
    ".npz": _read_npz,
    ".h5": _read_hdf5,
    ".hdf5": _read_hdf5,
}
NPZ_KEYS = frozenset({"x", "y", "x_test", "y_test"})
HDF5_KEYS = frozenset({"train_set_x", "train_set_y", "test_set_x", "test_set_y", "list_classes"})


def _part(source: str, arrays: Arrays, x_key: str, y_key: str) -> Part[RawExamples] | None:
    """The validated part under two keys; None if the file has neither."""
    if x_key not in arrays and y_key not in arrays:
        return None
    for key in (x_key, y_key):
        if key not in arrays:
            raise DataError(f"{source}: {key} is missing")
    x = _examples(arrays[x_key], source)
    y, names = read_labels(arrays[y_key], arrays.get("list_classes"), x.shape, source)
    return Part(source, x, y, names)


def _examples(x: npt.NDArray[Any], source: str) -> RawExamples:
    """Images as uint8 (N, H, W, C), tables as float64 (N, D)."""
    if x.dtype.kind not in "buif":
        raise DataError(f"{source}: examples must be numbers, not {x.dtype}")
    if x.ndim not in {2, 3, 4}:
        raise ShapeError(
            f"{source}: examples must be a table (N, D) or images (N, H, W) or (N, H, W, C), not {x.shape}"
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
    _check_examples(x, source)
    return x


def _check_examples(x: RawExamples, source: str) -> None:
    """Raise ShapeError or DataError for an empty array, a wrong channel count or a non-finite value."""
    if x.size == 0:
        raise DataError(f"{source}: no examples (shape {x.shape})")
    if x.ndim == 4 and x.shape[3] not in CHANNELS:
        known = " or ".join(f"{count} ({mode})" for count, mode in CHANNELS.items())
        raise ShapeError(f"{source}: images must have {known} channels, not {x.shape[3]} (shape {x.shape})")
    if x.ndim == 2 and not np.isfinite(x).all():
        row, column = (int(i) for i in np.argwhere(~np.isfinite(x))[0])
        raise DataError(f"{source}: {x[row, column]} at example {row}, column {column} (from 0)")
