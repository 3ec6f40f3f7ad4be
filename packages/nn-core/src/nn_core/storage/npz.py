"""Arrays in .npz files. Nothing is unpickled: a file can contain wrong numbers, but no code."""

import zipfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core.errors import DataError
from nn_core.storage.files import check_bytes, check_file, decoding_errors, printable


def read_npz(path: Path, names: Collection[str]) -> tuple[dict[str, npt.NDArray[Any]], list[str]]:
    """The arrays with these names, if present, and the names of all arrays.

    Raises DataError, naming the file, if it is not an .npz file, or if an array has Python objects
    or is too large.
    """
    check_file(path)
    with decoding_errors(path, "an .npz file"):
        if not zipfile.is_zipfile(path):
            raise DataError(f"{printable(path)} is not an .npz file, or is truncated")
        with zipfile.ZipFile(path) as archive:
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            for name in members.keys() & names:
                _check_size(archive, members[name], f"{printable(path)} ({name})")
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files if name in names}, list(file.files)


def _check_size(archive: zipfile.ZipFile, info: zipfile.ZipInfo, source: str) -> None:
    """Raise DataError if the array exceeds the limit, or the size stored in the archive."""
    with archive.open(info) as member:
        version = np.lib.format.read_magic(member)
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read_header(member)
    size = int(np.prod(shape, dtype=object)) * dtype.itemsize
    if not dtype.hasobject and size > info.file_size:
        raise DataError(f"{source} is damaged: {size:,} bytes declared, {info.file_size:,} stored")
    check_bytes(size, source)
