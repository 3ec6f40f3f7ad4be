"""Examples from files of arrays: .npz, HDF5, idx and .npy."""

import numpy as np

from deep_nn.datasets import RawExamples
from nn_core.cli.arrays.pixels import check_channels, pixel_scale
from nn_core.cli.arrays.sets import ArraySet
from nn_core.errors import DataError, ShapeError, remark


def read_examples(found: ArraySet) -> RawExamples:
    """Images as uint8 (N, H, W, C), tables as float64 (N, D).

    Warns with a DataWarning of pixels that are converted. Raises DataError or ShapeError, starting
    with the source, for an empty array, a value that is not finite, or pixels out of range.
    """
    x, source = found.x, found.source
    if x.dtype.kind not in "buif":
        raise DataError(f"{source}: examples must be numbers, not {x.dtype}")
    if not 1 <= len(x.shape) <= 4:
        raise ShapeError(
            f"{source}: examples must be a table (N, D) or images (N, H, W) or (N, H, W, C), not {x.shape}"
        )
    if 0 in x.shape:
        raise DataError(f"{source}: no examples (shape {x.shape})")
    return _table(found) if len(x.shape) <= 2 else _images(found)


def _table(found: ArraySet) -> RawExamples:
    x = found.read()
    with np.errstate(over="ignore", invalid="ignore"):  # signaling NaNs, refused below
        x = np.ascontiguousarray(x, np.float64)
    if x.ndim == 1:
        remark(f"{found.source}: x {x.shape} read as a table of one column")
        x = x[:, np.newaxis]
    if not np.isfinite(x).all():
        wrong = np.argwhere(~np.isfinite(x))
        row, column = (int(i) for i in wrong[0])
        others = f", and {len(wrong) - 1:,} more" if len(wrong) > 1 else ""
        raise DataError(
            f"{found.source}: {x[row, column]} at example {row}, column {column} (from 0){others};"
            " leave such examples out: keep = np.isfinite(x).all(axis=1); x, y = x[keep], y[keep]"
        )
    return x


def _images(found: ArraySet) -> RawExamples:
    x = found.read()
    if x.ndim == 3:
        x = x[..., np.newaxis]
    check_channels(x.shape, found.source)
    scale = pixel_scale(x, found.source)
    if scale.remark:
        remark(f"{found.source}: {scale.remark}")
    return np.ascontiguousarray(scale.to_bytes(x))
