"""Pixels of any number type as bytes: in [0, 1], 0 to 255, or 16 bits."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Examples
from nn_core.cli.dataset import CHANNELS
from nn_core.errors import DataError, ShapeError

BLOCK_BYTES = 16 * 1024 * 1024
"""Bytes of pixels that are looked at together."""
MIN_LEVELS = 16
"""Floats above 1 that reach no higher than this are not levels from 0 to 255."""
DARK = "all pixels are 0 or 1 on a scale of 255, which is black; if 1 is white, multiply them by 255"
"""The remark on pixels that were converted to integers before they were scaled."""


@dataclass(frozen=True)
class PixelScale:
    """A conversion of stored pixels to bytes: round(factor * value).

    remark  what is converted, to follow the name of the data; empty if nothing is
    """

    factor: float = 1.0
    remark: str = ""

    def to_bytes(self, pixels: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
        """Pixels as uint8, of the same shape."""
        if pixels.dtype == np.uint8:
            return pixels
        if self.factor == 1 and pixels.dtype.kind in "ui":
            return pixels.astype(np.uint8)
        converted = np.empty(pixels.shape, np.uint8)
        step = _rows_of_a_block(pixels)
        for start in range(0, len(pixels), step):
            block = pixels[start : start + step]
            scaled: npt.NDArray[Any] = block.astype(np.float32 if pixels.itemsize <= 4 else np.float64)
            scaled *= self.factor
            converted[start : start + step] = np.rint(scaled, out=scaled)
        return converted


def check_channels(shape: tuple[int, ...], source: str) -> None:
    """Raise ShapeError, starting with the source, unless images (N, H, W, C) have 1, 3 or 4 channels."""
    if shape[3] not in CHANNELS:
        known = " or ".join(f"{count} ({mode})" for count, mode in CHANNELS.items())
        raise ShapeError(f"{source}: images must have {known} channels, not {shape[3]} (shape {shape})")


def pixel_scale(pixels: Examples, source: str) -> PixelScale:
    """How to convert pixels (N, ...) to bytes, by their type and range; bytes are not read.

    integers 0 to 255       as they are
    floats 0 to 255         rounded
    floats 0 to 1, bool     times 255
    16 bits, above 32767    divided by 257

    Raises DataError, starting with the source, for other types and ranges, and for NaN.
    """
    kind = pixels.dtype.kind
    if pixels.dtype == np.uint8:
        dark = isinstance(pixels, np.ndarray) and pixels.max() <= 1
        return PixelScale(1, DARK if dark else "")
    if kind == "b":
        return PixelScale(255, "true and false read as white and black")
    if kind not in "uif":
        raise DataError(f"{source}: pixels must be integers from 0 to 255, not {pixels.dtype}")
    low, high, whole = _range(pixels, source)
    if low >= 0 and high <= 255:
        if kind in "ui":
            return PixelScale(1, DARK if high <= 1 else "")
        if high <= 1:
            return PixelScale(255, "pixels from 0 to 1 read as 0 to 255")
        if whole:
            return PixelScale(1, f"pixels are {pixels.dtype} with whole numbers, read as integers from 0 to 255")
        if high >= MIN_LEVELS:
            return PixelScale(1, f"pixels from {low:g} to {high:g} rounded to integers")
    if pixels.dtype == np.uint16 and high > 32767:
        return PixelScale(1 / 257, "pixels of 16 bits, 0 to 65535, read as 0 to 255")
    raise DataError(f"{source}: pixels must be integers from 0 to 255; {_mend(low, high, pixels.dtype)}")


def _range(pixels: Examples, source: str) -> tuple[float, float, bool]:
    """Lowest and highest value, and whether all are whole numbers; block by block."""
    step = _rows_of_a_block(pixels)
    low, high, whole = np.inf, -np.inf, True
    for start in range(0, len(pixels), step):
        block = pixels[start : start + step]
        low, high = min(low, float(block.min())), max(high, float(block.max()))
        if block.dtype.kind == "f":
            if not (np.isfinite(low) and np.isfinite(high)) or np.isnan(block.min()):
                wrong = np.argwhere(~np.isfinite(block))[0]
                value, row = block[tuple(wrong)], start + int(wrong[0])
                raise DataError(
                    f"{source}: a pixel of example {row} (from 0) is {value}; leave such examples out:"
                    " keep = [bool(np.isfinite(image).all()) for image in x]; x, y = x[keep], y[keep]"
                )
            whole = whole and bool((block == np.rint(block)).all())
    return low, high, whole


def _rows_of_a_block(pixels: Examples) -> int:
    row_bytes = int(np.prod(pixels.shape[1:])) * pixels.dtype.itemsize
    return max(1, BLOCK_BYTES // max(1, row_bytes))


def _mend(low: float, high: float, dtype: np.dtype[Any]) -> str:
    """What the range of the pixels is, and the line of Python that converts it."""
    found = f"these range from {low:g} to {high:g}"
    if dtype == np.int8:
        return f"{found}, of int8, in which 128 and more turn negative: x = x.view('uint8')"
    if low < 0 and high <= 1 and low >= -1:
        return f"{found}: x = ((x + 1) * 127.5).round().astype('uint8')"
    if -128 <= low < -100 and high <= 127:
        return f"{found}: x = (x + 128).round().astype('uint8')"
    if low < 0:
        return (
            f"{found}, as if standardized; store them as they were before,"
            " or stretch them: x = ((x - x.min()) / (x.max() - x.min()) * 255).round().astype('uint8')"
        )
    return f"{found}: x = (x / {high:g} * 255).round().astype('uint8'), if {high:g} is white"
