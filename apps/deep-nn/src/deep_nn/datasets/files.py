"""Readers of data files: tables in text, .npz and .h5."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from deep_nn.datasets import ExampleShape, RawExamples
from deep_nn.datasets.columns import Columns
from deep_nn.datasets.table_options import DEFAULTS, TableOptions
from deep_nn.datasets.tables import read_labeled
from deep_nn.datasets.trained_table import Rows, TrainedTable
from nn_core.cli.dataset import CHANNELS, Contents, Part, describe_shape
from nn_core.cli.images import read_image
from nn_core.cli.labels import read_labels
from nn_core.errors import DataError, ShapeError
from nn_core.storage.files import check_file, listing, printable
from nn_core.storage.hdf5 import read_hdf5
from nn_core.storage.npz import read_npz

Arrays = Mapping[str, npt.NDArray[Any]]


@dataclass
class DataReader:
    """Reads the training data, and every file after it by the same columns.

    options  how to read tables
    trained  the columns of the training table, once it is read
    """

    options: TableOptions = DEFAULTS
    trained: TrainedTable | None = None

    def __call__(self, path: Path) -> Contents[RawExamples]:
        contents = read(path, self.options, self.trained)
        part = contents.train
        if self.trained is None and part is not None and isinstance(part.schema, Columns):
            self.trained = TrainedTable(part.schema, self.options, part.names or ())
        return contents


def read(path: Path, options: TableOptions = DEFAULTS, trained: TrainedTable | None = None) -> Contents[RawExamples]:
    """Read a data file, by its suffix.

    .h5, .hdf5  train_set_x and train_set_y, test_set_x and test_set_y, or both pairs;
                optionally list_classes, the class names that integer labels index
    .npz        x and y; optionally x_test and y_test
    .csv        a table in text, as .tsv, .tab, .txt and .data; no test set (see `tables.read_labeled`)

    options  how to read a table
    trained  the columns of a model, which a table must have; None for a training table

    Images are (N, H, W, C) or (N, H, W), integers from 0 to 255; tables are (N, D).
    Labels are (N,), (N, 1) or (1, N): names or integers.
    Raises DataError or ShapeError, naming the file.
    """
    check_file(path)
    suffix = path.suffix.lower()
    if suffix in TABLES:
        return Contents(read_labeled(path, options) if trained is None else trained.part(path), None)
    if suffix not in READERS:
        shown, known = printable(path.suffix) or "none", ", ".join([TABLES[0], *READERS])
        raise DataError(f"{printable(path)}: unsupported suffix ({shown}); expected one of {known}")
    return READERS[suffix](path)


def read_for_prediction(
    source: Path | IO[bytes], shape: ExampleShape, table: TrainedTable | None = None, *, name: str | None = None
) -> Rows:
    """Examples (N, ...) without labels: one image, or the rows of a table.

    source  a file, or an open binary stream with a table
    shape   of one training example: (H, W, C) or (D,)
    table   what the model knows of its training table (`Model.table`)
    name    of the source, for messages; required for a stream
    Raises DataError for a file that is unreadable or does not fit the shape.
    """
    name = printable(source) if name is None else name
    if len(shape) == 3:
        if not isinstance(source, Path):
            raise DataError(f"the model was trained on {describe_shape(shape)}; name image files instead of {name}")
        return Rows(name, read_image(source, shape))
    if isinstance(source, Path) and source.is_file() and source.suffix.lower() not in TABLES:
        raise DataError(f"the model was trained on {describe_shape(shape)}; {name} is not a .csv file")
    return (table or TrainedTable(Columns.unnamed(shape[0]))).rows(source, name=name)


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


TABLES = (".csv", ".tsv", ".tab", ".txt", ".data")
"""Suffixes of tables in text."""

READERS: Mapping[str, Callable[[Path], Contents[RawExamples]]] = {
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
