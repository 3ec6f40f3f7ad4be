"""The photos and subfolders of a folder, without what operating systems leave there."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from nn_core.errors import remark
from nn_core.storage.files import first_few, printable
from nn_core.storage.images import HEIC_SUFFIXES, PHOTO_SUFFIXES, SUFFIXES

_SYSTEM_FILES = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"})
_SYSTEM_FOLDERS = frozenset({"__macosx", "@eadir"})


def is_photo(path: Path) -> bool:
    """Whether a path has the suffix of a photo, and is not hidden."""
    return _names_photo(path.name) and not _is_hidden(path.name)


def subfolders(folder: Path) -> list[Path]:
    """The subfolders, by name; hidden ones and those of operating systems are left out."""
    return sorted(
        entry
        for entry in folder.iterdir()
        if not _is_hidden(entry.name) and entry.name.lower() not in _SYSTEM_FOLDERS and entry.is_dir()
    )


def direct_photos(folder: Path) -> list[Path]:
    """The photos of a folder, not of its subfolders, by name."""
    return sorted(entry for entry in folder.iterdir() if is_photo(entry) and not entry.is_dir())


def photos_below(folder: Path) -> list[Path]:
    """The photos at any depth, by path."""
    return _in_order(Path(parent, name) for parent, name in _files_below(folder) if _names_photo(name))


def has_photos_below(folder: Path) -> bool:
    """Whether there is a photo at any depth."""
    return any(_names_photo(name) for _, name in _files_below(folder))


def others_below(folder: Path) -> list[Path]:
    """The files at any depth that are not photos."""
    return _in_order(Path(parent, name) for parent, name in _files_below(folder) if not _names_photo(name))


def note_skipped(source: str, skipped: Iterable[Path]) -> None:
    """A DataWarning that counts the files that are not photos, by suffix; none if there are none."""
    counts = Counter(path.suffix.lower() or "no suffix" for path in skipped)
    if not counts:
        return
    common = sorted(counts.items(), key=lambda kind: (-kind[1], kind[0]))
    kinds = first_few([f"{count:,} {printable(suffix)}" for suffix, count in common], 8)
    files = "1 file that is not a photo" if counts.total() == 1 else f"{counts.total():,} files that are not photos"
    heic = "; HEIC must be saved as JPEG" if HEIC_SUFFIXES & counts.keys() else ""
    remark(f"{source}: skipped {files} ({kinds}); photos are {', '.join(SUFFIXES)}{heic}")


def _files_below(folder: Path) -> Iterator[tuple[str, str]]:
    """Folder and name of the files at any depth; what is hidden or of operating systems is left out."""
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not _is_hidden(name) and name.lower() not in _SYSTEM_FOLDERS]
        yield from ((parent, name) for name in files if not _is_hidden(name) and name.lower() not in _SYSTEM_FILES)


def _names_photo(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in PHOTO_SUFFIXES  # noqa: PTH122 (for a million names)


def _in_order(paths: Iterable[Path]) -> list[Path]:
    """Sorted as paths are, but ten times as fast: each is divided into its parts once."""
    return sorted(paths, key=lambda path: [os.path.normcase(part) for part in path.parts])


def _is_hidden(name: str) -> bool:
    return name.startswith(".")
