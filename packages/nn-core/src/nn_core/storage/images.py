"""Safe opening of image files: a fixed list of formats, limits on size, one-line errors."""

import importlib
import io
import logging
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, BinaryIO

from nn_core.errors import DataError
from nn_core.storage.compressed import check_ratio
from nn_core.storage.files import decoding_errors, open_file, printable

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

SUFFIXES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
        "PNG": (".png",),
        "WebP": (".webp",),
        "GIF": (".gif",),
        "BMP": (".bmp",),
        "PPM": (".ppm", ".pgm", ".pbm", ".pnm"),
        "TIFF": (".tif", ".tiff"),
        "AVIF": (".avif",),
        "MPO": (".mpo",),
    }
)
"""The formats that are read, and the suffixes of their files."""

PHOTO_SUFFIXES = frozenset(suffix for suffixes in SUFFIXES.values() for suffix in suffixes)
HEIC_SUFFIXES = frozenset({".heic", ".heif", ".hif"})

LARGE_IMAGE = 1 << 24
"""Pixels from which a file must have bytes in proportion; each pixel takes up to four bytes of memory."""
MAX_SCANS, MANY_PIXELS = 100, 1 << 22
"""Passes over the pixels of a JPEG, which has about ten, if it has more pixels than MANY_PIXELS."""
_START_OF_SCAN = b"\xff\xda"
_LEAST_BITS = {"1": 1, "P": 1, "L": 2}
"""Bits of a pixel before compression, by mode; more in others."""
STANDARD_ERROR = 2
"""The file descriptor that C libraries write to."""

_COMMON = ("BmpImagePlugin", "GifImagePlugin", "JpegImagePlugin", "PngImagePlugin", "PpmImagePlugin")
_RARE = ("TiffImagePlugin", "WebPImagePlugin", "AvifImagePlugin")
"""Plug-ins of Pillow; the others are never loaded, and the rare ones only for files of no common format.

An MPO is a JPEG with more pictures after the first; the plug-in of JPEG reads it.
"""
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_AVIF_BRANDS = frozenset({b"avif", b"avis"})


@contextmanager
def open_image(path: Path, data: bytes | None = None) -> Iterator["ImageFile"]:
    """An open image; errors in the block become a DataError that names the file.

    data  the contents, of which `path` is only the name; None for those of the file
    Pixels are decoded on first use, within the block. Pillow's limit on the number of pixels
    applies, since a file of a few bytes can declare an image that fills the memory.
    """
    from PIL import Image, UnidentifiedImageError

    source = open_file(path) if data is None else io.BytesIO(data)
    with source, decoding_errors(path, "an image"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with _open(source) as opened:
                pixels = opened.width * opened.height
                if pixels > LARGE_IMAGE:
                    bits = pixels * _LEAST_BITS.get(opened.mode, 8)
                    check_ratio(bits // 8, source.seek(0, io.SEEK_END), printable(path))
                if pixels > MANY_PIXELS and "progressive" in opened.info:
                    _check_scans(source, printable(path))
                if opened.format == "TIFF":
                    with _silent_libtiff():
                        opened.load()
                yield opened
        except UnidentifiedImageError:
            raise DataError(f"{printable(path)} is {_unidentified(source)}") from None
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise DataError(f"{printable(path)} is too large: more than {Image.MAX_IMAGE_PIXELS} pixels") from None


def _open(source: BinaryIO) -> "ImageFile":
    from PIL import Image, UnidentifiedImageError

    try:
        return Image.open(source, formats=_load(_COMMON))
    except UnidentifiedImageError:
        source.seek(0)
        return Image.open(source, formats=_load(_RARE))


def _load(plugins: Sequence[str]) -> list[str]:
    """The formats of plug-ins, loaded; those that this Pillow lacks are left out."""
    from PIL import Image

    for plugin in plugins:
        with suppress(ImportError):
            importlib.import_module(f"PIL.{plugin}")
    formats = [plugin.removesuffix("ImagePlugin").upper() for plugin in plugins]
    return [name for name in formats if name in Image.OPEN]


def _check_scans(source: BinaryIO, name: str) -> None:
    """Raise DataError for a progressive JPEG that goes over its pixels far more often than any encoder does."""
    at = source.tell()
    source.seek(0)
    scans, last = 0, b""
    while block := source.read(1 << 20):
        scans += (last + block).count(_START_OF_SCAN)
        last = block[-1:]
    source.seek(at)
    if scans > MAX_SCANS:
        raise DataError(f"{name} has {scans:,} scans, as files do that are made to take time; save it anew")


@contextmanager
def _silent_libtiff() -> Iterator[None]:
    """Keep the messages that libtiff and Pillow print about damaged files from standard error."""
    logging.getLogger("PIL").addHandler(logging.NullHandler())
    kept, silent = None, os.open(os.devnull, os.O_WRONLY)
    try:
        with suppress(OSError):  # standard error is closed
            kept = os.dup(STANDARD_ERROR)
            os.dup2(silent, STANDARD_ERROR)
        yield
    finally:
        if kept is not None:
            os.dup2(kept, STANDARD_ERROR)
            os.close(kept)
        os.close(silent)


def _unidentified(source: BinaryIO) -> str:
    """What a file of no known format is, by its first bytes."""
    source.seek(0)
    start = source.read(12)
    brand = start[8:] if start[4:8] == b"ftyp" else b""
    if brand in _HEIC_BRANDS:
        return "HEIC, which is not supported; save it as JPEG"
    if brand in _AVIF_BRANDS and not _reads_avif():
        return "AVIF, which this Pillow does not read; upgrade Pillow, or save it as JPEG"
    return f"not an image; supported formats are {', '.join(SUFFIXES)}"


def _reads_avif() -> bool:
    """Whether this Pillow was built with AVIF."""
    from PIL import features

    return "avif" in features.get_supported_modules()
