"""Read and write arrays and JSON in an open HDF5 file, with validation."""

import json
from typing import Any

import numpy as np

from nn_core.arrays import Array
from nn_core.errors import CheckpointError, DataError
from nn_core.storage.hdf5_file import HDF5Dataset, HDF5Group
from nn_core.storage.json_file import Schema, parse_json


def as_json(name: str, value: Any) -> str:
    """Numbers, strings, lists and dictionaries as JSON.

    Raises CheckpointError for other values, such as arrays.
    """
    try:
        return json.dumps(value, default=_item, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"{name} cannot be saved: {one_line(error)}; use numbers, strings and lists") from None


def read_json(group: HDF5Group, name: str, schema: Schema, *, nan_is_null: bool = False) -> Any:
    """Read a value stored by `as_json`. Raises DataError if it is not JSON, or does not match the schema."""
    stored = find_array(group, name)
    if stored.shape != () or not (stored.is_text or stored.dtype.kind == "S"):
        raise DataError(f"/{stored.name} is not a text")
    if stored.is_text:
        stored.text_lengths()  # raises DataError for a length that the file does not hold
    content: bytes = stored.read().item()
    return parse_json(content, schema, source=f"/{stored.name}", nan_is_null=nan_is_null)


def read_into(group: HDF5Group, name: str, values: Array) -> None:
    """Read into an array. Raises DataError for another shape or type, or for inf and NaN."""
    stored = find_array(group, name)
    if stored.shape != values.shape:
        raise DataError(f"/{stored.name} has shape {stored.shape}, expected {values.shape}")
    if stored.dtype.newbyteorder("=") != values.dtype:
        raise DataError(f"/{stored.name} has values of type {stored.dtype}, expected {values.dtype}")
    values[...] = _read(stored)
    if not np.isfinite(values).all():
        raise DataError(f"/{stored.name} has non-finite values")


def read_column(group: HDF5Group, name: str) -> list[float]:
    """Read a list of floats of any length. Raises DataError for anything else."""
    stored = find_array(group, name)
    if len(stored.shape) != 1 or stored.dtype != np.float64:
        raise DataError(f"/{stored.name} is not a list of numbers")
    column: list[float] = _read(stored).tolist()
    return column


def subgroup(group: HDF5Group, name: str) -> HDF5Group:
    """A group within a group. Raises DataError if it is missing."""
    found = group.group(name)
    if found is None:
        raise DataError(f"{_path(group, name)} is missing")
    return found


def one_line(value: object) -> str:
    """The text of an exception without line breaks."""
    return " ".join(str(value).split())


def _item(value: object) -> object:
    """A NumPy scalar as a Python number."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"a value of type {type(value).__name__}")


def find_array(group: HDF5Group, name: str) -> HDF5Dataset:
    """An array stored in the file itself. Raises DataError if it is missing."""
    try:
        return group.dataset(name)
    except KeyError:
        raise DataError(f"{_path(group, name)} is missing") from None


def _path(group: HDF5Group, name: str) -> str:
    return f"/{group.name}/{name}" if group.name else f"/{name}"


def _read(stored: HDF5Dataset) -> Array:
    """All values. Raises DataError if what was read is larger than the file, which holds each array once, as it is."""
    file = stored.file
    file.taken += stored.nbytes
    if file.taken > file.bytes.size:
        raise DataError(f"/{stored.name} is larger than the file, with what was read before")
    return stored.read()
