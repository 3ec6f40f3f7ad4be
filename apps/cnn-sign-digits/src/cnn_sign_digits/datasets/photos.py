"""Photos as network input: 64 x 64 RGB bytes, in memory or in a file."""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from nn_core.cli.images import fit_images
from nn_core.errors import DataError
from nn_core.storage.hdf5 import HDF5Array

SIZE = 64
"""Width and height in pixels."""
SHAPE = (SIZE, SIZE, 3)

Photos: TypeAlias = npt.NDArray[np.uint8] | HDF5Array
"""(N, 64, 64, 3), bytes."""


def fit_photos(raw: npt.NDArray[Any], source: str) -> npt.NDArray[np.uint8]:
    """Stored photos (N, h, w) or (N, h, w, C), center-cropped and resized: (N, 64, 64, 3).

    Raises DataError, starting with the source, for values outside 0 to 255.
    """
    if raw.min() < 0 or raw.max() > 255:
        raise DataError(f"{source}: pixels must be integers from 0 to 255")
    photos = raw.astype(np.uint8, copy=False)
    return fit_images(photos if photos.ndim == 4 else photos[..., np.newaxis], SHAPE)
