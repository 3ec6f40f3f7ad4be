"""Photos in a folder with one subfolder per class."""

from pathlib import Path

import numpy as np

from cnn_sign_digits.datasets.photos import Photos
from cnn_sign_digits.datasets.subjects import find_subjects
from nn_core.cli.dataset import Part
from nn_core.cli.images import read_image
from nn_core.cli.labels import in_order
from nn_core.errors import DataError
from nn_core.storage.files import decoding_errors, printable

PHOTOS = frozenset({".jpg", ".jpeg", ".png"})


def read_folder(folder: Path, *, size: int, group: str | None = None) -> Part[Photos]:
    """The photos of a folder whose subfolders are the classes.

    size   width and height; photos are rotated upright, center-cropped and resized
    group  how to find the subjects (see `subjects.find_subjects`)

    Photos end in .jpg, .jpeg or .png (case-insensitive), at any depth within their class folder.
    Other files and names that begin with a dot are ignored.
    Raises DataError, naming the folder or photo, if there are no classes, a class is empty or a
    photo is damaged.
    """
    with decoding_errors(folder, "a folder that can be read"):
        classes = in_order({entry.name for entry in folder.iterdir() if _is_class(entry)})
        found = {name: _photos_in(folder / name) for name in classes}
        loose = any(_is_photo(entry) for entry in folder.iterdir())
    if not classes:
        found_instead = "photos but no subfolders" if loose else "no photos"
        raise DataError(f"{printable(folder)} has {found_instead}; expected one subfolder of photos per class")
    empty = [name for name, photos in found.items() if not photos]
    if empty:
        suffixes = ", ".join(sorted(PHOTOS))
        raise DataError(f"{printable(folder / empty[0])} has no photos ({suffixes})")
    photos = [path for name in classes for path in found[name]]
    relative = [path.relative_to(folder).as_posix() for path in photos]
    y = np.repeat(np.arange(len(classes)), [len(found[name]) for name in classes])
    groups = find_subjects(relative, group, printable(folder))
    x = np.empty((len(photos), size, size, 3), np.uint8)
    for i, path in enumerate(photos):
        x[i] = read_image(path, (size, size, 3), crop=True)[0]
    return Part(printable(folder), x, y, tuple(classes), groups)


def _is_class(entry: Path) -> bool:
    return entry.is_dir() and not entry.name.startswith(".")


def _is_photo(entry: Path) -> bool:
    return entry.suffix.lower() in PHOTOS and not entry.name.startswith(".") and not entry.is_dir()


def _photos_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if _is_photo(path))
