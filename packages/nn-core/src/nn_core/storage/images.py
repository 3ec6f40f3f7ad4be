"""Safe opening of image files."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from nn_core.errors import DataError
from nn_core.storage.files import check_file, decoding_errors, printable

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

COMMON = ("BMP", "GIF", "JPEG", "PNG", "PPM")
"""Formats that Pillow reads without loading all of its plug-ins, which is slow."""

FORMATS = (*COMMON, "TIFF", "WEBP")


@contextmanager
def open_image(path: Path) -> Iterator["ImageFile"]:
    """An open image; errors in the block become a DataError that names the file.

    Pixels are decoded on first use, within the block. Pillow's limit on the number of pixels
    applies, since a file of a few bytes can declare an image that fills the memory.
    """
    from PIL import Image, UnidentifiedImageError

    check_file(path)
    with decoding_errors(path, "an image"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with _open(path) as opened:
                yield opened
        except UnidentifiedImageError:
            raise DataError(f"{printable(path)} is not an image; supported formats are {', '.join(FORMATS)}") from None
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise DataError(f"{printable(path)} is too large: more than {Image.MAX_IMAGE_PIXELS} pixels") from None


def _open(path: Path) -> "ImageFile":
    from PIL import Image, UnidentifiedImageError

    Image.preinit()
    try:
        return Image.open(path, formats=COMMON)
    except UnidentifiedImageError:
        return Image.open(path, formats=FORMATS)
