"""Photos in HDF5, as the originals' data sets come, in one file or two."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cnn_sign_digits.dataset import Images
from cnn_sign_digits.parts import Contents, Part
from cnn_sign_digits.stored import StoredImages
from nn_core.cli.labels import read_labels
from nn_core.errors import DataError
from nn_core.storage.files import check_file, decoding_errors, printable

SUFFIXES = frozenset({".h5", ".hdf5"})
MEMORY = 256 * 1024 * 1024
"""Photos that take more than this stay in their file, and are read as they are needed."""


def read_hdf5(path: Path, *, size: int) -> Contents:
    """The parts of a file: train_set_x and train_set_y, test_set_x and test_set_y, or both.

    size  the photos, of any height and width, are brought to this one

    Photos are (N, H, W) or (N, H, W, C), whole numbers from 0 to 255. Labels are (N,), (N, 1) or
    (1, N): names, or numbers that `list_classes` names, if it is there.
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


def read_pair(folder: Path, *, size: int) -> Contents:
    """The parts of all HDF5 files of a folder, of which each has one part or both.

    Raises DataError, naming the folder, if two files have the same part, and as `read_hdf5`.
    """
    train: Part | None = None
    test: Part | None = None
    for path in hdf5_files(folder):
        contents = read_hdf5(path, size=size)
        if (train and contents.train) or (test and contents.test):
            raise DataError(
                f"{printable(folder)}: more than one file has a training part, or a test part;"
                " name the file to use"
            )
        train, test = contents.train or train, contents.test or test
    return Contents(train, test)


def hdf5_files(folder: Path) -> list[Path]:
    """The HDF5 files right in a folder."""
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
    stored = StoredImages(path, x_key, size=size)
    y, names = read_labels(small[y_key], small.get("list_classes"), stored.shape, source)
    x: Images = stored if stored.nbytes > MEMORY else stored[:]
    return Part(source, x, y, names)
