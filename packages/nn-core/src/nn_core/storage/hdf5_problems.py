"""Why parts of an HDF5 file are not read, each with the line of Python that makes them readable."""

import math
from pathlib import Path
from typing import Any

from nn_core.storage.files import printable

FILTERS = {32001: "Blosc", 32004: "LZ4", 32008: "Bitshuffle", 32013: "ZFP", 32015: "Zstandard", 32026: "Blosc2"}
"""Filters of HDF5 that are installed apart, by their registered numbers."""
MAX_RATIO = 1032
"""Of gzip: it cannot pack more bytes into one."""


def link_problem(link: Any, name: str, path: Path) -> str:
    """Why a link is not read."""
    import h5py

    file = printable(path.name)
    if isinstance(link, h5py.ExternalLink):
        other, target = printable(link.filename), printable(link.path)
        return (
            f"is a link to another file, {other}, which is not followed; copy the array:"
            f" f = h5py.File({file!r}, 'a'); del f[{name!r}]; h5py.File({other!r}).copy({target!r}, f, {name!r})"
        )
    target = printable(getattr(link, "path", "an object of another kind"))
    return (
        f"is a link to {target}, which is not followed; name the array itself:"
        f" f = h5py.File({file!r}, 'a'); del f[{name!r}]; f[{name!r}] = f[{target!r}]"
    )


def storage_problem(name: str, path: Path, *, virtual: bool) -> str:
    """Why a dataset whose values are elsewhere is not read."""
    key, file = printable(name), printable(path.name)
    how = "is a virtual dataset, whose values are" if virtual else "has its values"
    return (
        f"{how} in another file, which is not opened; copy them:"
        f" f = h5py.File({file!r}, 'a'); v = f[{key!r}][()]; del f[{key!r}]; f[{key!r}] = v"
    )


def size_problem(dataset: Any, shape: tuple[int, ...], itemsize: int, file_size: int) -> str | None:
    """Why a dataset does not hold what it declares, or is packed by an unknown filter; None if all is well.

    dataset  the h5py.h5d.DatasetID
    """
    import h5py

    settings = dataset.get_create_plist()
    declared, stored = math.prod(shape) * itemsize, dataset.get_storage_size()
    if declared == 0:
        return None
    unwritten = f"declares {declared:,} bytes, of which the file holds {stored:,}"
    if stored > file_size:
        return f"is damaged: it {unwritten}"
    if settings.get_layout() != h5py.h5d.CHUNKED:
        offset = dataset.get_offset()
        if stored < declared or (offset is not None and offset + stored > file_size):
            return unwritten
        return None
    codes = [settings.get_filter(i)[0] for i in range(settings.get_nfilters())]
    for code in codes:
        if not h5py.h5z.filter_avail(code):
            return (
                f"is compressed by {FILTERS.get(code, f'filter {code}')}, which is not installed; where it is"
                " (import hdf5plugin), store the array without: f.create_dataset('x', data=x, compression='gzip')"
            )
    if len(set(codes)) < len(codes):
        return "is compressed several times; store it once: f.create_dataset('x', data=x, compression='gzip')"
    chunk = settings.get_chunk()
    count = math.prod(-(-size // part) for size, part in zip(shape, chunk, strict=True))
    if count > file_size or max(declared, count * math.prod(chunk) * itemsize) > MAX_RATIO * (stored + 64):
        return unwritten
    if dataset.get_num_chunks() < count:
        return f"was not written in full: {dataset.get_num_chunks():,} of {count:,} chunks are there"
    return None
