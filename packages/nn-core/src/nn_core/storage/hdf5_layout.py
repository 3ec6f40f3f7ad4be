"""The arrays of an HDF5 file: by name, in groups, and what is a link to elsewhere."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core.errors import DataError
from nn_core.storage.files import printable
from nn_core.storage.hdf5_file import MAX_OBJECTS, HDF5Dataset, HDF5Group, HDF5Link, open_hdf5
from nn_core.storage.stored_array import StoredArray

MAX_DEPTH = 4
"""Groups within groups that are searched for arrays."""
MAX_TEXT = 1000
"""Characters of a text, such as a label."""


def list_hdf5(path: Path) -> dict[str, StoredArray]:
    """The arrays of an HDF5 file, in groups too: "train/x". Nothing but their description is read.

    Links to other files, soft links and arrays stored elsewhere are listed with a `problem`: reading
    an untrusted file must not read other files. Raises DataError, naming the file; for a file
    written by pandas, with the line of Python that converts it.
    """
    with open_hdf5(path) as root:
        found: dict[str, StoredArray] = {}
        for item in _walk(root, frozenset()):
            if len(found) >= MAX_OBJECTS:
                raise DataError(f"{printable(path)} has more than {MAX_OBJECTS:,} arrays")
            found[item.name] = _described(item, path)
        return found


def read_hdf5(path: Path, key: str) -> npt.NDArray[Any]:
    """An array of a file; texts as objects of str. Raises DataError, naming the file."""
    with open_hdf5(path) as root:
        dataset = root.dataset(key)
        if dataset.is_text and dataset.shape:
            _check_length(int(max(dataset.text_lengths(), default=0)), dataset.source)
            return dataset.read()
        return _dereferenced(dataset, path, key) if dataset.is_reference else dataset.read()


def _walk(group: HDF5Group, above: frozenset[int]) -> Iterator[HDF5Group | HDF5Dataset | HDF5Link]:
    """The arrays below a group, and the links; groups of MATLAB's own are skipped.

    above  addresses of the groups that this one is in, which a file can put into itself
    """
    above |= {group.address}
    for item in group:
        if not isinstance(item, HDF5Group):
            yield item
        elif not item.name.rsplit("/", 1)[-1].startswith("#"):
            _refuse_pandas(item)
            if item.attribute("MATLAB_sparse") is not None:
                yield item
            elif len(above) <= MAX_DEPTH and item.address not in above:
                yield from _walk(item, above)


def _refuse_pandas(group: HDF5Group) -> None:
    if group.attribute("pandas_type") is not None:
        path = printable(group.path)
        raise DataError(
            f"{path} was written by pandas, which stores tables in a way of its own; convert it:"
            f" pandas.read_hdf({path!r}, {printable(group.name)!r}).to_csv('table.csv', index=False)"
        )


def _described(item: HDF5Group | HDF5Dataset | HDF5Link, path: Path) -> StoredArray:
    shown = printable(item.name)
    load = partial(read_hdf5, path, item.name)
    if isinstance(item, HDF5Group):
        sparse = f"is a sparse matrix of MATLAB; save it in full: {shown} = full({shown})"
        return StoredArray(shown, (), np.dtype(object), load, sparse)
    if isinstance(item, HDF5Link):
        return StoredArray(shown, (), np.dtype(object), load, item.problem)
    problem = item.problem
    if item.attribute("MATLAB_object_decode") is not None:
        problem = f"is an object of MATLAB; save it as numbers or a cell array: {shown} = cellstr({shown})"
    from_matlab = item.attribute("MATLAB_class") is not None
    shape = item.shape[::-1] if from_matlab else item.shape
    return StoredArray(shown, shape, item.dtype, load, problem, reversed=from_matlab, hdf5=(path, item.name))


def _check_length(length: int, source: str) -> None:
    if length > MAX_TEXT:
        raise DataError(f"{source} has a text of {length:,} bytes; the limit is {MAX_TEXT:,}")


def _dereferenced(dataset: HDF5Dataset, path: Path, key: str) -> npt.NDArray[Any]:
    """The texts that object references point to, as in a cell array of MATLAB."""
    texts = []
    for target in dataset.targets():
        if target is None or target.problem is not None or target.is_reference or np.prod(target.shape) > MAX_TEXT:
            raise DataError(
                f"{printable(path)}: {printable(key)} holds references to other objects;"
                f" store the names themselves: f[{printable(key)!r}] = ['cat', 'dog']"
            )
        if target.is_text:
            _check_length(int(target.text_lengths().sum()), dataset.source)
        _check_length(target.dtype.itemsize, dataset.source)
        texts.append(_text(target.read()))
        _check_length(len(texts[-1]), dataset.source)
    found = np.empty(len(texts), object)
    found[:] = texts
    return found.reshape(dataset.shape)


def _text(value: Any) -> str:
    """A text stored as such, as bytes, or by MATLAB as the codes of its characters."""
    flat = np.asarray(value).reshape(-1)
    if flat.dtype.kind == "u":
        return flat.astype("<u2").tobytes().decode("utf-16-le", "replace")
    return "".join(part.decode("utf-8", "replace") if isinstance(part, bytes) else str(part) for part in flat.tolist())
