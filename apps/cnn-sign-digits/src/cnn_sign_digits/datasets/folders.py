"""A folder with one folder of photos for each class."""

from pathlib import Path

import numpy as np

from cnn_sign_digits.parts import Part
from cnn_sign_digits.people import people
from nn_core.cli.images import read_image
from nn_core.cli.labels import in_order
from nn_core.errors import DataError
from nn_core.storage.files import decoding_errors, printable

PHOTOS = frozenset({".jpg", ".jpeg", ".png"})


def read_folder(folder: Path, *, size: int, group: str | None = None) -> Part:
    """The photos of a folder, each class in a folder of its own that has its name.

    size   each photo is turned upright, cropped to the middle and brought to this size
    group  who is on them (see `people.people`)

    Photos end in .jpg, .jpeg or .png, however written; they may lie deeper within the folder of
    their class. Other files, and names that begin with a dot, do not count.
    Raises DataError, naming the folder or the photo: there is none, a class has none, one is
    broken.
    """
    with decoding_errors(folder, "a folder that can be read"):
        classes = in_order({entry.name for entry in folder.iterdir() if _is_class(entry)})
        found = {name: _photos_in(folder / name) for name in classes}
        loose = any(_is_photo(entry) for entry in folder.iterdir())
    if not classes:
        advice = "photos" if loose else "nothing"
        raise DataError(
            f"{printable(folder)} has {advice}, but no folders; each class is a folder of photos"
        )
    empty = [name for name, photos in found.items() if not photos]
    if empty:
        suffixes = ", ".join(sorted(PHOTOS))
        raise DataError(f"{printable(folder / empty[0])} has no photos ({suffixes}) in it")
    photos = [path for name in classes for path in found[name]]
    relative = [path.relative_to(folder).as_posix() for path in photos]
    y = np.repeat(np.arange(len(classes)), [len(found[name]) for name in classes])
    groups = people(relative, group, printable(folder))
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
