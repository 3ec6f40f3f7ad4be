"""Arrays in idx files, the format of MNIST, plain or compressed with gzip.

An idx file is two zero bytes, a code of the number type, the number of axes, the length of each as
a big-endian 32-bit integer, and the values, big-endian. Source: Y. LeCun, C. Cortes, C. J. C. Burges,
The MNIST database of handwritten digits, "File formats".
"""

import io
import os
from functools import partial
from pathlib import Path
from typing import IO, Any, BinaryIO

import numpy as np
import numpy.typing as npt

from nn_core.errors import DataError
from nn_core.storage.compressed import GzipReader, check_ratio
from nn_core.storage.file_kinds import IDX_NAME
from nn_core.storage.files import decoding_errors, open_file, printable
from nn_core.storage.stored_array import StoredArray, check_declared, fill_array

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
"""Codes of the number types."""
MAX_AXES = 4


def idx_stem(path: Path) -> str:
    """The name without what makes it an idx file: "train-images"."""
    found = IDX_NAME.match(path.name)
    return found["stem"] if found else path.stem


def read_idx(path: Path) -> StoredArray:
    """The array of an idx file, under the name of the file; only its header is read.

    Raises DataError, naming the file, if it is not an idx file, is cut off, or declares more than
    it can hold.
    """
    name = printable(path)
    with decoding_errors(path, "an idx file"), open_file(path) as file:
        stored = os.fstat(file.fileno()).st_size
        is_gzip = _is_gzip(file)
        with _unpacked(file) as content:
            dtype, shape, start = _header(content, name)
    array = StoredArray(printable(path.name), shape, dtype, partial(_load, path, shape, dtype, start))
    if is_gzip:
        check_ratio(array.nbytes, stored, name)
    check_declared(array, array.nbytes if is_gzip else stored - start, name)
    return array


def _header(file: IO[bytes], name: str) -> tuple[np.dtype[Any], tuple[int, ...], int]:
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in TYPES or not 1 <= magic[3] <= MAX_AXES:
        raise DataError(f"{name} is not an idx file: it begins with {magic.hex(' ')}, not 00 00 08 03 or the like")
    axes = file.read(4 * magic[3])
    if len(axes) < 4 * magic[3]:
        raise DataError(f"{name} is cut off in its header")
    shape = tuple(int(length) for length in np.frombuffer(axes, ">u4"))
    return np.dtype(TYPES[magic[2]]), shape, 4 + len(axes)


def _load(path: Path, shape: tuple[int, ...], dtype: np.dtype[Any], start: int) -> npt.NDArray[Any]:
    array = np.empty(shape, dtype)
    with decoding_errors(path, "an idx file"), open_file(path) as file, _unpacked(file) as content:
        content.read(start)
        fill_array(array, content, printable(path))
    return array.astype(dtype.newbyteorder("="), copy=False)


def _unpacked(file: BinaryIO) -> IO[bytes]:
    return io.BufferedReader(GzipReader(file)) if _is_gzip(file) else file


def _is_gzip(file: BinaryIO) -> bool:
    beginning = file.read(2)
    file.seek(0)
    return beginning == b"\x1f\x8b"
