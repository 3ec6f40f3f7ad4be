"""Why parts of an HDF5 file are not read, each with the line of Python that makes them readable."""

from collections.abc import Iterable
from pathlib import Path

from nn_core.storage.files import printable
from nn_core.storage.hdf5_chunks import KNOWN
from nn_core.storage.hdf5_links import Link
from nn_core.storage.hdf5_storage import Filter

FILTERS = {
    4: "szip",
    5: "nbit",
    6: "scaleoffset",
    32001: "Blosc",
    32004: "LZ4",
    32008: "Bitshuffle",
    32013: "ZFP",
    32015: "Zstandard",
    32026: "Blosc2",
}
"""Filters of HDF5 that are not read, by their registered numbers."""
BUILT_IN = frozenset({4, 5, 6})
"""Those that need no import hdf5plugin."""


def link_problem(link: Link, name: str, path: Path) -> str:
    """Why a link is not read."""
    file, target = printable(path.name), printable(link.target)
    if link.file is not None:
        other = printable(link.file)
        return (
            f"is a link to another file, {other}, which is not followed; copy the array:"
            f" f = h5py.File({file!r}, 'a'); del f[{name!r}]; h5py.File({other!r}).copy({target!r}, f, {name!r})"
        )
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


def filter_problem(filters: Iterable[Filter]) -> str | None:
    """Why chunks are not unpacked; None if they are."""
    codes = [each.code for each in filters]
    for code in codes:
        if code not in KNOWN:
            where = "" if code in BUILT_IN else " where it is (import hdf5plugin),"
            known = "read" if code in BUILT_IN else "installed"
            return (
                f"is compressed by {FILTERS.get(code, f'filter {code}')}, which is not {known};{where}"
                " store the array without: f.create_dataset('x', data=x, compression='gzip')"
            )
    if len(set(codes)) < len(codes):
        return "is compressed several times; store it once: f.create_dataset('x', data=x, compression='gzip')"
    return None
