"""Chunks of an HDF5 dataset as stored, unpacked within bounds."""

import math
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core.errors import DataError

DEFLATE, SHUFFLE = 1, 2
"""Filters by number."""


def unpacked(dataset: Any, number: int, itemsize: int, source: str) -> npt.NDArray[np.uint8]:
    """The bytes of a chunk of a dataset; of compression, only gzip and shuffling are known.

    dataset   the h5py.h5d.DatasetID
    Raises DataError for other filters, and for a chunk of another size than declared.
    """
    settings = dataset.get_create_plist()
    size = math.prod(settings.get_chunk()) * itemsize
    skipped, packed = dataset.read_direct_chunk(dataset.get_chunk_info(number).chunk_offset)
    content = bytes(packed)
    for i in reversed(range(settings.get_nfilters())):
        code = settings.get_filter(i)[0]
        if skipped & (1 << i):
            continue
        if code == DEFLATE:
            content = zlib.decompressobj().decompress(content, size + 1)
        elif code == SHUFFLE:
            content = np.frombuffer(content, np.uint8).reshape(itemsize, -1).T.tobytes()
        else:
            raise DataError(f"{source} has compressed texts; store them without compression")
    if len(content) != size:
        raise DataError(f"{source} is damaged: a chunk has {len(content):,} bytes, not {size:,}")
    return np.frombuffer(content, np.uint8)
