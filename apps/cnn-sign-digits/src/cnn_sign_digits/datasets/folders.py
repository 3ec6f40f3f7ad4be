"""Photos in a folder: one subfolder per class, or a CSV file with the class of each photo."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cnn_sign_digits.datasets.folder_files import (
    direct_photos,
    has_photos_below,
    note_skipped,
    others_below,
    photos_below,
    subfolders,
)
from cnn_sign_digits.datasets.layouts import EXPECTED, ClassFolders, descend, find_layout
from cnn_sign_digits.datasets.photo_list import find_photo_list, read_photo_list
from cnn_sign_digits.datasets.photos import Photos
from cnn_sign_digits.datasets.subjects import find_subjects
from nn_core.cli.dataset import Contents, Part
from nn_core.cli.images import read_image
from nn_core.cli.labels import in_order, remark_on_case
from nn_core.cli.terminal import counted
from nn_core.errors import DataError, remark
from nn_core.progress import track
from nn_core.storage.files import decoding_errors, printable
from nn_core.storage.images import SUFFIXES

MAX_NAMED = 10
"""Broken photos that a message names."""


def read_folder(
    folder: Path, *, size: int, group: str | None = None, test_group: str | None = None
) -> Contents[Photos]:
    """The photos of a folder, as training set, validation set, or both (see `layouts`).

    size        width and height; photos are rotated upright, center-cropped and resized
    group       how to find the subjects of the training set (see `subjects.find_subjects`)
    test_group  how to find those of the validation set

    Photos have a suffix of `storage.images.SUFFIXES` and lie at any depth within their class
    folder. A folder without class folders may have a CSV file that lists its photos (see
    `photo_list`). A DataWarning counts files that are not photos.
    Raises DataError if there are no classes, a class is empty or photos are broken, which are named.
    """
    with decoding_errors(folder, "a folder that can be read"):
        folder = descend(folder)
        listed = find_photo_list(folder)
        if listed is not None:
            photos, names = read_photo_list(listed)
            return Contents(_part(listed.folder, photos, names, size, group, source=printable(listed.table)), None)
        layout = find_layout(folder)
        train = None if layout.train is None else _read_classes(layout.train, size, group)
        return Contents(train, None if layout.test is None else _read_classes(layout.test, size, test_group))


def holds_photo_classes(folder: Path) -> bool:
    """Whether a folder has two or more subfolders of photos, or one that is divided into classes."""
    with decoding_errors(folder, "a folder that can be read"):
        present = [entry for entry in subfolders(folder) if has_photos_below(entry)]
        return len(present) > 1 or any(has_photos_below(inner) for entry in present for inner in subfolders(entry))


def read_photos(photos: Sequence[Path], source: str, size: int) -> npt.NDArray[np.uint8]:
    """The pixels of photos, (N, size, size, 3).

    source  where they come from, for the message
    Raises DataError, naming all broken photos, up to MAX_NAMED of them.
    """
    x = np.empty((len(photos), size, size, 3), np.uint8)
    errors: dict[Path, DataError] = {}
    for i, path in enumerate(track(photos, "reading photos")):
        try:
            x[i] = read_image(path, (size, size, 3), crop=True)[0]
        except DataError as error:
            errors[path] = error
    if len(errors) == 1:
        raise next(iter(errors.values()))
    if errors:
        names = ", ".join(map(printable, list(errors)[:MAX_NAMED]))
        more = f" and {len(errors) - MAX_NAMED:,} more" if len(errors) > MAX_NAMED else ""
        raise DataError(
            f"{source}: {len(errors):,} of {len(photos):,} photos are broken; replace or remove {names}{more}"
            f" (the first: {next(iter(errors.values()))})"
        )
    return x


def _read_classes(folders: ClassFolders, size: int, group: str | None) -> Part[Photos]:
    root, source = folders.root, printable(folders.root)
    loose = direct_photos(root)
    if not folders.classes:
        found_instead = "photos but no subfolders" if loose else "no photos"
        raise DataError(f"{source} has {found_instead}; {EXPECTED}")
    found = {folder.name: photos_below(folder) for folder in folders.classes}
    others = {folder.name: others_below(folder) for folder in folders.classes}
    for name, photos in found.items():
        if not photos:
            raise DataError(f"{printable(root / name)} has no photos ({', '.join(SUFFIXES)}){_instead(others[name])}")
    note_skipped(source, (path for paths in others.values() for path in paths))
    if loose:
        text = f"{source}: skipped {counted(len(loose), 'photo')} outside the class folders"
        remark(text)
    classes = in_order(set(found))
    photos = [path for name in classes for path in found[name]]
    names = [name for name in classes for _ in found[name]]
    return _part(root, photos, names, size, group, source=source)


def _part(
    root: Path, photos: Sequence[Path], names: Sequence[str], size: int, group: str | None, *, source: str
) -> Part[Photos]:
    """Photos below a folder with the class name of each."""
    classes = in_order(set(names))
    remark_on_case(classes, source)
    position = {name: i for i, name in enumerate(classes)}
    y = np.array([position[name] for name in names], np.int64)
    groups = find_subjects([path.relative_to(root).as_posix() for path in photos], group, source)
    return Part(source, read_photos(photos, source, size), y, tuple(classes), groups)


def _instead(others: Sequence[Path]) -> str:
    """What a folder has in place of photos, for a message."""
    suffixes = sorted({path.suffix.lower() for path in others if path.suffix})
    return f"; it has {len(others):,} of {', '.join(map(printable, suffixes[:8]))}" if suffixes else ""
