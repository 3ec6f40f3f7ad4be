"""Links of HDF5 files, none of which is followed: a file must not make its reader open others."""

from pathlib import Path
from typing import Any

from nn_core.storage.files import printable


def hard_linked(file: Any, key: str) -> Any:
    """The dataset under a key, reached through hard links only. Raises KeyError if there is none."""
    import h5py

    item = file
    for part in key.split("/"):
        if not isinstance(item, h5py.Group) or not isinstance(item.get(part, getlink=True), h5py.HardLink):
            raise KeyError(key)
        item = item[part]
    if not isinstance(item, h5py.Dataset):
        raise KeyError(key)
    return item


def link_problem(link: Any, name: str, path: Path) -> str:
    """Why a link is not read, and the line of Python that puts the array in its place."""
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


def storage_problem(dataset: Any, path: Path) -> str | None:
    """Why a dataset is not read; None if it can be.

    Its values may be in other files (virtual or external), or compressed by a filter that is not installed.
    """
    if not dataset.is_virtual and not dataset.external:
        return _filter_problem(dataset)
    name, file = printable(dataset.name.lstrip("/")), printable(path.name)
    how = "is a virtual dataset, whose values are" if dataset.is_virtual else "has its values"
    return (
        f"{how} in another file, which is not opened; copy them:"
        f" f = h5py.File({file!r}, 'a'); v = f[{name!r}][()]; del f[{name!r}]; f[{name!r}] = v"
    )


FILTERS = {32001: "Blosc", 32004: "LZ4", 32008: "Bitshuffle", 32013: "ZFP", 32015: "Zstandard", 32026: "Blosc2"}
"""Filters of HDF5 that are installed apart, by their registered numbers."""


def _filter_problem(dataset: Any) -> str | None:
    import h5py

    settings = dataset.id.get_create_plist()
    for i in range(settings.get_nfilters()):
        code = settings.get_filter(i)[0]
        if not h5py.h5z.filter_avail(code):
            name = FILTERS.get(code, f"filter {code}")
            return (
                f"is compressed by {name}, which is not installed; where it is (import hdf5plugin), store the array"
                " without: f.create_dataset('x', data=x, compression='gzip')"
            )
    return None
