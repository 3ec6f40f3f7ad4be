"""Photos from arrays: HDF5, .npz, idx and .npy, converted to network input in memory or on demand."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cnn_sign_digits.datasets.photos import SHAPE, Photos, fit_photos
from nn_core.cli.arrays.axes import planes_first, unfold_square
from nn_core.cli.arrays.pixels import PixelScale, check_channels, pixel_scale
from nn_core.cli.arrays.sets import ArraySet
from nn_core.errors import DataError, ShapeError, remark
from nn_core.storage.converted_array import ConvertedArray
from nn_core.storage.files import check_size
from nn_core.storage.hdf5 import HDF5Array

MAX_MEMORY = 256 * 1024 * 1024
"""Photos larger than this many bytes are converted on demand, from their file if it is HDF5."""
MAX_PHOTO = 256 * 1024 * 1024
"""Bytes of the largest photo that is read."""
MAX_STORED = 2 * 1024**3
"""Bytes of photos that are read as a whole where they cannot be read one by one."""


@dataclass(frozen=True)
class Conversion:
    """A function from blocks of stored photos to network input.

    order   the stored axis of each axis of (N, H, W), (N, H, W, C) or (N, D)
    scale   of the pixels
    square  (H, W, C) of flattened photos; None for others
    planes  whether flattened photos hold one color plane after the other
    """

    order: tuple[int, ...]
    scale: PixelScale
    square: tuple[int, int, int] | None = None
    planes: bool = False

    def __call__(self, block: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
        """Photos (N, 64, 64, 3)."""
        pixels = self.scale.to_bytes(block.transpose(self.order))
        if self.square is not None:
            height, width, channels = self.square
            if self.planes:
                pixels = pixels.reshape(-1, channels, height, width).transpose(0, 2, 3, 1)
            else:
                pixels = pixels.reshape(-1, height, width, channels)
        return fit_photos(np.ascontiguousarray(pixels))


def read_photos(found: ArraySet) -> Photos:
    """The photos of a set, (N, 64, 64, 3) bytes.

    They may be (N, H, W), (N, H, W, C) or flattened squares (N, D). Large sets in HDF5 are read and
    converted on demand. Warns with a DataWarning of photos that are converted. Raises DataError or
    ShapeError, starting with the source, for other shapes and pixels.
    """
    source, shape = found.source, found.shape
    if 0 in shape:
        raise DataError(f"{source}: no photos (shape {found.x.shape})")
    if len(shape) not in {2, 3, 4}:
        raise ShapeError(f"{source}: photos must be (N, H, W) or (N, H, W, C), not {found.x.shape}")
    if len(shape) == 4:
        check_channels(shape, source)
    stored, order = _stored(found)
    scale = pixel_scale(stored, source)
    if scale.remark:
        remark(f"{source}: {scale.remark}")
    square, planes = None, False
    if len(shape) == 2:
        square, planes = _unfold(stored, order, shape[1], source)
    return _fit(stored, Conversion(order, scale, square, planes))


def fit_flat(rows: npt.NDArray[Any], source: str) -> Photos:
    """Photos from rows of pixels (N, D) of square images. Warns and raises as `read_photos` does."""
    scale = pixel_scale(rows, source)
    square, planes = _unfold(rows, (0, 1), rows.shape[1], source)
    return _fit(scale.to_bytes(rows), Conversion((0, 1), PixelScale(), square, planes))


def _stored(found: ArraySet) -> tuple[npt.NDArray[Any] | HDF5Array, tuple[int, ...]]:
    """The stored photos, one after the other, and the order of their axes."""
    axes = found.axes.order
    if found.x.reversed:
        axes = tuple(len(axes) - 1 - axis for axis in axes)
    if found.x.hdf5 is not None and axes[0] == 0:
        check_size(found.x.nbytes // found.x.shape[found.axes.order[0]], f"{found.source}: a photo", MAX_PHOTO)
        return HDF5Array(*found.x.hdf5), axes
    if found.x.hdf5 is not None and found.x.nbytes > MAX_STORED:
        raise DataError(
            f"{found.source}: {found.x.nbytes:,} bytes of photos with the examples on the last axis, which cannot be"
            " read one by one; put them on the first: x = np.moveaxis(x, -1, 0)"
        )
    return found.read(), tuple(range(len(axes)))


def _unfold(
    stored: npt.NDArray[Any] | HDF5Array, order: tuple[int, ...], length: int, source: str
) -> tuple[tuple[int, int, int], bool]:
    """The shape of flattened photos, and whether their color planes stand one after the other."""
    square = unfold_square(length)
    if square is None:
        raise ShapeError(
            f"{source}: {length} numbers per photo are not a square gray or RGB image;"
            " store the photos with their shape: x = x.reshape(len(x), height, width, channels)"
        )
    planes = square[2] == 3 and planes_first(stored[:100].transpose(order), square)
    how = ", one color plane after the other" if planes else ""
    remark(f"{source}: {length} numbers per photo read as {square[0]}x{square[1]}{_mode(square[2])}{how}")
    return square, planes


def _mode(channels: int) -> str:
    return " gray" if channels == 1 else " RGB"


def _fit(stored: npt.NDArray[Any] | HDF5Array, convert: Conversion) -> Photos:
    """The photos in memory, or converted on demand if they are large."""
    size = len(stored) * int(np.prod(SHAPE))
    if isinstance(stored, HDF5Array):
        lazy = HDF5Array(stored.path, stored.key, convert=convert, item_shape=SHAPE, dtype=np.uint8)
        return lazy if size > MAX_MEMORY else lazy[:]
    if stored.dtype == np.uint8 and stored.shape[1:] == SHAPE:
        return stored
    photos = ConvertedArray(stored, convert, item_shape=SHAPE, dtype=np.uint8)
    return photos if size > MAX_MEMORY else photos[:]
