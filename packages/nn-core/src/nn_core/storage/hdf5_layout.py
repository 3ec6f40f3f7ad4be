"""The arrays of an HDF5 file: by name, in groups, and what is a link to elsewhere."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core.errors import DataError
from nn_core.memory import require_memory
from nn_core.storage.files import printable
from nn_core.storage.hdf5 import open_hdf5
from nn_core.storage.hdf5_links import hard_linked, link_problem, storage_problem
from nn_core.storage.stored_array import StoredArray

MAX_DEPTH = 4
"""Groups within groups that are searched for arrays."""
MAX_OBJECTS = 10_000
"""Arrays, groups and links of a file; more are refused, to bound the time."""
MAX_TEXT = 1000
"""Characters of a text, such as a label."""
TEXT_BYTES, MIN_TEXTS = 1 << 30, 64
"""Texts of any length are read together as long as they cannot exceed TEXT_BYTES, but at least MIN_TEXTS."""


def list_hdf5(path: Path) -> dict[str, StoredArray]:
    """The arrays of an HDF5 file, in groups too: "train/x". Nothing but their description is read.

    Links to other files, soft links and arrays stored elsewhere are listed with a `problem`: reading
    an untrusted file must not read other files. Raises DataError, naming the file; for a file
    written by pandas, with the line of Python that converts it.
    """
    with open_hdf5(path) as file:
        found: dict[str, StoredArray] = {}
        for name, item in _walk(file, "", frozenset()):
            if len(found) >= MAX_OBJECTS:
                raise DataError(f"{printable(path)} has more than {MAX_OBJECTS:,} arrays")
            found[name] = _described(name, item, path)
        return found


def read_hdf5(path: Path, key: str) -> npt.NDArray[Any]:
    """An array of a file; texts as objects of str. Raises DataError, naming the file."""
    with open_hdf5(path) as file:
        dataset = hard_linked(file, key)
        problem = storage_problem(dataset, path)
        if problem is not None:
            raise DataError(f"{printable(path)}: {printable(key)} {problem}")
        require_memory(dataset.nbytes, f"{printable(path)} ({printable(key)})")
        if _holds_texts(dataset):
            return _texts(dataset, path, key)
        array = np.asarray(dataset[()])
        return _dereferenced(file, array, path, key) if _holds_references(dataset) else array


def _walk(group: Any, prefix: str, above: frozenset[int]) -> Iterator[tuple[str, Any]]:
    """The arrays below a group, and the links, with their names; groups of MATLAB's own are skipped.

    above  addresses of the groups that this one is in, which a file can put into itself
    """
    import h5py

    above |= {h5py.h5o.get_info(group.id).addr}
    for key in group:
        name = f"{prefix}{key}"
        link = group.get(key, getlink=True)
        if not isinstance(link, h5py.HardLink):
            yield name, link
            continue
        item = group[key]
        if isinstance(item, h5py.Dataset):
            yield name, item
        elif isinstance(item, h5py.Group) and not key.startswith("#"):
            _refuse_pandas(item, name)
            if "MATLAB_sparse" in item.attrs:
                yield name, item
            elif len(above) <= MAX_DEPTH and h5py.h5o.get_info(item.id).addr not in above:
                yield from _walk(item, f"{name}/", above)


def _refuse_pandas(group: Any, name: str) -> None:
    if "pandas_type" in group.attrs:
        path = printable(group.file.filename)
        raise DataError(
            f"{path} was written by pandas, which stores tables in a way of its own; convert it:"
            f" pandas.read_hdf({path!r}, {printable(name)!r}).to_csv('table.csv', index=False)"
        )


def _described(name: str, item: Any, path: Path) -> StoredArray:
    import h5py

    shown = printable(name)
    load = partial(read_hdf5, path, name)
    if isinstance(item, h5py.Group):
        sparse = f"is a sparse matrix of MATLAB; save it in full: {shown} = full({shown})"
        return StoredArray(shown, (), np.dtype(object), load, sparse)
    if not isinstance(item, h5py.Dataset):
        return StoredArray(shown, (), np.dtype(object), load, link_problem(item, shown, path))
    matlab_class = item.attrs.get("MATLAB_class")
    stored, dtype = item.shape, item.dtype
    problem = storage_problem(item, path)
    if "MATLAB_object_decode" in item.attrs:
        problem = f"is an object of MATLAB; save it as numbers or a cell array: {shown} = cellstr({shown})"
    if stored is None:
        stored, problem = (), "is empty"
    elif problem is None and h5py.check_string_dtype(dtype) is None and h5py.check_vlen_dtype(dtype) is not None:
        problem = "has rows of different lengths; store one array of equal rows: np.stack(...)"
    elif h5py.check_ref_dtype(dtype) is not None:
        dtype = np.dtype(object)
    from_matlab = matlab_class is not None
    shape = stored[::-1] if from_matlab else stored
    return StoredArray(shown, shape, dtype, load, problem, reversed=from_matlab, hdf5=(path, name))


def _holds_texts(dataset: Any) -> bool:
    import h5py

    text = h5py.check_string_dtype(dataset.dtype)
    return text is not None and text.length is None and dataset.ndim > 0


def _texts(dataset: Any, path: Path, key: str) -> npt.NDArray[Any]:
    """Texts of any length, block by block: many entries may share one long text of a small file."""
    texts = np.empty(dataset.shape, object)
    step = max(MIN_TEXTS, TEXT_BYTES // path.stat().st_size)
    for start in range(0, len(texts), step):
        block = dataset[start : start + step]
        _check_length(max(map(len, block.reshape(-1)), default=0), path, key)
        texts[start : start + step] = block
    return texts


def _check_length(length: int, path: Path, key: str) -> None:
    if length > MAX_TEXT:
        raise DataError(
            f"{printable(path)}: {printable(key)} has a text of {length:,} characters; the limit is {MAX_TEXT:,}"
        )


def _holds_references(dataset: Any) -> bool:
    import h5py

    return h5py.check_ref_dtype(dataset.dtype) is not None


def _dereferenced(file: Any, array: npt.NDArray[Any], path: Path, key: str) -> npt.NDArray[Any]:
    """The texts that object references point to, as in a cell array of MATLAB."""
    import h5py

    texts = np.empty(array.size, object)
    for i, reference in enumerate(array.reshape(-1)):
        target = file[reference] if isinstance(reference, h5py.Reference) and reference else None
        if not isinstance(target, h5py.Dataset) or storage_problem(target, path) is not None or target.size > MAX_TEXT:
            raise DataError(
                f"{printable(path)}: {printable(key)} holds references to other objects;"
                f" store the names themselves: f[{key!r}] = ['cat', 'dog']"
            )
        texts[i] = _text(target[()])
        _check_length(len(texts[i]), path, key)
    return texts.reshape(array.shape)


def _text(value: Any) -> str:
    """A text stored as such, as bytes, or by MATLAB as the codes of its characters."""
    flat = np.asarray(value).reshape(-1)
    if flat.dtype.kind == "u":
        return flat.astype("<u2").tobytes().decode("utf-16-le", "replace")
    return "".join(part.decode("utf-8", "replace") if isinstance(part, bytes) else str(part) for part in flat.tolist())
