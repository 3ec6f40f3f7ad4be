"""How a folder of photos is laid out: class folders, or class folders for training and validation.

data/<class>/...                                 classes
data/train/<class>/...  data/val/<class>/...     training and validation set, also "training_set", "seg_test"
data/<class>/...        data/test/<class>/...    likewise
archive/data/...                                 a layout in the only folder of another
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from cnn_sign_digits.datasets.folder_files import direct_photos, has_photos_below, subfolders
from nn_core.errors import DataError, remark
from nn_core.storage.files import first_few, printable

ROLES: Mapping[str, str] = MappingProxyType(
    {"train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val"}
    | {"dev": "val", "eval": "val", "test": "test", "testing": "test"}
)
"""Names of folders that are parts of a data set, in lower case."""

EXPECTED = "expected one subfolder of photos per class, or a CSV file with the columns filename and label"


@dataclass(frozen=True)
class ClassFolders:
    """A folder, and those of its subfolders that are classes."""

    root: Path
    classes: tuple[Path, ...]


@dataclass(frozen=True)
class Layout:
    """The class folders to train on, and those to validate on; one may be missing."""

    train: ClassFolders | None
    test: ClassFolders | None


def find_layout(folder: Path) -> Layout:
    """The layout of a folder, once `descend` found it.

    If there are both val and test, the validation set is val, and a DataWarning says that test is
    not read.
    Raises DataError if there are no class folders, or if it is unclear which they are.
    """
    present = subfolders(folder)
    parts = parts_of(present)
    divided = {part: role for part, role in parts.items() if _holds_classes(_unwrapped(part))}
    others = [entry for entry in present if entry not in parts and has_photos_below(entry)]
    if not divided:
        if parts and not others and any(map(has_photos_below, parts)):
            train_first = sorted(parts, key=lambda part: parts[part] != "train")
            raise _without_classes(next(part for part in train_first if has_photos_below(part)))
        return Layout(_classes_of(folder), None)
    for part in parts:
        if part not in divided and has_photos_below(part):
            text = f"{printable(folder)}: the photos in {part.name!r} are not read: they are not in class folders"
            remark(text)
    by_role: dict[str, Path] = {}
    for part, role in divided.items():
        if role in by_role:
            raise DataError(f"{printable(folder)} has both {by_role[role].name!r} and {part.name!r}; name one of them")
        by_role[role] = part
    train, test = by_role.get("train"), by_role.get("val") or by_role.get("test")
    if "val" in by_role and "test" in by_role:
        val, kept = printable(by_role["val"]), printable(by_role["test"])
        text = f"{printable(folder)}: validating on {val}; {kept} is not read (evaluate on it with --data {kept})"
        remark(text)
    if others:
        if train is None:
            return Layout(ClassFolders(folder, tuple(others)), _classes_of(test) if test else None)
        _pass_over(folder, train, others, is_sure=len(by_role) > 1)
    return Layout(*(None if part is None else _classes_of(part) for part in (train, test)))


def descend(folder: Path) -> Path:
    """The folder that holds the photos: the folder itself, or the only folder of folders in it.

    A DataWarning names a folder that is not the given one.
    """
    top = folder
    while True:
        inside = subfolders(folder)
        if len(inside) != 1 or inside[0].name.lower() in ROLES or direct_photos(folder) or not _is_wrapper(inside[0]):
            break
        folder = inside[0]
    if folder != top:
        text = f"{printable(top)}: reading its only folder, {printable(folder)}"
        remark(text)
    return folder


def _is_wrapper(folder: Path) -> bool:
    """Whether a folder that is alone is a layout, and not a class."""
    return _holds_classes(folder) and not direct_photos(folder)


def parts_of(present: list[Path]) -> dict[Path, str]:
    """The parts among folders and their roles: "train", or "training_set" beside "test_set"."""
    groups: dict[tuple[str, ...], dict[Path, str]] = {}
    for entry in present:
        words = _words(entry.name)
        rest, role = tuple(word for word in words if word not in ROLES), _role(entry.name)
        if role is not None:
            groups.setdefault(rest, {})[entry] = role
    for parts in groups.values():
        if "train" in parts.values() and len(set(parts.values())) > 1:
            return parts
    return {part: ROLES[part.name.lower()] for part in present if part.name.lower() in ROLES}


def _words(name: str) -> list[str]:
    return [word for word in re.split(r"[\W_]+", name.lower()) if word]


def _role(name: str) -> str | None:
    """The role of a part from the words of its name: "seg_train", "training-set"."""
    found = {ROLES[word] for word in _words(name) if word in ROLES}
    return found.pop() if len(found) == 1 else None


def _unwrapped(part: Path) -> Path:
    """A part, or the part of the same role that is alone in it: "train/train"."""
    inside, role = subfolders(part), _role(part.name)
    return inside[0] if role is not None and len(inside) == 1 and _role(inside[0].name) == role else part


def _holds_classes(folder: Path) -> bool:
    return any(map(has_photos_below, subfolders(folder)))


def _classes_of(folder: Path) -> ClassFolders:
    folder = _unwrapped(folder)
    return ClassFolders(folder, tuple(subfolders(folder)))


def _pass_over(folder: Path, train: Path, others: list[Path], *, is_sure: bool) -> None:
    """Say that other folders beside train are not read; raise DataError if train may be a class."""
    names = first_few([repr(other.name) for other in others])
    if not is_sure and any(map(_holds_classes, others)):
        raise DataError(
            f"{printable(folder)}: {train.name!r} may be a class, like {names}, or the training set;"
            f" give --data {printable(train)}, or rename the class"
        )
    remark(f"{printable(folder)}: the photos in {names} are not read")


def _without_classes(folder: Path) -> DataError:
    return DataError(f"{printable(folder)} has photos but no subfolders; {EXPECTED}")
