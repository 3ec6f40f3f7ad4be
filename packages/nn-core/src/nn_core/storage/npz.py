"""Arrays in .npz and .npy files. Nothing is unpickled: a file can contain wrong numbers, but no code."""

import zipfile
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from nn_core.errors import DataError
from nn_core.storage.files import check_bytes, check_file, decoding_errors, printable
from nn_core.storage.stored_array import StoredArray


def list_npz(path: Path) -> dict[str, StoredArray]:
    """The arrays of an .npz file by name; only their headers are read.

    Raises DataError, naming the file, if it is not an .npz file or is damaged.
    """
    check_file(path)
    with decoding_errors(path, "an .npz file"):
        if not zipfile.is_zipfile(path):
            raise DataError(f"{printable(path)} is not an .npz file, or is truncated")
        with zipfile.ZipFile(path) as archive:
            members = [info for info in archive.infolist() if info.filename.endswith(".npy")]
            found = {}
            for info in members:
                with archive.open(info) as member:
                    name = info.filename.removesuffix(".npy")
                    load = partial(_load, path, info.filename)
                    found[name] = _described(member, printable(name), info.file_size, path, load)
            return found


def read_npy(path: Path, name: str) -> StoredArray:
    """The array of an .npy file under a name; only its header is read. Raises DataError, naming the file."""
    check_file(path)
    with decoding_errors(path, "an .npy file"), path.open("rb") as file:
        return _described(file, name, path.stat().st_size, path, partial(_load_npy, path))


def _described(file: IO[bytes], name: str, stored: int, path: Path, load: Any) -> StoredArray:
    """An array by its header. Raises DataError if it declares more bytes than are stored."""
    version = np.lib.format.read_magic(file)
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read_header(file)
    array = StoredArray(name, shape, dtype, load, objects=dtype.hasobject)
    if not dtype.hasobject and array.nbytes > stored:
        raise DataError(f"{printable(path)} ({name}) is damaged: {array.nbytes:,} bytes declared, {stored:,} stored")
    return array


def _load(path: Path, filename: str) -> npt.NDArray[Any]:
    """The member of an archive whose header was read; `np.load` would prefer one called like it without .npy."""
    with decoding_errors(path, "an .npz file"), zipfile.ZipFile(path) as archive, archive.open(filename) as member:
        return np.asarray(np.lib.format.read_array(member, allow_pickle=False))


def _load_npy(path: Path) -> npt.NDArray[Any]:
    with decoding_errors(path, "an .npy file"):
        check_bytes(path.stat().st_size, printable(path))
        return np.asarray(np.load(path, allow_pickle=False))
