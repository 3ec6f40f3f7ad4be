"""Read safetensors files; the header is validated before anything is allocated.

    8 bytes         length of the header, little endian
    header          JSON: {name: {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ...}
    rest            the values, in C order and little endian; offsets count from here

Source: https://github.com/huggingface/safetensors, "Format".
"""

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from nn_core.errors import DataError
from nn_core.memory import require_memory
from nn_core.storage.files import decoding_errors, open_file, printable
from nn_core.storage.json_file import check_json, parse_json

MAX_METADATA, MAX_ENTRY = 1_000_000, 1000
"""Bytes of a header that are read at most: of its metadata, and of each array that is expected."""

DTypeName: TypeAlias = Literal["float32", "float64"]
_DTYPES: Mapping[str, np.dtype[Any]] = {"F32": np.dtype("<f4"), "F64": np.dtype("<f8")}
_ENTRY = {"dtype": str, "shape": [int], "data_offsets": [int]}


class Entry(NamedTuple):
    """An array in the file: its dtype ("F32"), shape and byte range."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int


def read_safetensors(
    path: Path, expected: Mapping[str, tuple[int, ...]], dtype: DTypeName
) -> dict[str, npt.NDArray[Any]]:
    """Read arrays from a file that must have exactly these names and shapes.

    dtype  of the stored values
    Raises DataError, naming the file, if it is not a safetensors file, or has other arrays or
    non-finite values.
    """
    with decoding_errors(path, "a safetensors file"), open_file(path) as file:
        entries, start = _read_header(path, file, MAX_METADATA + MAX_ENTRY * len(expected))
        _check_names(path, entries, expected)
        for name, entry in entries.items():
            source = f"{printable(path)}: {printable(name)}"
            if entry.shape != expected[name]:
                raise DataError(f"{source} has shape {entry.shape}; the architecture has {expected[name]}")
            if entry.dtype not in _DTYPES or _DTYPES[entry.dtype].name != dtype:
                raise DataError(f"{source} has dtype {printable(entry.dtype)}; the architecture has {dtype}")
        require_memory(sum(entry.stop - entry.start for entry in entries.values()), printable(path))
        return {name: _read(path, file, start, name, entry) for name, entry in entries.items()}


def _read_header(path: Path, file: BinaryIO, most: int) -> tuple[dict[str, Entry], int]:
    """The entries by name, and the offset of the values. Raises DataError if they do not match the file.

    most  bytes of the header
    """
    size = os.fstat(file.fileno()).st_size
    length = int.from_bytes(file.read(8), "little")
    if size < 8 or not 2 <= length <= size - 8:
        raise DataError(f"{printable(path)} is not a safetensors file, or is truncated")
    if length > most:
        raise DataError(f"{printable(path)} has a header of {length:,} bytes; the limit is {most:,}")
    source = f"{printable(path)} (header)"
    header = parse_json(file.read(length), {str: Any}, source=source)
    header.pop("__metadata__", None)
    entries = {}
    for name, fields in header.items():
        check_json(fields, _ENTRY, source=source, where=printable(name))
        entries[name] = Entry(fields["dtype"], tuple(fields["shape"]), *_offsets(source, name, fields))
    end = 0
    for name, entry in sorted(entries.items(), key=lambda item: item[1][2:]):
        itemsize = _DTYPES[entry.dtype].itemsize if entry.dtype in _DTYPES else None
        fits = itemsize is None or entry.stop - entry.start == math.prod(entry.shape) * itemsize
        if entry.start != end or not fits or min(entry.shape, default=0) < 0:
            raise DataError(f"{source}: the shape and the bytes of {printable(name)} do not agree")
        end = entry.stop
    if 8 + length + end != size:
        raise DataError(f"{printable(path)} is damaged: {size - 8 - length:,} bytes of values, {end:,} declared")
    return entries, 8 + length


def _offsets(source: str, name: str, fields: Mapping[str, Any]) -> tuple[int, int]:
    if len(fields["data_offsets"]) != 2 or not 0 <= fields["data_offsets"][0] <= fields["data_offsets"][1]:
        raise DataError(f"{source}: data_offsets of {printable(name)} must be a start and an end")
    start, stop = fields["data_offsets"]
    return start, stop


def _check_names(path: Path, entries: Mapping[str, Entry], expected: Mapping[str, tuple[int, ...]]) -> None:
    missing = [name for name in expected if name not in entries]
    unknown = [name for name in entries if name not in expected]
    if missing or unknown:
        what = f"{missing[0]} is missing" if missing else f"{printable(unknown[0])} is not in the architecture"
        raise DataError(f"{printable(path)}: {what}")


def _read(path: Path, file: BinaryIO, start: int, name: str, entry: Entry) -> npt.NDArray[Any]:
    file.seek(start + entry.start)
    stored = _DTYPES[entry.dtype]
    values: npt.NDArray[Any] = np.fromfile(file, stored, math.prod(entry.shape)).reshape(entry.shape)
    if not np.isfinite(values).all():
        raise DataError(f"{printable(path)}: {printable(name)} has non-finite values")
    return values
