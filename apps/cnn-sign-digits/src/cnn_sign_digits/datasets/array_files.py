"""Photos in files and folders of arrays or tables: HDF5, .npz, idx, .npy, and CSV files of pixels."""

from pathlib import Path

from cnn_sign_digits.datasets.arrays import read_photos
from cnn_sign_digits.datasets.photos import Photos
from nn_core.checkpoint import is_checkpoint
from nn_core.cli.arrays.files import array_files, merge, read_array_file, read_array_folder
from nn_core.cli.dataset import Contents
from nn_core.cli.param_types import STANDARD
from nn_core.errors import DataError
from nn_core.storage.file_kinds import ARRAY_SUFFIXES, file_kind, is_array_file, refuse_kind
from nn_core.storage.files import decoding_errors, printable

TABLES = frozenset({".csv", ".tsv"})
"""Suffixes of tables of pixels."""


def read_photo_file(path: Path) -> Contents[Photos]:
    """The photos of a file of arrays (see `array_files.read_array_file`) or of a table of pixels,
    "-" for one on standard input.

    Raises DataError or ShapeError, naming the file.
    """
    if path == STANDARD or path.suffix.lower() in TABLES:
        from cnn_sign_digits.datasets.pixel_tables import read_pixel_table

        return Contents(read_pixel_table(path), None)
    if not is_array_file(path):
        refuse_kind(path, file_kind(path))
        raise DataError(
            f"{printable(path)} is neither a folder nor a file of photos; expected one of"
            f" {', '.join((*ARRAY_SUFFIXES, *sorted(TABLES)))}, or idx"
        )
    return read_array_file(path, read_photos)


def read_photo_files(folder: Path) -> Contents[Photos]:
    """The photos of a folder of files: one array a file, or a training and a test file.

    Raises DataError, naming the folder, if two files have the same set; otherwise as `read_photo_file`.
    """
    if array_files(folder):
        return read_array_folder(folder, read_photos)
    files = [path for path in photo_files(folder) if not is_checkpoint(path)]
    return merge(folder, [(path, read_photo_file(path)) for path in files])


def photo_files(folder: Path) -> list[Path]:
    """The files of a folder that `read_photo_files` reads, and checkpoints."""
    known = {*ARRAY_SUFFIXES, *TABLES}
    with decoding_errors(folder, "a folder that can be read"):
        files = [path for path in folder.iterdir() if path.suffix.lower() in known and not path.name.startswith(".")]
    return sorted({*array_files(folder), *(path for path in files if path.is_file())})
