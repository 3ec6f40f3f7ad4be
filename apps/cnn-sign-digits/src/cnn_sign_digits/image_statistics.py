"""Statistics of photos that a network which normalizes its input cannot see, or ignores."""

import numpy as np
import numpy.typing as npt

from cnn_sign_digits.datasets.photos import Photos

SCALES = 4
STATISTICS = 2 * SCALES + 1
"""Number of statistics of a photo."""
BATCH = 256
"""Photos per batch."""


def image_statistics(x: Photos) -> npt.NDArray[np.float64]:
    """Contrast, and roughness at several scales, of photos (N, H, W, 3): (N, STATISTICS).

    s = log(1 + r),   r: mean |g[i, j + 1] - g[i, j]| and mean |g[i + 1, j] - g[i, j]| of the gray levels g,
    then of their means over 2 x 2 pixels, and so on; and the standard deviation of g

    Black pictures have none, noise has most at the first scale, photos have some at each.
    """
    return np.concatenate([_statistics(x[start : start + BATCH]) for start in range(0, len(x), BATCH)])


def _statistics(x: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    gray = x.astype(np.float32).mean(axis=3)
    found = [gray.std(axis=(1, 2))]
    for _ in range(SCALES):
        found += [np.abs(np.diff(gray, axis=axis)).mean(axis=(1, 2)) for axis in (2, 1)]
        gray = (gray[:, ::2, ::2] + gray[:, 1::2, ::2] + gray[:, ::2, 1::2] + gray[:, 1::2, 1::2]) / 4
    return np.log1p(np.stack(found, axis=1).astype(np.float64))
