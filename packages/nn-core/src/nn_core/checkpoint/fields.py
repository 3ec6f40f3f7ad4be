"""Read and write arrays and JSON in an open HDF5 file, with validation."""

import json
from typing import Any

import numpy as np

from nn_core.arrays import Array
from nn_core.errors import CheckpointError, DataError
from nn_core.memory import require_memory
from nn_core.storage.json_file import Schema, parse_json


def write_json(group: Any, name: str, value: Any) -> None:
    """Store numbers, strings, lists and dictionaries as JSON.

    Raises CheckpointError for other values, such as arrays.
    """
    try:
        group[name] = json.dumps(value, default=_item, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"{name} cannot be saved: {one_line(error)}; use numbers, strings and lists") from None


def read_json(group: Any, name: str, schema: Schema, *, nan_is_null: bool = False) -> Any:
    """Read a value stored by `write_json`. Raises DataError if it is not JSON, or does not match the schema."""
    stored = _dataset(group, name)
    return parse_json(stored.asstr()[()], schema, source=stored.name, nan_is_null=nan_is_null)


def stored_shape(group: Any, name: str) -> tuple[int, ...]:
    """The shape of an array, before it is read. Raises DataError if it is missing or no array."""
    shape = getattr(_dataset(group, name), "shape", None)
    if shape is None:
        raise DataError(f"{group.name.rstrip('/')}/{name} is not an array")
    return tuple(shape)


def read_into(group: Any, name: str, values: Array) -> None:
    """Read into an array. Raises DataError for another shape, or for inf and NaN."""
    stored = _dataset(group, name)
    if stored.shape != values.shape:
        raise DataError(f"{stored.name} has shape {stored.shape}, expected {values.shape}")
    values[...] = stored[()]
    if not np.isfinite(values).all():
        raise DataError(f"{stored.name} has non-finite values")


def read_column(group: Any, name: str) -> list[float]:
    """Read a list of floats of any length. Raises DataError for anything else."""
    stored = _dataset(group, name)
    if stored.ndim != 1 or stored.dtype.kind != "f":
        raise DataError(f"{stored.name} is not a list of numbers")
    require_memory(stored.nbytes, stored.name)
    column: list[float] = stored[()].tolist()
    return column


def one_line(value: object) -> str:
    """The text of an exception without line breaks."""
    return " ".join(str(value).split())


def _item(value: object) -> object:
    """A NumPy scalar as a Python number."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"a value of type {type(value).__name__}")


def _dataset(group: Any, name: str) -> Any:
    """An array stored in the file itself.

    Raises DataError if it is missing or stored in another file: reading an untrusted file must not
    read other files.
    """
    if name not in group:
        raise DataError(f"{group.name.rstrip('/')}/{name} is missing")
    stored = group[name]
    if stored.file.filename != group.file.filename or stored.is_virtual or stored.external:
        raise DataError(f"{name} is in another file")
    return stored
