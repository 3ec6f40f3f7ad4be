"""HDF5 files to write, as bytes."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy.typing as npt


def hdf5_image(
    values: Mapping[str, str | npt.NDArray[Any]],
    *,
    attributes: Mapping[str, str | int] | None = None,
    groups: Collection[str] = (),
    ordered: Collection[str] = (),
) -> bytes:
    """The bytes of a file.

    values      texts and arrays by path: "train/x"
    attributes  of the file
    groups      that are there even if they are empty
    ordered     groups whose members keep their order
    """
    import h5py

    with h5py.File("image", "w", driver="core", backing_store=False) as file:
        file.attrs.update(attributes or {})
        for name in ordered:
            file.create_group(name, track_order=True)
        for name in groups:
            file.require_group(name)
        for name, value in values.items():
            file[name] = value
        file.flush()
        image: bytes = file.id.get_file_image()
    return image
