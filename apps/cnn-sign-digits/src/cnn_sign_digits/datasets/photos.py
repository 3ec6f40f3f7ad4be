"""Photos as network input: 64 x 64 RGB bytes, in memory or in a file."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from nn_core.arrays import LazyArray
from nn_core.cli.images import fit_images

SIZE = 64
"""Width and height in pixels."""
SHAPE = (SIZE, SIZE, 3)

Photos: TypeAlias = npt.NDArray[np.uint8] | LazyArray
"""(N, 64, 64, 3), bytes."""


def fit_photos(photos: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Photos (N, h, w) or (N, h, w, C), center-cropped and resized: (N, 64, 64, 3)."""
    return fit_images(photos if photos.ndim == 4 else photos[..., np.newaxis], SHAPE)
