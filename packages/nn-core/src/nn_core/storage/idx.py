"""Arrays in idx files, the format of MNIST, plain or compressed with gzip.

An idx file is two zero bytes, a code of the number type, the number of axes, the length of each as
a big-endian 32-bit integer, and the values, big-endian. Source: Y. LeCun, C. Cortes, C. J. C. Burges,
The MNIST database of handwritten digits, "File formats".
"""

import gzip
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from nn_core.errors import DataError
from nn_core.storage.file_kinds import IDX_NAME
from nn_core.storage.files import check_bytes, check_file, decoding_errors, printable
from nn_core.storage.stored_array import StoredArray

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
"""Codes of the number types."""
MAX_AXES = 4
GZIP_RATIO = 1040
"""Gzip compresses to at best 1/1032 of the size."""


def idx_stem(path: Path) -> str:
    """The name without what makes it an idx file: "train-images"."""
    found = IDX_NAME.match(path.name)
    return found["stem"] if found else path.stem


def read_idx(path: Path) -> StoredArray:
    """The array of an idx file, under the name of the file; only its header is read.

    Raises DataError, naming the file, if it is not an idx file, is cut off, or declares more than
    it can hold.
    """
    check_file(path)
    name = printable(path)
    with decoding_errors(path, "an idx file"), _open(path) as file:
        dtype, shape, start = _header(file, name)
    array = StoredArray(printable(path.name), shape, dtype, partial(_load, path, shape, dtype, start))
    check_bytes(array.nbytes, name)
    stored = path.stat().st_size
    room = stored * GZIP_RATIO if _is_gzip(path) else stored - start
    if array.nbytes > room:
        raise DataError(f"{name} is cut off or damaged: {array.nbytes:,} bytes declared, {stored:,} stored")
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
    flat = memoryview(array.reshape(-1).view(np.uint8).data)
    with decoding_errors(path, "an idx file"), _open(path) as file:
        file.read(start)
        done = 0
        while done < len(flat) and (count := file.readinto(flat[done:])):  # type: ignore[attr-defined]
            done += count
        if done < len(flat):
            raise DataError(f"{printable(path)} is cut off: {len(flat):,} bytes declared, {done:,} found")
        if file.read(1):
            raise DataError(f"{printable(path)} is damaged: more values than its header declares, {shape}")
    return array.astype(dtype.newbyteorder("="), copy=False)


def _open(path: Path) -> IO[bytes]:
    return gzip.open(path) if _is_gzip(path) else path.open("rb")  # type: ignore[return-value]


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"
