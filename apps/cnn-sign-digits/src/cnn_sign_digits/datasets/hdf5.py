"""Photos in HDF5: training and test set in one or two files, as in the course."""

from functools import partial
from pathlib import Path

import numpy as np

from cnn_sign_digits.datasets.photos import SHAPE, Photos, fit_photos
from nn_core.cli.dataset import CHANNELS, Contents, Part
from nn_core.cli.labels import read_labels
from nn_core.errors import DataError, ShapeError
from nn_core.storage.files import decoding_errors, listing, printable
from nn_core.storage.hdf5 import SUFFIXES, HDF5Array, read_hdf5

MAX_MEMORY = 256 * 1024 * 1024
"""Photos larger than this many bytes are read on demand from their file."""


def read_hdf5_photos(path: Path) -> Contents[Photos]:
    """The contents of a file: train_set_x and train_set_y, test_set_x and test_set_y, or both.

    Photos are (N, H, W) or (N, H, W, C), integers from 0 to 255. Labels are (N,), (N, 1) or (1, N):
    names, or indices into `list_classes` if there is one.
    Raises DataError or ShapeError, naming the file.
    """
    arrays, keys = read_hdf5(path, {"train_set_y", "test_set_y", "list_classes"})

    def part(name: str) -> Part[Photos] | None:
        source, y = f"{printable(path)} ({name})", f"{name}_y"
        if f"{name}_x" not in keys and y not in keys:
            return None
        if y not in arrays:
            raise DataError(f"{source}: {y} is missing")
        x = _photos(path, f"{name}_x")
        labels, names = read_labels(arrays[y], arrays.get("list_classes"), x.shape, source)
        return Part(source, x, labels, names)

    contents = Contents(part("train_set"), part("test_set"))
    if contents.train is None and contents.test is None:
        raise DataError(
            f"{printable(path)} has neither train_set_x and train_set_y nor test_set_x and test_set_y; {listing(keys)}"
        )
    return contents


def read_hdf5_folder(folder: Path) -> Contents[Photos]:
    """The contents of all HDF5 files in a folder, each set in one file.

    Raises DataError, naming the folder, if two files have the same set; otherwise as
    `read_hdf5_photos`.
    """
    train, test = None, None
    for path in hdf5_files(folder):
        contents = read_hdf5_photos(path)
        if (train and contents.train) or (test and contents.test):
            raise DataError(
                f"{printable(folder)}: more than one file has a training set or a test set; name one of the files"
            )
        train, test = contents.train or train, contents.test or test
    return Contents(train, test)


def hdf5_files(folder: Path) -> list[Path]:
    """The HDF5 files of a folder, not of its subfolders."""
    with decoding_errors(folder, "a folder that can be read"):
        return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)


def _photos(path: Path, key: str) -> Photos:
    stored = HDF5Array(path, key)
    source, shape, dtype = stored.source, stored.stored_shape, stored.stored_dtype
    if len(shape) not in {3, 4}:
        raise ShapeError(f"{source}: photos must be (N, H, W) or (N, H, W, C), not {shape}")
    if 0 in shape:
        raise DataError(f"{source}: no photos (shape {shape})")
    if len(shape) == 4 and shape[3] not in CHANNELS:
        allowed = ", ".join(f"{count} ({name})" for count, name in CHANNELS.items())
        raise ShapeError(f"{source}: photos must have {allowed} channels, not {shape[3]}: {shape}")
    if dtype.kind not in "ui":
        raise DataError(f"{source}: pixels must be integers from 0 to 255, not {dtype}")
    convert = partial(fit_photos, source=source)
    photos = HDF5Array(path, key, convert=convert, item_shape=SHAPE, dtype=np.uint8)
    return photos if photos.nbytes > MAX_MEMORY else photos[:]
