"""Read image files of any size and mode as network inputs."""

from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Shape
from nn_core.cli.param_types import STANDARD
from nn_core.cli.standard_input import NAME as STANDARD_INPUT
from nn_core.cli.standard_input import standard_input
from nn_core.errors import DataError, ShapeError
from nn_core.memory import require_memory
from nn_core.storage.files import printable
from nn_core.storage.images import open_image

if TYPE_CHECKING:
    from PIL.Image import Image

ImageShape: TypeAlias = tuple[int, int, int]
"""Height, width and channels."""

MODES = {1: "L", 3: "RGB", 4: "RGBA"}

_BLOCK = 1 << 20
"""Pixels that are converted at a time."""
_REDUCTION = 3.0
"""A large image is first box-averaged to this many times the target size, then resampled."""


def read_image(path: Path, shape: Shape, *, crop: bool = False) -> npt.NDArray[np.uint8]:
    """An image as a batch of one, (1, H, W, C) uint8.

    It is rotated upright (EXIF), converted to 8 bits and C channels, with transparent pixels over
    white unless C is 4, and resized to H x W; only the first frame of an animation is read.

    path   of the file, or "-" for standard input
    shape  (H, W, C) with C of 1 (grayscale), 3 (RGB) or 4 (RGBA)
    crop   keep the aspect ratio and crop the longer side at both ends; otherwise stretch
    Raises DataError if the file is not an image, is damaged or far too large.
    """
    size = image_shape(shape)
    data = standard_input() if path == STANDARD else None
    path = path if data is None else Path(STANDARD_INPUT)
    with open_image(path, data) as opened:
        picture = _prepared(opened, path, size, crop)
    return np.asarray(picture, dtype=np.uint8).reshape(1, *size)


def image_shape(shape: Shape) -> ImageShape:
    """Validate an image shape. Raises ShapeError if it is invalid."""
    if len(shape) == 3:
        height, width, channels = shape
        if height is not None and width is not None and channels in MODES:
            return height, width, channels
    raise ShapeError(f"images must be (H, W, C) with C of 1, 3 or 4, not {shape}")


def fit_images(images: npt.NDArray[np.uint8], shape: Shape) -> npt.NDArray[np.uint8]:
    """Images (N, h, w, c), c of 1, 3 or 4, cropped and resized to (N, H, W, C).

    The result is the same as that of `read_image` with `crop`.
    """
    from PIL import Image

    if images.shape[1:] == shape:
        return images
    size = image_shape(shape)
    fitted = np.empty((len(images), *size), np.uint8)
    for i, image in enumerate(images):
        picture = Image.fromarray(image[..., 0] if image.shape[2] == 1 else image)
        fitted[i] = np.asarray(_fitted(picture, size, crop=True)).reshape(size)
    return fitted


def _prepared(opened: "Image", path: Path, shape: ImageShape, crop: bool) -> "Image":
    """Upright, in the given shape."""
    from PIL import ImageOps

    # A JPEG can be decoded at 1/2, 1/4 or 1/8 of its size, at that fraction of the cost.
    # It may still be rotated or cropped, so neither side may become too small.
    longest = int(_REDUCTION * max(shape[:2]))
    opened.draft(None, (longest, longest))
    require_memory(4 * opened.width * opened.height, printable(path))
    return _fitted(_eight_bits(ImageOps.exif_transpose(opened), path), shape, crop)


def _fitted(picture: "Image", shape: ImageShape, crop: bool) -> "Image":
    """Resized, then converted to the mode of `shape`: small images convert faster."""
    from PIL import Image

    height, width, channels = shape
    picture = _with_levels(picture)
    box = _middle(picture.size, width / height) if crop else None
    picture = picture.resize((width, height), Image.Resampling.BICUBIC, box=box, reducing_gap=_REDUCTION)
    return _with_channels(picture, channels)


def _middle(size: tuple[int, int], proportion: float) -> tuple[float, float, float, float]:
    """The largest centered box with width / height = `proportion`."""
    width, height = size
    across, down = min(width, height * proportion), min(height, width / proportion)
    left, top = (width - across) / 2, (height - down) / 2
    return left, top, left + across, top + down


def _eight_bits(picture: "Image", path: Path) -> "Image":
    """16-bit gray levels scaled to 8 bits; Pillow would clip them at 255."""
    from PIL import Image

    if picture.mode == "F":
        raise DataError(f"{printable(path)} has floating-point pixels; save it with 8 bits per channel")
    if not picture.mode.startswith("I"):
        return picture
    width, height = picture.size
    grays = np.empty((height, width), np.uint8)
    rows = max(1, _BLOCK // width)
    for top in range(0, height, rows):
        levels = np.asarray(picture.crop((0, top, width, min(height, top + rows))))
        if levels.min() < 0 or levels.max() > 65535:
            raise DataError(f"{printable(path)} has 32-bit pixels; save it with 8 bits per channel")
        grays[top : top + rows] = np.round(levels / 257)
    return Image.fromarray(grays)


def _with_levels(picture: "Image") -> "Image":
    """Converted to a mode whose values are intensities, which can be averaged."""
    if picture.has_transparency_data:
        return picture.convert("RGBA")
    if picture.mode in MODES.values():
        return picture
    return picture.convert("L" if picture.mode == "1" else "RGB")


def _with_channels(picture: "Image", channels: int) -> "Image":
    from PIL import Image

    if picture.has_transparency_data and channels != 4:
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    return picture.convert(MODES[channels])
