"""Pictures for a trained model to look at, of any size and kind."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from deep_nn.dataset import Examples
from deep_nn.reading import check_file, refusing, shown
from nn_core.arrays import Shape
from nn_core.errors import DataError, ShapeError

if TYPE_CHECKING:
    from PIL.Image import Image

MODES = {1: "L", 3: "RGB", 4: "RGBA"}
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")


def read_image(path: Path, shape: Shape) -> Examples:
    """The picture as a batch of one, (1, H, W, C) uint8, as the model was trained on.

    It is turned upright as its camera noted (EXIF), brought to 8 bits and C channels, laid on
    white where it is transparent and the model knows no transparency, and resized to H x W
    without keeping its proportions; of an animation, the first frame.

    shape  (H, W, C) with C of 1 (grey), 3 (RGB) or 4 (RGBA)
    Raises DataError if the file is no picture, is broken or far too large.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    if len(shape) != 3 or shape[2] not in MODES:
        raise ShapeError(f"images are (H, W, C) with C of 1, 3 or 4, not {shape}")
    height, width, channels = shape
    check_file(path)
    with refusing(path, "a picture"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(path, formats=FORMATS) as opened:
                upright = ImageOps.exif_transpose(opened)
                picture = _with_channels(_eight_bits(upright, path), channels)
                resized = picture.resize((width, height), Image.Resampling.BICUBIC)
        except UnidentifiedImageError:
            raise DataError(
                f"{shown(path)} is not a picture; known are {', '.join(FORMATS)}"
            ) from None
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise DataError(
                f"{shown(path)} is too large: more than {Image.MAX_IMAGE_PIXELS} pixels"
            ) from None
    return np.asarray(resized, dtype=np.uint8).reshape(1, *shape)


def _eight_bits(picture: "Image", path: Path) -> "Image":
    """Deeper grey levels brought down; Pillow itself would cut them off at 255."""
    from PIL import Image

    if picture.mode == "F":
        raise DataError(f"{shown(path)} has floating-point pixels; save it with 8 bits a channel")
    if not picture.mode.startswith("I"):
        return picture
    levels = np.asarray(picture, dtype=np.int64)
    if levels.min() < 0 or levels.max() > 65535:
        raise DataError(f"{shown(path)} has 32-bit pixels; save it with 8 bits a channel")
    return Image.fromarray(np.round(levels / 257).astype(np.uint8))


def _with_channels(picture: "Image", channels: int) -> "Image":
    from PIL import Image

    if picture.has_transparency_data and channels != 4:
        layer = picture.convert("RGBA")
        white = Image.new("RGBA", layer.size, "white")
        picture = Image.alpha_composite(white, layer)
    return picture.convert(MODES[channels])
