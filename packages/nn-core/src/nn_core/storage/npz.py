"""Arrays in .npz and .npy files. Nothing is unpickled: a file can contain wrong numbers, but no code.

An .npy file is b"\\x93NUMPY", two bytes of a version, the length of the header (2 bytes in version 1,
4 bytes later, little endian), the header, a dictionary in Python with the keys "descr", "fortran_order"
and "shape", and the values. Source: NumPy Enhancement Proposal 1.
"""

import io
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from nn_core.errors import DataError
from nn_core.storage.archives import open_archive
from nn_core.storage.files import decoding_errors, open_file, printable
from nn_core.storage.stored_array import StoredArray, check_declared, fill_array

MAGIC = b"\x93NUMPY"
MAX_HEADER = 10_000
"""Bytes of a header, as in NumPy."""


class _Header(NamedTuple):
    """What the header of an array says; `start` is where its values begin."""

    shape: tuple[int, ...]
    is_fortran: bool
    dtype: np.dtype[Any]
    start: int


def list_npz(path: Path) -> dict[str, StoredArray]:
    """The arrays of an .npz file by name; only their headers are read.

    Raises DataError, naming the file, if it is not an .npz file or is damaged.
    """
    with _archive(path) as archive:
        found = {}
        for info in archive.infolist():
            if info.filename.endswith(".npy"):
                with archive.open(info) as member:
                    name = info.filename.removesuffix(".npy")
                    load = partial(_load, path, info.filename)
                    found[name] = _described(member, printable(name), info.file_size, path, load)
        return found


def read_npy(path: Path, name: str) -> StoredArray:
    """The array of an .npy file under a name; only its header is read. Raises DataError, naming the file."""
    with decoding_errors(path, "an .npy file"), open_file(path) as file:
        return _described(file, name, os.fstat(file.fileno()).st_size, path, partial(_load, path, None))


def _described(file: IO[bytes], name: str, stored: int, path: Path, load: Any) -> StoredArray:
    """An array by its header. Raises DataError unless it declares as many bytes as are stored."""
    source = f"{printable(path)} ({name})"
    shape, _, dtype, start = _read_header(file, source)
    if dtype.hasobject:
        return StoredArray(name, shape, dtype, load, objects=True)
    array = StoredArray(name, shape, dtype, load)
    check_declared(array, stored - start, source)
    if array.nbytes != stored - start:
        raise DataError(f"{source} is damaged: more values than its header declares, {shape}")
    return array


def _read_header(file: IO[bytes], source: str) -> _Header:
    beginning = file.read(8)
    if len(beginning) < 8 or not beginning.startswith(MAGIC):
        raise DataError(f"{source} is not an array of NumPy")
    version = beginning[6], beginning[7]
    size = file.read(2 if version[0] == 1 else 4)
    length = int.from_bytes(size, "little")
    if version not in {(1, 0), (2, 0), (3, 0)} or length > MAX_HEADER:
        raise DataError(f"{source} is damaged: its header is of version {version} and has {length:,} bytes")
    header = io.BytesIO(size + file.read(length))
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of files written by Python 2
        shape, is_fortran, dtype = read(header)
    if dtype.subdtype is not None or len(shape) > 32:
        raise DataError(f"{source} has the data type {printable(dtype)} and {len(shape)} axes, which are not supported")
    return _Header(shape, is_fortran, dtype, 8 + len(header.getvalue()))


def _load(path: Path, member: str | None) -> npt.NDArray[Any]:
    """A member of an archive, or an .npy file."""
    source = printable(path if member is None else f"{path} ({member.removesuffix('.npy')})")
    with _contents(path, member) as file:
        shape, is_fortran, dtype, _ = _read_header(file, source)
        if dtype.hasobject:
            raise DataError(f"{source} is an array of Python objects, a pickle, which is never read")
        array: npt.NDArray[Any] = np.empty(shape[::-1] if is_fortran else shape, dtype)
        fill_array(array, file, source)
        return array.T if is_fortran else array


@contextmanager
def _contents(path: Path, member: str | None) -> Iterator[IO[bytes]]:
    """The bytes of a member, or of an .npy file; `np.load` would prefer a member called like it without .npy."""
    if member is None:
        with decoding_errors(path, "an .npy file"), open_file(path) as file:
            yield file
    else:
        with _archive(path) as archive, archive.open(member) as content:
            yield content


def _archive(path: Path) -> Any:
    return open_archive(path, "an .npz file")
