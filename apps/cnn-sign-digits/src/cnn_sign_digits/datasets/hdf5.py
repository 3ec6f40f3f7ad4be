"""Photos in HDF5: training and test sets in one file or two, as in the course."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cnn_sign_digits.datasets.data_source import Contents, Part
from cnn_sign_digits.datasets.dataset import Images
from cnn_sign_digits.datasets.lazy_images import LazyImages
from nn_core.cli.labels import read_labels
from nn_core.errors import DataError
from nn_core.storage.files import check_file, decoding_errors, printable

SUFFIXES = frozenset({".h5", ".hdf5"})
MAX_MEMORY = 256 * 1024 * 1024
"""Bytes of photos beyond which they stay in their file and are read on demand."""


def read_hdf5(path: Path, *, size: int) -> Contents:
    """The parts of a file: train_set_x and train_set_y, test_set_x and test_set_y, or both.

    size  width and height to which the photos are resized

    Photos are (N, H, W) or (N, H, W, C), integers from 0 to 255. Labels are (N,), (N, 1) or (1, N):
    names, or indices into `list_classes` if there is one.
    Raises DataError or ShapeError, naming the file.
    """
    import h5py

    check_file(path)
    with decoding_errors(path, "an HDF5 file"), h5py.File(path, "r") as file:
        keys = [key for key in file if isinstance(file[key], h5py.Dataset)]
        small = {key: file[key][()] for key in keys if key.endswith("_set_y")}
        small |= {key: np.asarray(file[key][()]) for key in keys if key == "list_classes"}
    train, test = (_part(path, keys, small, part, size) for part in ("train", "test"))
    if train is None and test is None:
        has = f"its keys are {printable(', '.join(keys[:20]))}" if keys else "it has no keys"
        raise DataError(
            f"{printable(path)} has neither train_set_x and train_set_y nor test_set_x and"
            f" test_set_y; {has}"
        )
    return Contents(train, test)


def read_hdf5_folder(folder: Path, *, size: int) -> Contents:
    """The parts in all HDF5 files of a folder, each part in one file.

    Raises DataError, naming the folder, if two files have the same part, and as `read_hdf5`.
    """
    train: Part | None = None
    test: Part | None = None
    for path in hdf5_files(folder):
        contents = read_hdf5(path, size=size)
        if (train and contents.train) or (test and contents.test):
            raise DataError(
                f"{printable(folder)}: more than one file has a training set or a test set; name"
                " one of the files"
            )
        train, test = contents.train or train, contents.test or test
    return Contents(train, test)


def hdf5_files(folder: Path) -> list[Path]:
    """The HDF5 files of a folder, not of its subfolders."""
    with decoding_errors(folder, "a folder that can be read"):
        return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)


def _part(
    path: Path,
    keys: list[str],
    small: Mapping[str, npt.NDArray[Any]],
    part: str,
    size: int,
) -> Part | None:
    source = f"{printable(path)} ({part}_set)"
    x_key, y_key = f"{part}_set_x", f"{part}_set_y"
    if x_key not in keys and y_key not in keys:
        return None
    for key in (x_key, y_key):
        if key not in keys:
            raise DataError(f"{source}: {key} is missing")
    stored = LazyImages(path, x_key, size=size)
    y, names = read_labels(small[y_key], small.get("list_classes"), stored.shape, source)
    x: Images = stored if stored.nbytes > MAX_MEMORY else stored[:]
    return Part(source, x, y, names)
